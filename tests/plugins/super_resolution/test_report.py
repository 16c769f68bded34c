"""The report: which places it shows, and what it says."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganworks.run import Run
from ganworks_image.strips import GAP, HEAD
from ganworks_super_resolution.evaluation import summary
from ganworks_super_resolution.report import INVENTS, NOT_YET, SMOOTHS, About, write_report
from ganworks_super_resolution.report_pictures import SIDE, Shown, most_detail, worst

LARGE = 3 * SIDE


def flat(name: str, grey: float = 0.0) -> Shown:
    x = torch.full((1, 3, LARGE, LARGE), grey)
    return Shown(name, x.clone(), x.clone(), x.clone())


def about(**changes: Any) -> About:
    given = {"title": "T", "facts": {}, "notes": (), "rejects": (), "invents": False, "dtype": "uint8"}
    return About(**{**given, **changes})


def ways(model: float | None, rival: float | None) -> dict[str, Any]:
    return {
        "photo": "p<1>",
        "size": [8, 6],
        "model": {"psnr_y": model, "ssim_y": 0.9, "perceptual": 0.5},
        "bicubic": {"psnr_y": rival, "ssim_y": 0.8, "perceptual": None},
    }


def test_the_place_with_most_detail_is_shown() -> None:
    photo = flat("a")
    place = slice(SIDE, 2 * SIDE)  # on the grid that is looked at
    photo.target[..., place, place] = torch.rand(SIDE, SIDE) * 2 - 1
    sheet = most_detail([photo])
    assert sheet.shape == (HEAD + SIDE, 3 * SIDE + 2 * GAP, 3)
    original = sheet[HEAD:, -SIDE:]
    assert np.ptp(original[..., 0].astype(int)) > 200
    assert np.array_equal(sheet[HEAD:, :SIDE], np.full((SIDE, SIDE, 3), 128))  # the rival is still flat


def test_the_worst_places_come_first_and_once_a_photo() -> None:
    photos = [flat(name) for name in "abc"]
    for photo, error in zip(photos, (0.2, 0.6, 0.4), strict=True):
        photo.made[..., :SIDE, -SIDE:] = error
    column = worst(photos, rows=2)[HEAD:, SIDE + GAP : 2 * SIDE + GAP, 0].astype(int)
    assert column.shape[0] == 2 * SIDE + GAP
    values = [column[SIDE // 2, SIDE // 2], column[SIDE + GAP + SIDE // 2, SIDE // 2]]
    assert values == [round(127.5 * 1.6), round(127.5 * 1.4)]


def test_small_photos_are_shown_whole() -> None:
    x = torch.rand(1, 1, 20, 30)
    assert most_detail([Shown("a", x, x, x)]).shape[0] == HEAD + 20
    assert worst([Shown("a", x, x, x)], 4).shape[0] == HEAD + 20


@pytest.mark.parametrize(("invents", "said", "unsaid"), [(True, INVENTS, SMOOTHS), (False, SMOOTHS, INVENTS)])
def test_the_limits_are_those_of_the_recipe(tmp_path: Path, invents: bool, said: str, unsaid: str) -> None:
    run = Run(tmp_path)
    run.save_settings({})
    found = summary([ways(30.0, 28.5), ways(31.0, 31.5)], 2)
    metrics = {"restoration": {**found, "seconds_per_megapixel": 0.25}}
    page = html.unescape(write_report(run, about(invents=invents), [flat("a")], metrics).read_text())
    text = re.sub(r"\s+", " ", page)
    assert said in text
    assert unsaid not in text
    assert "p<1>" in text
    assert "1 of 2" in text  # photos that gained
    assert re.search(r"0\.5\b.{0,80}PSNR-Y over bicubic|PSNR-Y over bicubic.{0,300}0\.5\b", text)


def test_a_run_without_scores_says_so(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.save_settings({})
    page = html.unescape(write_report(run, about(), [], {}).read_text())
    assert NOT_YET in page
    assert "No photo was held out" in page
    page = write_report(run, about(), [], {"restoration": {"reason": "too small"}}).read_text()
    assert "too small" in page


def test_photos_without_a_number_do_not_spoil_the_means() -> None:
    found = summary([ways(None, None), ways(31.0, 30.0)], 2)
    assert (found["gain_db"], found["better"], found["photos"]) == (1.0, 1, 2)
    assert (found["verdict"], len(found["reasons"])) == ("BETTER", 1)
    assert found["mean"]["bicubic"]["perceptual"] is None
