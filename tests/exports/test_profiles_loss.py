"""What is measured between two models, and what a profile refuses."""

from __future__ import annotations

from math import inf

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from ganworks.errors import RunError
from ganworks_exports.profiles import PROFILES, OutputLoss, measure, require

KINDS = {"f": TensorProto.FLOAT, "B": TensorProto.UINT8, "l": TensorProto.INT64, "O": TensorProto.STRING}


def giving(*outputs: np.ndarray) -> bytes:
    """A model that gives row i of each output for input i."""
    names = [f"out{place}" for place in range(len(outputs))]
    infos = [
        helper.make_tensor_value_info(name, KINDS[values.dtype.char], ["batch", *values.shape[1:]])
        for name, values in zip(names, outputs, strict=True)
    ]
    graph = helper.make_graph(
        [helper.make_node("Gather", [f"{name}_rows", "row"], [name]) for name in names],
        "rows",
        [helper.make_tensor_value_info("row", TensorProto.INT64, ["batch"])],
        infos,
        [
            numpy_helper.from_array(values, f"{name}_rows")
            for name, values in zip(names, outputs, strict=True)
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


FEEDS = [{"row": np.array([0, 1])}, {"row": np.array([2])}]


def lost(wanted: np.ndarray, got: np.ndarray, **options) -> OutputLoss:
    return measure(giving(wanted), giving(got), FEEDS, **options)["out0"]


def test_equal_outputs_lose_nothing():
    values = np.array([[0.5], [np.nan], [np.inf]], np.float32)
    assert lost(values, values) == OutputLoss(psnr_db=inf, largest=0.0)


def test_the_peak_is_the_declared_range_else_the_observed_one():
    wanted = np.array([[0.0], [1.0], [4.0]], np.float32)
    got = wanted + np.float32([[0.0], [0.0], [0.3]])
    squared = 0.3**2 / 3  # over all feeds together
    assert lost(wanted, got).psnr_db == pytest.approx(10 * np.log10(16 / squared), abs=1e-4)
    declared = lost(wanted, got, ranges={"out0": 10.0})
    assert declared.psnr_db == pytest.approx(10 * np.log10(100 / squared), abs=1e-4)
    assert declared.largest == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("turned", [False, True])
def test_a_value_that_is_finite_in_one_model_only_loses_everything(bad, turned):
    pair = [np.array([[0.0], [1.0], [v]], np.float32) for v in (2.0, bad)]
    assert lost(*(pair[::-1] if turned else pair)).psnr_db == -inf


def test_texts_and_categories_are_counted():
    words, codes = np.array([["a"], ["b"], ["c"]], dtype=object), np.array([[1], [2], [3]])
    losses = measure(giving(words, codes), giving(words[[0, 1, 1]], codes[[0, 0, 0]]), FEEDS)
    assert losses == {"out0": OutputLoss(exact=2 / 3), "out1": OutputLoss(exact=1 / 3)}


def test_levels_are_compared_without_overflow():
    wanted, got = (np.array([[0], [255], [v]], np.uint8) for v in (1, 0))
    loss = lost(wanted, got)
    assert loss.largest == 1
    assert loss.psnr_db == pytest.approx(10 * np.log10(255**2 * 3))
    assert loss.rounding_db == pytest.approx(58.92, abs=0.01)


def test_another_form_is_named():
    wanted, got = np.zeros((3, 2), np.float32), np.zeros((3, 1), np.float32)
    with pytest.raises(RunError, match="output 'out0' has another shape or type in the changed model"):
        lost(wanted, got)


def test_a_model_that_does_not_load_is_named():
    with pytest.raises(RunError, match="onnxruntime cannot run the changed model"):
        measure(giving(np.zeros((3, 1), np.float32)), b"no model", FEEDS)


def test_no_feeds_measure_nothing():
    with pytest.raises(ValueError, match="no feeds"):
        measure(b"", b"", [])


NUMBERS = st.floats(-20, 200) | st.sampled_from([inf, -inf])


@given(st.sampled_from(list(PROFILES)), NUMBERS, st.floats(20, 80) | st.just(inf))
def test_a_numeric_output_is_refused_below_the_limit(name, psnr_db, rounding_db):
    profile, loss = PROFILES[name], OutputLoss(psnr_db=psnr_db, rounding_db=rounding_db)
    if psnr_db >= min(profile.least_psnr_db, rounding_db):
        require(profile, {"image": loss})
    else:
        with pytest.raises(RunError, match=f"profile '{name}' changes output 'image' too much") as caught:
            require(profile, {"other": OutputLoss(psnr_db=inf), "image": loss})
        assert (f"use --profile {profile.instead} instead" in str(caught.value)) == bool(profile.instead)


@pytest.mark.parametrize("name", PROFILES)
def test_a_text_output_is_refused_below_the_limit(name):
    profile = PROFILES[name]
    require(profile, {"mood": OutputLoss(exact=profile.least_exact)})
    with pytest.raises(RunError, match=r"output 'mood' too much: \d+\.\d% of its values stay equal"):
        require(profile, {"mood": OutputLoss(exact=profile.least_exact - 0.01)})


def test_a_loss_that_is_no_number_is_refused():
    with pytest.raises(RunError, match="'image' too much"):
        require(PROFILES["int8"], {"image": OutputLoss(psnr_db=float("nan"))})


def test_every_profile_but_the_exact_one_names_a_finer_one():
    order = list(PROFILES.values())
    assert [profile.instead for profile in order] == ["", *(profile.name for profile in order[:-1])]
    limits = [(profile.least_psnr_db, profile.least_exact) for profile in order]
    assert limits == sorted(limits, reverse=True)
