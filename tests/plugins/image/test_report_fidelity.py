"""What the report says of fidelity, where many and where hardly any real images judge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.metrics import PixelFeatures, fidelity
from ganworks.report import Report
from ganworks_image.report_fidelity import FEWEST_TOLD, fidelity_headlines, fidelity_section

NUMBERS = ("kid", "fd", "precision", "recall", "density", "coverage")


def block(real: int) -> dict[str, Any]:
    space = {f"{name}{end}": 1.0 for name in NUMBERS for end in ("", "_floor")}
    own = {"n_real": real, "n_synthetic": 500, "diversity_ratio": 0.7, "spectrum_distance": 2.0}
    own |= {"intensity_emd": 0.1, "per_class": {}, "extractor": {"name": "lite0", "hash": "a" * 64}}
    return space | own | {"independent": space | {"extractor": {"name": "self", "hash": "b" * 64}}}


def shown(found: dict[str, Any]) -> str:
    page = Report("a page")
    fidelity_headlines(page, found)
    fidelity_section(page, found)
    return " ".join(page.html().split())


@given(real=st.integers(12, 60))
@settings(max_examples=20, deadline=None)
def test_no_headline_flatters_where_few_images_judge(real: int) -> None:
    page = shown(block(real))
    few = real < FEWEST_TOLD
    assert ("Coverage, lite0 (1 is best)" in page) is not few
    assert ("too few to tell" in page) is few
    assert (f"{real} held-out images are too few for these numbers" in page) is few
    assert f"against {real} held-out real images" in page  # the table is there all the same


@pytest.mark.parametrize(("real", "reached"), [(12, True), (FEWEST_TOLD, False)])
def test_one_blur_for_all_reaches_a_high_coverage_of_few_images_only(real: int, reached: bool) -> None:
    """Of three tight classes; a blur is no picture of any of them."""
    draw = torch.Generator().manual_seed(0)
    classes = torch.rand(3, 1, 8, 8, generator=draw) - 0.5
    images = classes.repeat_interleave(real // 3, 0) + torch.randn(real, 1, 8, 8, generator=draw) / 50
    blurs = classes.mean(0) + torch.randn(200, 1, 8, 8, generator=draw) / 50
    assert (fidelity(images, blurs, PixelFeatures())["coverage"] > 0.5) is reached


def test_a_block_without_numbers_says_why() -> None:
    page = shown({"verdict": "NOT APPLICABLE", "reason": "4 held-out real images are too few"})
    assert "4 held-out real images are too few" in page


def test_the_page_is_written_whole(tmp_path: Path) -> None:
    page = Report("a page")
    fidelity_section(page, block(12))
    page.write(tmp_path / "report.html")
    assert "Judge by eye" in (tmp_path / "report.html").read_text(encoding="utf-8")
