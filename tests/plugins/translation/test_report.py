"""The report: what it says of a run, and that it says so where there is nothing to tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ganworks.session import Session


@pytest.fixture(scope="module")
def page(paired: Session) -> str:
    return (paired.run_folder.folder / "report.html").read_text(encoding="utf-8")


def test_every_section_is_there(page: str) -> None:
    heads = re.findall(r"<h2[^>]*>([^<]+)", page)
    for head in ("Examples", "Scores", "Training", "Data", "Model card"):
        assert head in heads


def test_examples_are_the_best_the_middle_and_the_worst(page: str) -> None:
    strips = re.findall(r'<img[^>]*src="data:image/png[^>]*>\s*<figcaption[^>]*>([^<]+)', page)
    assert [caption.strip() for caption in strips[:3]] == ["Best", "Middle", "Worst"]


def test_the_rivals_stand_in_the_table(page: str) -> None:
    for name in ("copy of the input", "mean target", "nearest neighbour", "fresh real pictures"):
        assert name in page
    assert re.search(r"Lite0 perceptual distance: (not )?better than", page)


def test_a_run_that_was_not_evaluated_says_so(paired: Session, tmp_path: Path) -> None:
    pipeline = paired.pipeline
    before = pipeline.run.metrics()
    del before["translation"]
    path = pipeline.report(paired.sampler(), before)
    try:
        assert "not evaluated yet" in path.read_text(encoding="utf-8")
    finally:
        paired.report()
    assert "not evaluated yet" not in path.read_text(encoding="utf-8")
