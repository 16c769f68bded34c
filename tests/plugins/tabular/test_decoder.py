"""The decoder as a module: the same values in Python and in an exported graph."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from ganworks_tabular.codec import TableCodec
from ganworks_tabular.infer import infer_schema

ROWS = 1_000


@pytest.fixture(scope="module")
def codec():
    random = np.random.default_rng(0)
    days = pd.Timestamp("2023-01-02") + pd.to_timedelta(random.integers(0, 400, ROWS), "D")
    frame = pd.DataFrame(
        {
            "real": random.normal(size=ROWS),
            "cents": random.integers(0, 9_000, ROWS) / 100,
            "zeros": np.where(random.random(ROWS) < 0.4, 0.0, random.lognormal(size=ROWS)),
            "gaps": np.where(random.random(ROWS) < 0.1, np.nan, random.normal(size=ROWS)),
            "count": random.poisson(40, ROWS),
            "few": random.integers(0, 15, ROWS) * 10,
            "city": [f"c{int(v)}" for v in random.exponential(80, ROWS)],
            "when": days + pd.to_timedelta(random.integers(0, 86_400, ROWS), "s"),
            "fraud": random.integers(0, 2, ROWS),
        }
    )
    frame.loc[:30, "when"] = pd.NaT
    return TableCodec.fit(frame, infer_schema(frame, "fraud"), least=1)


def rows_of(codec, rows, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, sum(codec.spans))) / 4
    return torch.from_numpy(x.astype(np.float32))


def test_one_tensor_a_column_in_the_promised_types(codec):
    found = dict(zip(codec.columns, codec.decoder()(rows_of(codec, 100)), strict=True))
    assert all(cells.shape == (100,) for cells in found.values())
    kinds = {name: cells.dtype for name, cells in found.items()}
    reals = {"real", "cents", "zeros", "gaps"}
    assert {name for name, kind in kinds.items() if kind == torch.float64} == reals
    assert {name for name, kind in kinds.items() if kind == torch.int64} == set(kinds) - reals
    assert found["city"].max() < len(codec.texts("city"))


def test_a_row_does_not_depend_on_the_others(codec):
    rows = rows_of(codec, 64)
    together = codec.decoder()(rows)
    for place in (0, 63):
        alone = codec.decoder()(rows[place : place + 1])
        assert all(
            torch.equal(a.nan_to_num(), b[place : place + 1].nan_to_num())
            for a, b in zip(alone, together, strict=True)
        )


def test_decode_uses_the_decoder(codec):
    rows = rows_of(codec, 20_000)
    with torch.inference_mode():
        values = [cells.numpy() for cells in codec.decoder()(rows)]
    pd.testing.assert_frame_equal(codec.decode(rows), codec.assemble(values))


@pytest.mark.slow  # the exporter alone takes ten seconds
def test_an_onnx_graph_gives_the_same_values(codec, tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    rows = rows_of(codec, 500)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own
        batch = torch.export.Dim("batch", min=1)
        torch.onnx.export(
            codec.decoder(),
            (rows,),
            tmp_path / "d.onnx",
            dynamo=True,
            opset_version=18,
            dynamic_shapes=({0: batch},),
            verbose=False,
        )
    session = runtime.InferenceSession(tmp_path / "d.onnx")
    found = session.run(None, {session.get_inputs()[0].name: rows[:321].numpy()})
    for name, a, b in zip(codec.columns, codec.decoder()(rows[:321]), found, strict=True):
        np.testing.assert_array_equal(a.numpy(), b, err_msg=name)
