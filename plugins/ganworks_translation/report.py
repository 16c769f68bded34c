"""The report of a run: one page that a colleague can judge the translated pictures by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ganworks.report import Level, Report
from ganworks.report.facts import losses_of, warnings_of
from ganworks.report.pictures import curves
from ganworks.run import REPORT, Run
from ganworks_image.report_gain import rounded
from ganworks_translation.evaluation import MEASURES, OURS, sentence
from ganworks_translation.pairs import PairStudy
from ganworks_translation.report_data import data_section, model_section
from ganworks_translation.shown import Shown

NOT_YET = "not evaluated yet: `gan evaluate RUN`"
ROWS = 4  # examples in a strip
LEVELS: dict[str, Level] = {"BETTER": "good", "NOT BETTER": "bad"}
HEADS = {
    "l1": "L1 (0 is best)",
    "ssim": "SSIM (1 is best)",
    "perceptual": "Lite0 perceptual distance (0 is best)",
    "fd": "FD",
    "kid": "KID",
}
AGAINST = {"perceptual": "every rival", "kid": "rivals that show no real pictures"}
SET_HEADS = ("fd", "kid")
USE = (
    "Intended use: pictures like those it was trained on, translated; say that a machine made them where "
    "they are shown (`gan translate` leaves no mark in its files). The translator knows its training "
    "pictures only: it paints what they would show there, and that need not be what is there. Do not "
    "measure, diagnose or identify anything in its output. Pictures of another kind, season, camera or "
    "scale than the training ones give results that no number on this page speaks of."
)


def write_report(run: Run, study: PairStudy, shown: Shown, metrics: dict[str, Any], measure: str) -> Path:
    """Write ``report.html`` into the run folder; return its path. ``measure`` chose the checkpoint."""
    page = Report(
        f"Translated pictures: {study.title}",
        "Every picture below that is called output was made by a generator from the input beside it.",
    )
    found = metrics.get("translation", {"reason": NOT_YET})
    _headlines(page, found)
    _examples(page, shown)
    _scores(page, found)
    if "back" in found:
        _way_back(page, found["back"])
    _training(page, run, measure)
    data_section(page, study)
    model_section(page, run, metrics, USE)
    path = run.folder / REPORT
    page.write(path)
    return path


def _headlines(page: Report, found: dict[str, Any]) -> None:
    if "reason" in found:
        page.headline("Scores", found["reason"])
        return
    for key, verdict in found["verdicts"].items():
        name = f"{MEASURES[key]}, against {AGAINST[key]}"
        page.headline(name, verdict["verdict"], LEVELS[verdict["verdict"]])
    ours = found["scores"][OURS]
    for key in ("perceptual", "kid", "ssim"):
        if ours.get(key) is not None:
            page.headline(HEADS[key], rounded(ours[key]))


def _examples(page: Report, shown: Shown) -> None:
    if not len(shown):
        page.section("Examples", "No picture was held out, so there is nothing to show.")
        return
    if not shown.ordered:
        section = page.section("Examples", "Held-out pictures, not selected.")
        section.picture(shown.rows(_spread(len(shown), 2 * ROWS)))
        return
    section = page.section(
        "Examples",
        "Held-out pictures, ordered by the distance of the output to its target: the best, those in the "
        "middle, and the worst. The middle is what to expect.",
    )
    last, some = len(shown), min(ROWS, len(shown))
    middle = (last - some) // 2
    starts = {"Best": 0, "Middle": middle, "Worst": last - some}
    section.pictures([(shown.rows(list(range(start, start + some))), name) for name, start in starts.items()])


def _spread(count: int, most: int) -> list[int]:
    return [int(place) for place in np.linspace(0, count - 1, min(count, most))]


def _scores(page: Report, found: dict[str, Any]) -> None:
    section = page.section(
        "Scores",
        "The same held-out pictures, translated by the model and answered by rivals that need no training. A "
        "model that does not beat them has learned nothing of use.\n\n"
        "L1 and SSIM compare places; they favour blurred pictures, and the mean target is the most blurred. "
        "The Lite0 perceptual distance compares what a network trained on photographs sees; KID and FD "
        "compare the results as a set with the real targets, whatever the input. All three use features of "
        "the same network, which favours a recipe that trains on them (pix2pix-perceptual). The nearest "
        "neighbour "
        "answers with real pictures: in KID and FD that is as good as real, and yet no answer to its input.",
    )
    if "reason" in found:
        section.verdict(found["reason"], "neutral")
        return
    for key, verdict in found["verdicts"].items():
        section.verdict(f"{sentence(key, verdict)}.", LEVELS[verdict["verdict"]])
    names = [name for name in HEADS if name in found["scores"][OURS]]
    rows = [[name, *(rounded(scores.get(key)) for key in names)] for name, scores in found["scores"].items()]
    floors = [rounded(found[f"{key}_floor"]) if key in SET_HEADS else None for key in names]
    rows.append(["fresh real pictures (floor)", *floors])
    section.table(
        ["", *(HEADS[name] for name in names)],
        rows,
        f"{found['n']} translated against {found['n_real']} held-out real pictures. L1 is a share of the "
        f"range. FD and KID on {found['extractor']['name']} features ({found['extractor']['hash'][:12]}).",
    )
    ours = found["scores"][OURS]
    if ours["kid"] is None:
        section.text("Too few pictures are held out for FD and KID: 12 are needed on either side.")
    else:
        section.facts({"KID, 95 % interval": f"{ours['kid_low']:.4f} to {ours['kid_high']:.4f}"})
    for text in found.get("notes", ()):
        section.text(text)


def _way_back(page: Report, back: dict[str, Any]) -> None:
    section = page.section(
        "The way back",
        "The recipe trains translators both ways. There and back should give the picture that went in; that "
        "alone proves little, for a translator that changes nothing passes it. These are the last weights of "
        "both.",
    )
    section.facts(
        {
            "Cycle error, there and back (L1, 0 is best)": rounded(back["cycle"]),
            "Cycle error, back and there (L1, 0 is best)": rounded(back["cycle_back"]),
        }
    )
    rows = [[name, rounded(scores["fd"]), rounded(scores["kid"])] for name, scores in back["scores"].items()]
    section.table(
        ["", "FD", "KID"],
        [*rows, ["fresh real pictures (floor)", rounded(back["fd_floor"]), rounded(back["kid_floor"])]],
        f"Targets made into sources: {back['n']} against {back['n_real']} held-out real sources.",
    )


def _training(page: Report, run: Run, measure: str) -> None:
    section = page.section("Training")
    events = run.events()
    section.plot(
        curves(losses_of(events), "step", "loss"), "Losses. They need not fall: networks play a game."
    )
    checks = [e for e in events if e["event"] == "validation" and e.get("score") is not None]
    section.plot(
        curves({measure: [(e["step"], e["score"]) for e in checks]}, "step", measure),
        "On validation pictures; the generator with the lowest score is the one that was kept.",
    )
    section.warning_list(
        warnings_of(events),
        none="No warnings while reading, training and evaluating.",
    )
