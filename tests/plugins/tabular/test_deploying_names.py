"""Columns of any name come out of the exported model under it, or with `_` behind it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganworks import UsageError
from ganworks.deploy import Port
from ganworks_exports import runtime
from ganworks_exports.onnx import export
from ganworks_tabular.conditions import Between
from ganworks_tabular.deploying import deployable
from ganworks_tabular.deploying_ports import _renamed
from ganworks_tabular.evaluation import TableFacts, two_sample_test
from ganworks_tabular.model import row_seeds
from ganworks_tabular.synthesizer import Synthesizer

ROWS = 200
CARD = {"classes": ["no", "yes"]}
SMALL = {"threads": 1, "device": "cpu", "progress": False, "batch": 64, "width": 16, "depth": 1, "latent": 16}
NUMBERS = ("t", "view", "cat", "log", "select", "val_4", "seed", "seed_", "where_x_")
CHOICES = ("x", "where_x", "label", "where_label", "clamp", "t.place", "t.categories")


@pytest.fixture(scope="module")
def drawer():
    draw = np.random.default_rng(0)
    numbers = {name: draw.normal(size=ROWS) for name in NUMBERS}
    choices = {name: draw.choice(["red", "green", "blue"], ROWS) for name in CHOICES}
    frame = pd.DataFrame({**numbers, **choices, "Class": np.arange(ROWS) % 4 == 0})
    return Synthesizer(steps=2, **SMALL).fit(frame, "Class").drawer


def test_names_of_inputs_and_of_nodes_may_be_names_of_columns(drawer, tmp_path):
    made = deployable(
        drawer.preparation, drawer.model.rates, drawer.model.sampler, {"classes": ["no", "yes"]}
    )
    names = {"seed": "seed__", "label": "label_", "where_x": "where_x__", "where_label": "where_label_"}
    columns = [names.get(name, name) for name in (*NUMBERS, *CHOICES, "Class")]
    assert [port.name for port in made.outputs] == columns
    export(made, tmp_path / "g.onnx")
    model = runtime.load(tmp_path / "g.onnx")
    assert list(model.outputs) == columns
    found = model.run(seed=row_seeds(np.arange(50), 3), where_x=np.full(50, 1), label=np.full(50, 1))
    assert set(found["x"]) == {"green"}
    expected = drawer.frame(50, seed=3, where={"x": "green", "Class": True})
    for name in (*NUMBERS, *CHOICES):
        values, wanted = found[names.get(name, name)], expected[name]
        if name in NUMBERS:
            np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-5)
        else:
            np.testing.assert_array_equal(values, wanted.to_numpy(dtype=object))


@given(
    st.lists(st.sampled_from(["a", "a_", "a__", "b", "b_", "c"]), unique=True),
    st.sets(st.sampled_from(["a", "a_", "b", "c", "c_"])),
)
def test_no_two_ports_have_one_name_and_free_ones_stay(names, taken):
    ports = [Port(name=name, dtype="int64", shape=("batch",), meaning="") for name in names]
    found = [port.name for port in _renamed(ports, taken)]
    assert len({*found, *taken}) == len(found) + len(taken)
    assert all(new == old for new, old in zip(found, names, strict=True) if old not in taken)
    assert all(new.rstrip("_") == old.rstrip("_") for new, old in zip(found, names, strict=True))


def test_a_number_that_is_always_missing_is_exported_without_bounds(tmp_path):
    draw = np.random.default_rng(0)
    fee = np.where(np.arange(ROWS) < 3, 12.5, np.nan)
    frame = pd.DataFrame({"a": draw.normal(size=ROWS), "fee": fee, "Class": np.arange(ROWS) % 4 == 0})
    kinds = {"columns": {"fee": {"kind": "number"}}}
    found = Synthesizer(steps=2, **SMALL).fit(frame, "Class", corrections=kinds)
    assert found.sample(20)["fee"].isna().all()
    with pytest.raises(UsageError, match="'fee' is always missing"):
        found.sample(5, where={"fee": Between(1, 20)})
    made = deployable(found.drawer.preparation, found.drawer.model.rates, found.drawer.model.sampler, CARD)
    export(made, tmp_path / "g.onnx")
    model = runtime.load(tmp_path / "g.onnx")
    assert np.isnan(model.run(seed=np.arange(8))["fee"]).all()
    facts = TableFacts(numeric=("a", "fee"), discrete=("Class",), target="Class", positive=True)
    assert 0 <= two_sample_test(facts, frame.assign(fee=np.nan), found.sample(ROWS))["auc"] <= 1
