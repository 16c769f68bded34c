"""Values of number columns as what a generator is told of them: as `NumberParts.encode`, its middle rank."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks_tabular.columns.number_map import find_rounding
from ganworks_tabular.columns.number_parts import NumberParts
from ganworks_tabular.columns.pieces import Pieces
from ganworks_tabular.columns.statistics import count_numbers
from ganworks_tabular.decoder import NumberHead, NumberTables

DRAWS = 200
shapes = st.sampled_from(["normal", "counts", "atoms", "support", "flat", "heavy", "few"])


def column(shape, seed, missing):
    draw = np.random.default_rng(seed)
    rows = 3_000
    x = {
        "normal": lambda: draw.normal(size=rows),
        "counts": lambda: draw.poisson(40, rows).astype(float),
        "atoms": lambda: np.where(
            draw.random(rows) < 0.4, draw.choice([0.0, 9.5], rows), draw.normal(size=rows)
        ),
        "support": lambda: draw.choice(np.round(draw.lognormal(8, 1, 300), -2), rows),
        "flat": lambda: np.repeat(draw.normal(size=rows // 6), 6),
        "heavy": lambda: draw.standard_cauchy(rows) * 1e6,
        "few": lambda: draw.choice([1.0, 2.5, 7.0], rows),
    }[shape]()
    x = np.where(draw.random(rows) < 0.1, np.nan, x) if missing else x
    counts = count_numbers(x)
    return NumberParts.fit(counts, find_rounding(counts.values), 5), x[~np.isnan(x)]


@given(shapes, st.integers(0, 5), st.booleans(), st.data())
@settings(max_examples=60, deadline=None)
def test_it_is_the_middle_of_what_the_codec_draws(shape, seed, missing, data):
    parts, known = column(shape, seed, missing)
    seen = st.sampled_from(known.tolist())
    value = data.draw(seen | st.floats(-1e9, 1e9) | st.just(float(known.max())) | st.just(float(known.min())))
    v, place = Pieces.of(parts)(np.array([value]))
    drawn = parts.encode(np.full(DRAWS, value), np.random.default_rng(0))
    if len(parts.atoms):
        assert set(drawn[-1].tolist()) == {int(place[0])}
    if parts.map is not None:
        assert drawn[0].min() - 2e-3 <= v[0] <= drawn[0].max() + 2e-3
        assert -1 <= v[0] <= 1


@given(shapes, st.integers(0, 5), st.booleans())
@settings(max_examples=30, deadline=None)
def test_what_is_told_decodes_to_the_value(shape, seed, missing):
    parts, known = column(shape, seed, missing)
    values = known[:: len(known) // 40]
    values = values if parts.map is None else np.append(values, parts.values)
    v, place = Pieces.of(parts)(values)
    numbers = NumberTables(parts.maps, [0])(torch.from_numpy(v[:, None])) if parts.maps else []
    decoded = NumberHead(parts)(numbers, [torch.from_numpy(place)] if len(parts.atoms) else []).numpy()
    if shape in ("counts", "few", "atoms"):
        np.testing.assert_allclose(decoded, values, atol=0.02)
    if parts.map is not None and len(parts.values):
        np.testing.assert_array_equal(decoded[-len(parts.values) :], parts.values)


def test_missing_is_a_place_of_its_own():
    for shape in ("few", "atoms", "counts"):
        parts, _ = column(shape, 0, missing=True)
        v, place = Pieces.of(parts)(np.array([np.inf]))
        expected = parts.encode(np.array([np.nan]), np.random.default_rng(0))[-1]
        assert (v[0], place[0]) == (0, expected[0])


def test_a_column_that_is_always_missing_has_none():
    with pytest.raises(ValueError, match="without a value"):
        Pieces.of(NumberParts(None, np.array([np.nan])))
