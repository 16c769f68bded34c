"""The report of a run: one page that a colleague can judge the synthetic images by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ganworks.report import Level, Report
from ganworks.report.pictures import curves, image_grid, intervals
from ganworks.run import REPORT, Run
from ganworks.training import Sampler
from ganworks_medical.report_data import data_section, model_section
from ganworks_medical.study import Study

if TYPE_CHECKING:
    from ganworks_medical.evaluation import CopyGate

GRID = 8  # images a row of a sample grid
PAIRS = 16  # nearest pairs shown
SHOWN_SEEDS = 4 << 40
LEVELS: dict[str, Level] = {"GAIN": "good", "HARM": "bad", "pass": "good", "fail": "bad", "warn": "neutral"}


def write_report(run: Run, study: Study, gate: CopyGate, sampler: Sampler, metrics: dict[str, Any]) -> Path:
    """Write ``report.html`` into the run folder; return its path."""
    page = Report(
        f"Synthetic images: {study.title}",
        "Every image below that is called synthetic was drawn by a generator. It shows no patient, and it is "
        "not for diagnosis.",
    )
    _headlines(page, metrics)
    _samples(page, study, sampler)
    _fidelity(page, metrics["fidelity"])
    _privacy(page, study, gate, sampler, metrics["privacy"])
    _downstream(page, metrics["downstream"])
    _training(page, run)
    data_section(page, study)
    model_section(page, run, study, metrics)
    path = run.folder / REPORT
    page.write(path)
    return path


def _headlines(page: Report, metrics: dict[str, Any]) -> None:
    downstream, privacy, fidelity = metrics["downstream"], metrics["privacy"], metrics["fidelity"]
    page.headline("Downstream", downstream["verdict"], LEVELS.get(downstream["verdict"], "neutral"))
    page.headline("Copies", privacy["verdict"], LEVELS.get(privacy["verdict"], "neutral"))
    if "reason" in fidelity:
        return
    page.headline("Coverage (1 is best)", round(fidelity["coverage"], 2))
    page.headline(f"KID-{fidelity['extractor']['name']} (0 is best)", round(fidelity["kid"], 2))
    page.headline("Diversity (1 as real)", round(fidelity["diversity_ratio"], 2))


def _samples(page: Report, study: Study, sampler: Sampler) -> None:
    section = page.section("Samples", "Real images of the training part beside synthetic ones, not selected.")
    train = study.part("train")
    scale = _scale(study)
    for label, name in enumerate(study.classes):
        rows = (train.labels == label).nonzero()[:, 0]
        chosen = rows[torch.linspace(0, len(rows) - 1, min(len(rows), GRID * 4)).long()]
        labels = torch.full((GRID * 4,), label)
        made = sampler.sample(labels, SHOWN_SEEDS + torch.arange(GRID * 4))
        real = image_grid(train.rows(chosen), GRID)
        section.pictures(
            [(real, f"{name}: real"), (image_grid(made, GRID), f"{name}: synthetic")], scale=scale
        )
    section.picture(
        image_grid(_interpolation(sampler, len(study.classes)), 10),
        "Between two latents, one row a class: smooth change, not a jump, means that the generator did not "
        "learn single images by heart.",
        scale=scale,
    )


def _interpolation(sampler: Sampler, classes: int, steps: int = 10) -> Tensor:
    """(classes * steps, c, h, w): on the arc between two latents, for every class (at most 6)."""
    a, b = sampler.latents(SHOWN_SEEDS + torch.tensor([101, 202]))
    angle = torch.linspace(0, torch.pi / 2, steps)[:, None]
    path = torch.cos(angle) * a + torch.sin(angle) * b  # stays standard normal all the way
    shown = min(classes, 6)
    labels = torch.arange(shown).repeat_interleave(steps)
    return sampler.from_latents(path.repeat(shown, 1), labels)


def _fidelity(page: Report, fidelity: dict[str, Any]) -> None:
    section = page.section(
        "Fidelity",
        "Distances between synthetic images and held-out real ones. The floor is what fresh real images of "
        "the same number would reach: a generator at the floor cannot be told from real data by this number. "
        "Copies of the training images would pass all of these; see the next section.",
    )
    if "reason" in fidelity:
        section.verdict(fidelity["reason"], "neutral")
        return
    other = fidelity["independent"]
    keys = {
        "kid": ("Kernel distance (KID)", "kid_floor"),
        "fd": ("Frechet distance (FD)", "fd_floor"),
        "precision": ("Precision", "precision_floor"),
        "recall": ("Recall", "recall_floor"),
        "density": ("Density", "density_floor"),
        "coverage": ("Coverage", "coverage_floor"),
    }
    names = [block["extractor"]["name"] for block in (fidelity, other)]
    section.table(
        ["", *(column for name in names for column in (name, f"{name}, floor"))],
        [
            [title, *(round(block[k], 3) for block in (fidelity, other) for k in (key, floor))]
            for key, (title, floor) in keys.items()
        ],
        f"{fidelity['n_synthetic']} synthetic against {fidelity['n_real']} held-out real images. Features: "
        + ", ".join(f"{b['extractor']['name']} ({b['extractor']['hash'][:12]})" for b in (fidelity, other)),
    )
    section.facts(
        {
            "Diversity within a class (1 as real)": fidelity["diversity_ratio"],
            "Spectrum distance, dB (0 is best)": fidelity["spectrum_distance"],
            "Intensity distance (0 is best)": fidelity["intensity_emd"],
        }
    )
    rows = [
        [name, *(found.get(key) for key in ("n_real", "kid", "kid_floor", "coverage", "diversity_ratio"))]
        for name, found in fidelity["per_class"].items()
    ]
    columns = ["Class", "Real images", "KID", "KID, floor", "Coverage", "Diversity"]
    section.table(columns, rows, "For each class; below 50 images a distance would be noise.")


def _privacy(page: Report, study: Study, gate: CopyGate, sampler: Sampler, privacy: dict[str, Any]) -> None:
    section = page.section(
        "Copies and privacy",
        "Does the generator repeat training images? Held-out real images are the measure: they are what "
        "naturally alike means. These tests found what is written here; they do not make data anonymous.",
    )
    if "reason" in privacy:
        section.verdict(f"Memorisation test: {privacy['reason']}", "neutral")
        return
    section.verdict(f"Memorisation test: {privacy['verdict']}", LEVELS[privacy["verdict"]])
    section.facts(
        {
            "Data-copying statistic C_T (below -3 is suspicious)": privacy["ct"],
            "Authenticity": privacy["authenticity"],
            "Authenticity of held-out real images": privacy["authenticity_heldout"],
            "Membership inference AUC (0.5 leaks nothing)": privacy["membership_auc"],
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
    pairs = torch.stack([made[closest], gate.train[near.index[closest]]], 1).flatten(0, 1)
    section.picture(
        image_grid(pairs, 8),
        f"The {PAIRS} closest of 256 synthetic images (left of each pair), with their nearest training image "
        "(right).",
        scale=_scale(study),
    )


def _downstream(page: Report, downstream: dict[str, Any]) -> None:
    section = page.section(
        "Downstream gain",
        "Does a classifier get better on real test images when it also sees synthetic ones? Every arm has "
        "the same number of steps, class-balanced batches and paired seeds. The rival is the best arm that "
        "uses real images only, chosen on the validation part.",
    )
    verdict = downstream["verdict"]
    if "gain" not in downstream:
        section.verdict(f"{verdict}: {downstream['reason']}", "neutral")
        return
    section.verdict(
        f"{verdict}: {100 * downstream['gain']:+.1f} points of balanced accuracy "
        f"[{100 * downstream['gain_low']:+.1f}, {100 * downstream['gain_high']:+.1f}] over "
        f"{downstream['best_real_arm']}, {downstream['seeds']} paired seeds",
        LEVELS.get(verdict, "neutral"),
    )
    arms = downstream["arms"]
    section.plot(
        intervals(
            [(name, arm["mean"], arm["low"], arm["high"]) for name, arm in arms.items()],
            reference=arms[downstream["best_real_arm"]]["mean"],
            xlabel="balanced accuracy on real test images",
        ),
        "Mean and 95 % interval over seeds; dashed: the best real-only arm.",
    )
    columns = ["Arm", "Balanced accuracy", "low", "high", "AUC", "Recall of the rarest class"]
    keys = ("mean", "low", "high", "auc", "minority_recall")
    section.table(columns, [[name, *(arm[key] for key in keys)] for name, arm in arms.items()])
    section.facts(
        {"Synthetic images whose label a real-data classifier agrees with": downstream["label_fidelity"]}
    )


def _training(page: Report, run: Run) -> None:
    section = page.section("Training")
    events = run.events()
    steps = [event for event in events if event["event"] == "step" and event.get("losses")]
    names = sorted({name for event in steps for name in event["losses"] if "." not in name})
    losses = {
        name: [(e["step"], e["losses"][name]) for e in steps if e["losses"].get(name) is not None]
        for name in names
        if name != "real_above_fake"
    }
    section.plot(curves(losses, "step", "loss"), "Losses. They need not fall: two networks play a game.")
    checks = [event for event in events if event["event"] == "validation"]
    scores = {"kernel distance, own features": [(e["step"], e["score"]) for e in checks]}
    variety = {"diversity ratio": [(e["step"], e["diversity_ratio"]) for e in checks]}
    section.plot(
        curves(scores, "step", "distance to validation images", log=True),
        "The generator with the lowest distance is the one that was kept.",
    )
    section.plot(curves(variety, "step", "spread, synthetic / real"), "1 means as varied as real images.")
    section.warning_list(
        list(dict.fromkeys(event["text"] for event in events if event["event"] == "warning")),
        none="No warnings while reading, training and evaluating.",
    )


def _scale(study: Study) -> int:
    """Show small images larger: 28 pixels twice, 64 and more as they are."""
    longer: int = max(study.images.shape[2:])
    return max(1, round(56 / longer))
