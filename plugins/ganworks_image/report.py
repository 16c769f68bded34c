"""The report of a run: one page that a colleague can judge the synthetic images by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganworks.latent import interpolate
from ganworks.report import Report
from ganworks.report.facts import losses_of, warnings_of
from ganworks.report.pictures import curves, image_grid
from ganworks.run import REPORT, Run
from ganworks.training import Sampler
from ganworks_image.evaluation import VALIDATED_ON, validated_by
from ganworks_image.gate import CopyGate, Purpose, first_seed
from ganworks_image.report_data import data_section, model_section
from ganworks_image.report_fidelity import fidelity_headlines, fidelity_section
from ganworks_image.report_gain import LEVELS, downstream_section, rounded
from ganworks_image.study import Study

GRID = 8  # images a row of a sample grid
MOST_CLASSES = 20  # shown
PAIRS = 16  # nearest pairs shown
SHOWN_SEEDS = first_seed(Purpose.REPORT)
NOT_YET = "not evaluated yet: `gan evaluate RUN`"


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How a domain speaks of its images in the report."""

    subtitle: str = "Every image below that is called synthetic was drawn by a generator."
    use: str = (
        "Intended use: more images like those that were given, marked as synthetic. Not intended: to pass "
        "for real ones. The generator knows its training data only, with their biases, and the rights of "
        "their owners go with it."
    )
    downstream: bool = True  # whether it tells of the downstream gain
    others: str = "another training set"  # what the interval of the downstream gain does not cover


def write_report(
    run: Run,
    study: Study,
    gate: CopyGate,
    sampler: Sampler,
    metrics: dict[str, Any],
    wording: Wording,
) -> Path:
    """Write ``report.html`` into the run folder; return its path."""
    page = Report(f"Synthetic images: {study.title}", wording.subtitle)
    _headlines(page, metrics, wording.downstream)
    _samples(page, study, sampler)
    fidelity_section(page, _block(metrics, "fidelity"))
    _privacy(page, study, gate, sampler, _block(metrics, "privacy"))
    if wording.downstream:
        downstream_section(page, _block(metrics, "downstream"), wording.others)
    _training(page, run, study)
    data_section(page, study)
    model_section(page, run, study, metrics, wording.use)
    path = run.folder / REPORT
    page.write(path)
    return path


def _block(metrics: dict[str, Any], name: str) -> dict[str, Any]:
    """A block of ``metrics.json``; one that says so where the run was not evaluated."""
    found: dict[str, Any] = metrics.get(name) or {"verdict": "not evaluated", "reason": NOT_YET}
    return found


def _headlines(page: Report, metrics: dict[str, Any], downstream: bool) -> None:
    gain, privacy, fidelity = (_block(metrics, n) for n in ("downstream", "privacy", "fidelity"))
    if downstream:
        page.headline("Downstream", gain["verdict"], LEVELS.get(gain["verdict"], "neutral"))
    page.headline("Copies", privacy["verdict"], LEVELS.get(privacy["verdict"], "neutral"))
    fidelity_headlines(page, fidelity)


def _samples(page: Report, study: Study, sampler: Sampler) -> None:
    section = page.section("Samples", "Real images of the training part beside synthetic ones, not selected.")
    train = study.part("train")
    scale = _scale(study)
    for label, name in enumerate(study.classes[:MOST_CLASSES]):
        rows = (train.labels == label).nonzero()[:, 0]
        chosen = rows[torch.linspace(0, len(rows) - 1, min(len(rows), GRID * 4)).long()]
        labels = torch.full((GRID * 4,), label)
        made = sampler.sample(labels, SHOWN_SEEDS + torch.arange(GRID * 4))
        real = image_grid(train.rows(chosen), GRID)
        section.pictures(
            [(real, f"{name}: real"), (image_grid(made, GRID), f"{name}: synthetic")], scale=scale
        )
    if len(study.classes) > MOST_CLASSES:
        section.text(f"Shown are the first {MOST_CLASSES} of {len(study.classes)} classes.")
    section.picture(
        image_grid(_interpolation(sampler, len(study.classes)), 10),
        "Between two latents, one row a class: smooth change, not a jump, means that the generator did not "
        "learn single images by heart.",
        scale=scale,
    )


def _interpolation(sampler: Sampler, classes: int, steps: int = 10) -> Tensor:
    """(classes * steps, c, h, w): between two latents, for every class (at most 6)."""
    labels = torch.arange(min(classes, 6), device=sampler.device)
    ends = sampler.latents(SHOWN_SEEDS + torch.tensor([101, 202])).to(sampler.device)
    start, end = (one.expand(len(labels), -1) for one in ends)
    return interpolate(sampler.generator, start, end, labels, steps).flatten(0, 1).cpu()


def _privacy(page: Report, study: Study, gate: CopyGate, sampler: Sampler, privacy: dict[str, Any]) -> None:
    section = page.section(
        "Copies and privacy",
        "Does the generator repeat training images? Held-out real images are the measure: they are what "
        "naturally alike means. These tests found what is written here; they do not make data anonymous.",
    )
    if "reason" in privacy:
        text = f"Memorisation test: {privacy['verdict']}. {privacy['reason']}"
        section.verdict(text, LEVELS.get(privacy["verdict"], "neutral"))
        return
    section.verdict(f"Memorisation test: {privacy['verdict']}", LEVELS[privacy["verdict"]])
    section.facts(
        {
            "Data-copying statistic C_T (below -3 is suspicious)": rounded(privacy["ct"]),
            "Authenticity": rounded(privacy["authenticity"]),
            "Authenticity of held-out real images": rounded(privacy["authenticity_heldout"]),
            "Membership inference AUC (0.5 leaks nothing)": rounded(privacy["membership_auc"]),
            "Near-copies dropped": privacy["dropped"],
            "Near-copies left": privacy["copies"],
        }
    )
    if privacy["reasons"]:
        section.warning_list(privacy["reasons"])
    labels = torch.arange(256) % len(study.classes)
    made = sampler.sample(labels, SHOWN_SEEDS + 1_000 + torch.arange(256))
    near = gate.nearest(made)
    closest = near.distance.argsort()[:PAIRS]
    originals = study.part("train").rows(near.index[closest])  # the gate holds them at 64 pixels
    pairs = torch.stack([made[closest], originals], 1).flatten(0, 1)
    section.picture(
        image_grid(pairs, 8),
        f"The {PAIRS} closest of 256 synthetic images (left of each pair), with their nearest training image "
        "(right).",
        scale=_scale(study),
    )


def _training(page: Report, run: Run, study: Study) -> None:
    section = page.section("Training")
    events = run.events()
    section.plot(
        curves(losses_of(events), "step", "loss"), "Losses. They need not fall: two networks play a game."
    )
    checks = [event for event in events if event["event"] == "validation"]
    scored = [e for e in checks if e.get("score") is not None]
    scores = {VALIDATED_ON: [(e["step"], e["score"]) for e in scored]}
    measured = [e for e in checks if e.get("diversity_ratio") is not None]
    variety = {"diversity ratio": [(e["step"], e["diversity_ratio"]) for e in measured]}
    judges = "validation" if validated_by(study) == "validation" else "training"
    note = " Training images had to choose, which favours repeating them." if judges == "training" else ""
    section.plot(
        curves(scores, "step", f"distance to {judges} images", log=True),
        "The generator with the lowest distance is the one that was kept." + note,
    )
    section.plot(curves(variety, "step", "spread, synthetic / real"), "1 means as varied as real images.")
    section.warning_list(
        warnings_of(events),
        none="No warnings while reading, training and evaluating.",
    )


def _scale(study: Study) -> int:
    """Show small images larger: 28 pixels twice, 64 and more as they are."""
    longer: int = max(study.images.shape[2:])
    return max(1, round(56 / longer))
