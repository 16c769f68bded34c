"""The exported model gives the rows that the drawer gives, from the same seeds and conditions."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from ganworks_exports import runtime
from ganworks_tabular.deploying import deployable
from ganworks_tabular.model import row_seeds
from ganworks_tabular.synthesizer import Synthesizer

ROWS = 400
MISSING = np.iinfo(np.int64).min
CARD = {"title": "Synthetic rows", "classes": ["0", "1"]}


def seeds_of(seed):
    return row_seeds(np.arange(ROWS), seed)


def assert_same(outputs, frame, ports):
    """Categories and whole numbers exactly, floats to the noise of another order of additions."""
    for name, values in outputs.items():
        expected = frame[name]
        if isinstance(expected.dtype, pd.DatetimeTZDtype):
            epochs = expected.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype(np.int64)
            np.testing.assert_array_equal(values, epochs)
        elif ports[name].categories:
            np.testing.assert_array_equal(values, expected.astype("str").fillna("").to_numpy(dtype=object))
        elif values.dtype == np.int64:
            whole = pd.to_datetime(expected).to_numpy().astype("datetime64[D]") if name == "day" else expected
            np.testing.assert_array_equal(values, np.asarray(whole).astype(np.int64))
        else:
            wanted = expected.astype("float64").to_numpy(dtype=np.float64, na_value=np.nan)
            off = ~np.isclose(values, wanted, rtol=1e-4, atol=1e-5, equal_nan=True)
            assert off.mean() <= 0.02  # float32 at a limit of rounding: the neighbouring cent
            np.testing.assert_allclose(values[off], wanted[off], rtol=0, atol=0.0101)


def in_torch(made, **inputs):
    """The module's outputs by name, texts in the place of their numbers."""
    free = {port.name: np.full(ROWS, port.default, port.dtype) for port in made.inputs}
    given = [torch.from_numpy(np.asarray(values)) for values in (free | inputs).values()]
    with torch.no_grad():
        outputs = made.module.eval()(*given)
    found = {}
    for port, values in zip(made.outputs, outputs, strict=True):
        cells = values.numpy()
        found[port.name] = np.array(port.categories, dtype=object)[cells] if port.categories else cells
    return found


@pytest.fixture(scope="module")
def drawer(synthesizer):
    return synthesizer.drawer


@pytest.fixture(scope="module")
def made(drawer):
    return deployable(drawer.preparation, drawer.model.rates, drawer.model.sampler, CARD)


def ports_of(made):
    return {port.name: port for port in made.outputs}


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_the_module_gives_the_rows_of_the_drawer(drawer, made, label, seed):
    expected = drawer.frame(ROWS, seed=seed, where={"Class": label})
    found = in_torch(made, seed=seeds_of(seed), label=np.full(ROWS, label))
    assert_same(found, expected, ports_of(made))
    assert np.isnan(found["age"]).any()
    assert (found["when"] == MISSING).any()


def test_under_conditions_it_gives_them_too(drawer, made):
    meanings = {port.name: port.meaning for port in made.inputs}
    assert meanings["where_shop"] == "shop: 0 app, 1 till, 2 web, 3 missing; -1: free"
    assert meanings["where_city"] == "city: 0 Oslo, 1 Rome, 2 Bonn; -1: free"
    where = {"where_shop": np.full(ROWS, 0), "where_city": np.full(ROWS, 1)}
    for label in (-1, 1):
        wanted = {"shop": "app", "city": "Rome"} | ({"Class": 1} if label == 1 else {})
        expected = drawer.frame(ROWS, seed=2, where=wanted)
        found = in_torch(made, seed=seeds_of(2), label=np.full(ROWS, label), **where)
        assert set(found["shop"]) == {"app"}
        assert set(found["city"]) == {"Rome"}
        assert_same(found, expected, ports_of(made))


def test_without_a_label_the_classes_come_at_their_rates(made, drawer):
    found = in_torch(made, seed=np.arange(ROWS))
    rate, expected = found["Class"].mean(), drawer.model.rates[1]
    assert abs(rate - expected) < 4 * (expected * (1 - expected) / ROWS) ** 0.5


def test_ports_say_what_goes_in_and_comes_out(made, table):
    inputs = {port.name: port for port in made.inputs}
    categories = [f"where_{name}" for name in ("city", "shop", "level", "abroad")]
    numbers = [f"where_{name}" for name in ("score", "amount", "count", "age")]
    assert list(inputs) == ["seed", "label", *categories, *numbers]
    assert (inputs["label"].low, inputs["label"].high, inputs["label"].default) == (-1, 1, -1)
    assert np.isnan([inputs[name].default for name in numbers]).all()
    assert inputs["where_age"].meaning == "age: a whole number; infinity: missing; NaN: free"
    outputs = ports_of(made)
    assert set(outputs) == set(table) - {"payment", "currency"}
    kinds = {name: port.dtype for name, port in outputs.items()}
    assert kinds == {
        "score": "float64", "amount": "float64", "count": "int64", "age": "float64", "city": "str",
        "shop": "str", "level": "int64", "abroad": "str", "when": "int64", "day": "int64", "Class": "int64",
    }  # fmt: skip
    assert outputs["shop"].categories == ("app", "till", "web", "")
    assert outputs["city"].categories == ("Oslo", "Rome", "Bonn")
    assert not outputs["level"].categories


def test_whole_numbers_of_a_rule_come_out_as_such():
    draw = np.random.default_rng(0)
    level = draw.integers(1, 5, 200)
    frame = pd.DataFrame(
        {
            "level": level,
            "grade": pd.array(np.where(level == 4, None, level * 10), dtype="Int64"),
            "word": np.array(["", "a", "b", "c", "d"])[level],
            "fraud": np.arange(200) % 4 == 0,
        }
    )
    rules = [{"kind": "combination", "columns": ["level", "grade", "word"]}]
    small = {"threads": 1, "device": "cpu", "progress": False, "batch": 64, "width": 16, "depth": 1}
    drawer = Synthesizer(steps=2, **small).fit(frame, "fraud", constraints=rules).drawer
    made = deployable(drawer.preparation, drawer.model.rates, drawer.model.sampler, CARD)
    expected = drawer.frame(ROWS, where={"fraud": True})
    found = in_torch(made, seed=seeds_of(0), label=np.ones(ROWS, np.int64))
    np.testing.assert_array_equal(found["level"], expected["level"])
    grades = expected["grade"].to_numpy(dtype=np.float64, na_value=np.nan)
    np.testing.assert_array_equal(found["grade"], grades)
    np.testing.assert_array_equal(found["word"], expected["word"].to_numpy(dtype=object))
    assert np.isnan(found["grade"]).any()


# the file
@pytest.fixture(scope="module")
def model(session):
    return runtime.load(session.run_folder.model / "generator.onnx")


@pytest.mark.parametrize("label", [0, 1])
def test_the_file_gives_the_rows_of_the_drawer(session, model, label):
    drawer = session.pipeline.drawer(session.sampler())
    expected = drawer.frame(ROWS, seed=7, where={"Class": label})
    found = model.sample(seeds_of(7), label=label)
    ports = ports_of(session.pipeline.deployable(session.sampler(), "app"))
    assert_same(found, expected, ports)
    assert (found["when"] == MISSING).any()
    assert np.isnan(found["age"]).any()


def test_the_file_takes_conditions(session, model):
    assert "1 Rome" in model.inputs["where_city"]["meaning"]
    found = model.run(seed=seeds_of(1), where_city=np.full(ROWS, 1))
    assert set(found["city"]) == {"Rome"}
    assert len(set(found["Class"].tolist())) == 2


def test_the_card_names_the_data_and_the_classes(session, model):
    assert model.classes == ["0", "1"]
    assert model.card["title"] == "Synthetic rows after payments.parquet"
    assert model.card["training_data"]["fingerprint"] == session.pipeline.study.fingerprint
    provenance = json.loads((session.run_folder.folder / "provenance.json").read_text(encoding="utf-8"))
    assert model.card["generator_sha256"] == provenance["generator_sha256"]
