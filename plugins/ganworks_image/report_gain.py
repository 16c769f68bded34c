"""The section of the report on what the synthetic images are worth to a classifier."""

from __future__ import annotations

from typing import Any

from ganworks.report import Level, Report, Section
from ganworks.report.pictures import intervals

LEVELS: dict[str, Level] = {"GAIN": "good", "HARM": "bad", "pass": "good", "fail": "bad", "warn": "neutral"}


def rounded(value: Any, digits: int = 3) -> Any:
    """A number with so many decimals; anything else, None and "too few" among them, as it is."""
    return round(value, digits) if isinstance(value, float) else value


def percent(share: Any) -> Any:
    return rounded(100 * share, 1) if isinstance(share, float | int) else share


def downstream_section(page: Report, downstream: dict[str, Any], others: str) -> None:
    """What the synthetic images are worth; ``others`` is what the interval does not cover."""
    section = page.section(
        "Downstream gain",
        "Does a classifier get better on real test images when it also sees synthetic ones? Every arm has "
        "the same number of steps, class-balanced batches and paired seeds. How many synthetic images are "
        "added is chosen on the validation part. The rival is the best arm that uses real images only, "
        "chosen on the test part itself: a gain is a gain over each of them, and the upper end of the "
        "interval allows for the luck of the one that came out best.\n\n"
        "The interval covers the randomness of training on these images and of having drawn these test "
        f"images, not {others}.",
    )
    verdict = downstream["verdict"]
    if "gain" not in downstream:
        section.verdict(f"{verdict}: {downstream['reason']}", "neutral")
        return
    gain, low, high = (100 * downstream[key] for key in ("gain", "gain_low", "gain_high"))
    section.verdict(
        f"{verdict}: {gain:+.1f} points of balanced accuracy [{low:+.1f}, {high:+.1f}] over "
        f"{downstream['best_real_arm']}, {downstream['seeds']} paired seeds",
        LEVELS.get(verdict, "neutral"),
    )
    _arms(section, downstream["arms"], downstream["best_real_arm"])
    agreed = downstream["label_fidelity"]
    name = "Label agreement: added images that a classifier of real images gives their own class"
    section.facts({name: f"{100 * agreed:.1f} %" if agreed is not None else None})


def _arms(section: Section, arms: dict[str, Any], rival: str) -> None:
    """Plot and table of every arm, in percent."""
    section.plot(
        intervals(
            [(name, *(100 * arm[key] for key in ("mean", "low", "high"))) for name, arm in arms.items()],
            reference=100 * arms[rival]["mean"],
            xlabel="balanced accuracy on real test images, %",
        ),
        "Mean and 95 % interval over seeds; dashed: the best real-only arm.",
    )
    rates = ("mean", "low", "high", "minority_recall")
    section.table(
        ["Arm", "Balanced accuracy, %", "low", "high", "Recall of the rarest class, %", "AUC"],
        [[name, *(percent(arm[key]) for key in rates), rounded(arm["auc"])] for name, arm in arms.items()],
    )
