"""Numbers given to the exported model: they come out as given, and the other columns follow as in Python."""

import json
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch

from ganworks_exports import profiles, runtime
from ganworks_exports.onnx import export
from ganworks_tabular.deploying import deployable
from ganworks_tabular.deploying_numbers import NumberEncoder, givable_numbers, number_port
from ganworks_tabular.model import row_seeds
from ganworks_tabular.synthesizer import Synthesizer

ROWS = 2_000
TABLE = 4_000
CARD = {"classes": ["no", "yes"]}
SMALL = {"threads": 1, "device": "cpu", "progress": False, "batch": 128, "width": 32, "depth": 1, "latent": 8}
RULES = [
    {"kind": "order", "columns": ["low", "high"]},
    {"kind": "range", "column": "share", "low": 0, "high": 1},
]


def table():
    draw = np.random.default_rng(0)
    base = draw.normal(size=TABLE)
    low = np.round(draw.uniform(0, 50, TABLE), 1)
    age = pd.array(draw.integers(18, 90, TABLE), dtype="Int64")
    age[::7] = pd.NA
    return pd.DataFrame(
        {
            "base": base,
            "twin": 3 * base + draw.normal(scale=0.1, size=TABLE),
            "amount": np.where(draw.random(TABLE) < 0.3, 0.0, np.round(draw.lognormal(3, 1, TABLE), 2)),
            "count": draw.poisson(300, TABLE),
            "age": age,
            "grade": draw.choice([1.5, 2.5, 4.0], TABLE),
            "low": low,
            "high": np.round(low + draw.exponential(5, TABLE), 1),
            "share": np.round(draw.uniform(0, 1, TABLE), 3),
            "shop": draw.choice(["web", "till"], TABLE),
            "fraud": np.arange(TABLE) % 4 == 0,
        }
    )


@pytest.fixture(scope="module")
def drawer():
    return Synthesizer(steps=600, **SMALL).fit(table(), "fraud", constraints=RULES).drawer


@pytest.fixture(scope="module")
def made(drawer):
    return deployable(drawer.preparation, drawer.model.rates, drawer.model.sampler, CARD)


@pytest.fixture(scope="module")
def path(made, tmp_path_factory):
    return export(made, tmp_path_factory.mktemp("model") / "g.onnx").file


@pytest.fixture(scope="module")
def model(path):
    return runtime.load(path)


def seeds(seed=0, rows=ROWS):
    return row_seeds(np.arange(rows), seed)


def test_every_number_that_no_rule_rewrites_can_be_given(model):
    numbers = [name for name, port in model.inputs.items() if port["dtype"] == "float64"]
    names = ("base", "twin", "amount", "count", "age", "grade", "low", "share")
    assert numbers == [f"where_{name}" for name in names]
    assert {model.inputs[name]["default"] for name in numbers} == {"NaN"}
    assert (model.inputs["where_share"]["low"], model.inputs["where_share"]["high"]) == (0, 1)
    assert [name for name in numbers if model.inputs[name].get("missing")] == ["where_age"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("base", [0.1234567890123, -7.5, 1e9, -1e300]),
        ("amount", [0.0, 12.34, 12.345, 1e7, -3.0]),
        ("count", [300, 299, 0, 10**12]),
        ("age", [18, 44, 130, -5]),
        ("grade", [1.5, 2.5, 4.0, 3.1, 99.0]),
        ("share", [0.0, 0.125, 1.0]),
        ("low", [12.3, 0.0, 49.9]),
    ],
)
def test_what_is_given_comes_out_in_all_rows(model, name, values):
    given = np.resize(np.array(values, dtype=np.float64), 60)
    found = model.run(seed=seeds(1, 60), **{f"where_{name}": given})
    np.testing.assert_array_equal(found[name].astype(np.float64), given)
    assert all(np.isfinite(found[other]).all() for other in ("base", "twin", "amount", "high"))
    assert (found["high"] >= found["low"]).all()


def test_a_missing_value_is_given_as_infinity(model):
    given = np.resize([np.inf, 30.0, np.nan], 300)
    found = model.run(seed=seeds(2, 300), where_age=given)["age"]
    assert np.isnan(found[given == np.inf]).all()
    assert (found[given == 30] == 30).all()
    np.testing.assert_array_equal(found[2::3], model.run(seed=seeds(2, 300))["age"][2::3])


def test_whole_numbers_are_rounded_and_kept_within_their_type(made):
    port = next(port for port in made.inputs if port.name == "where_count")
    assert (port.low, port.high) == (-(2.0**63 - 4096), 2.0**63 - 4096)
    assert port.meaning == "count: a whole number; NaN: free"


def test_a_category_of_one_value_takes_that_alone():
    draw = np.random.default_rng(0)
    word = np.where(np.arange(200) < 2, ["rare", "odd"] * 100, "usual")
    frame = pd.DataFrame({"a": draw.normal(size=200), "word": word, "fraud": np.arange(200) % 4 == 0})
    drawer = Synthesizer(steps=2, **SMALL).fit(frame, "fraud").drawer
    made = deployable(drawer.preparation, drawer.model.rates, drawer.model.sampler, CARD)
    (port,) = [port for port in made.inputs if port.name == "where_word"]
    assert (port.high, port.meaning) == (0, "word: 0 usual; -1: free")
    free = torch.full((50,), torch.nan, dtype=torch.float64)
    seed, zeros = torch.arange(50), torch.zeros(50, dtype=torch.int64)
    a, word, fraud = made.module.eval()(seed, zeros, zeros, free)
    assert (word == 0).all()
    assert (fraud == 0).all()
    assert a.unique().numel() > 40


def test_rows_of_nothing_given_stay_as_they_were_beside_given_ones(model):
    free = model.run(seed=seeds(3, 200))
    given = np.where(np.arange(200) % 2, 5.0, np.nan)
    mixed = model.run(seed=seeds(3, 200), where_amount=given)
    for name, values in free.items():
        np.testing.assert_array_equal(mixed[name][::2], values[::2])


@pytest.mark.parametrize("value", [-1.5, 1.0, 1.5])
def test_dependent_columns_follow_as_in_python(drawer, model, value):
    expected = drawer.frame(ROWS, seed=4, where={"base": value})
    found = model.run(seed=seeds(4), where_base=np.full(ROWS, value))
    free = model.run(seed=seeds(4))["twin"]
    assert np.sign(found["twin"].mean() - free.mean()) == np.sign(value)  # it has learnt something
    np.testing.assert_allclose(found["twin"], expected["twin"], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", 290), ("amount", 0.0), ("amount", 20.5), ("age", 40), ("grade", 2.5), ("share", 0.5)],
)
def test_ties_move_the_other_columns_as_in_python(drawer, model, name, value):
    expected = drawer.frame(ROWS, seed=5, where={name: value})
    found = model.run(seed=seeds(5), **{f"where_{name}": np.full(ROWS, value, np.float64)})
    for other in ("base", "twin", "low"):
        spread = expected[other].std()
        assert abs(found[other].mean() - expected[other].mean()) < 0.1 * spread
        assert abs(found[other].std() - spread) < 0.1 * spread


def test_numbers_go_with_a_label_and_a_category(drawer, model):
    where = {"base": 1.0, "shop": "till", "fraud": True}
    expected = drawer.frame(ROWS, seed=6, where=where)
    place = 0 if "0 till" in model.inputs["where_shop"]["meaning"] else 1
    found = model.run(
        seed=seeds(6), label=np.ones(ROWS, int), where_shop=np.full(ROWS, place), where_base=np.ones(ROWS)
    )
    assert set(found["shop"]) == {"till"}
    assert set(found["fraud"]) == {"True"}
    assert (found["base"] == 1).all()
    np.testing.assert_allclose(found["twin"], expected["twin"], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"where_base": [np.inf]}, "'where_base' must be finite, or NaN where it is free"),
        ({"where_age": [-np.inf]}, "'where_age' must be finite"),
        ({"where_share": [1.5]}, "'where_share' must lie between 0.0 and 1.0"),
        ({"where_count": [1e30]}, "'where_count' must lie between"),
        ({"where_base": ["x"]}, "'where_base' must be float64"),
        ({"where_high": [1.0]}, "no input 'where_high'"),
    ],
)
def test_what_cannot_be_given(model, inputs, message):
    with pytest.raises(ValueError, match=message):
        model.run(seed=[1], **inputs)


def test_the_script_beside_the_model_leaves_numbers_free(model, path, tmp_path):
    command = [sys.executable, path.with_name("sample.py"), "--count", "40", "--seed", "9"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    expected = model.run(seed=9 + np.arange(40))
    with np.load(tmp_path / "samples.npz") as found:
        np.testing.assert_array_equal(found["base"], expected["base"])
        assert np.isnan(found["where_base"]).all()


@pytest.mark.parametrize("profile", ["w16", "w8"])
def test_lighter_profiles_keep_what_is_given(model, path, profile):
    json.dumps(model.card, allow_nan=False)
    light = profiles.apply(onnx.load(path), profile, [])
    session = onnxruntime.InferenceSession(light.SerializeToString(), providers=["CPUExecutionProvider"])
    feed = {
        name: np.full(30, port.get("default", 0), port["dtype"]) for name, port in model.inputs.items()
    } | {"seed": seeds(8, 30), "where_base": np.full(30, 0.1234567890123)}
    found = dict(zip(model.outputs, session.run(None, feed), strict=True))
    assert (found["base"] == 0.1234567890123).all()
    assert len(np.unique(found["twin"])) > 20


def test_the_encoder_tells_what_the_columns_tell(drawer):
    numbers = givable_numbers(drawer.preparation)
    inputs = [
        np.resize([*one.pieces.nodes[:: len(one.pieces.nodes) // 50 + 1], 0.4, -1e9, 1e9], 80)
        for one in numbers
    ]
    inputs = [np.where(np.isinf(x), 1.0, x) for x in inputs]
    found = NumberEncoder(numbers)([torch.from_numpy(x) for x in inputs])
    for row, (one, x) in enumerate(zip(numbers, inputs, strict=True)):
        held = np.clip(np.round(x, one.decimals) if one.decimals is not None else x, one.low, one.high)
        v, place = one.pieces(held)
        np.testing.assert_allclose(found.v[row], v, atol=1e-6)
        np.testing.assert_array_equal(found.place[row], place)
        np.testing.assert_array_equal(found.exact[row], held)
    assert found.known.all()
    assert number_port(numbers[0]).low is None
