"""The section of the report on how close synthetic images come to real ones, and its headlines."""

from __future__ import annotations

from typing import Any

from ganworks.metrics.fidelity import LEAST_CLASS_ROWS
from ganworks.report import Report, Section
from ganworks_image.evaluation import NOT_APPLICABLE
from ganworks_image.report_gain import rounded

FEWEST_TOLD = 30  # held-out images; the five nearest of fewer lie so far apart that noise falls between them
TOO_FEW_TEXT = (
    "Judge by eye: {count} held-out images are too few for these numbers. With fewer than {needed}, even "
    "noise can reach a high coverage. Give more images."
)


def too_few(fidelity: dict[str, Any]) -> bool:
    """Whether the real images that judge are so few that a bad generator gets good marks."""
    return bool(fidelity["n_real"] < FEWEST_TOLD)


def fidelity_headlines(page: Report, fidelity: dict[str, Any]) -> None:
    """The numbers at the top of the page, in both feature spaces; none that would flatter noise."""
    if "reason" in fidelity:
        page.headline("Fidelity", fidelity.get("verdict", NOT_APPLICABLE))
        return
    if too_few(fidelity):
        page.headline(f"Fidelity ({fidelity['n_real']} held-out images)", "too few to tell")
        return
    # the first space alone would flatter a recipe that trains on it
    for space in (fidelity, fidelity["independent"]):
        name = space["extractor"]["name"]
        page.headline(f"Coverage, {name} (1 is best)", rounded(space["coverage"], 2))
        page.headline(f"KID-{name} (0 is best)", rounded(space["kid"], 2))
    page.headline("Diversity (1 as real)", rounded(fidelity["diversity_ratio"], 2))


def fidelity_section(page: Report, fidelity: dict[str, Any]) -> None:
    """The numbers beside what real images reach; where these are too few, that comes first."""
    section = page.section(
        "Fidelity",
        "Distances between synthetic images and held-out real ones. The floor is what fresh real images of "
        "the same number would reach: a generator at the floor cannot be told from real data by this number. "
        "Copies of the training images would pass all of these; see the next section.\n\n"
        "No feature space is neutral: the projected recipe trains against lite0, and the kept checkpoint was "
        "chosen by the kernel distance in self (see Training). Trust what both say. One odd "
        "image among the real ones can be enough for a precision of 1, whatever was drawn.",
    )
    if "reason" in fidelity:
        section.verdict(fidelity["reason"], "neutral")
        return
    if too_few(fidelity):
        section.verdict(TOO_FEW_TEXT.format(count=fidelity["n_real"], needed=FEWEST_TOLD), "neutral")
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
            [title, *(rounded(block[k]) for block in (fidelity, other) for k in (key, floor))]
            for key, (title, floor) in keys.items()
        ],
        f"{fidelity['n_synthetic']} synthetic against {fidelity['n_real']} held-out real images. Features: "
        + ", ".join(f"{b['extractor']['name']} ({b['extractor']['hash'][:12]})" for b in (fidelity, other)),
    )
    section.facts(
        {
            "Diversity within a class (1 as real)": rounded(fidelity["diversity_ratio"]),
            "Spectrum distance, dB (0 is best)": rounded(fidelity["spectrum_distance"]),
            "Intensity distance (0 is best)": rounded(fidelity["intensity_emd"]),
        }
    )
    _per_class(section, fidelity["per_class"])


def _per_class(section: Section, found: dict[str, Any]) -> None:
    keys = ("n_real", "kid", "kid_floor", "coverage", "diversity_ratio")
    rows = [[name, *(rounded(block.get(key)) for key in keys)] for name, block in found.items()]
    columns = ["Class", "Real images", "KID", "KID, floor", "Coverage", "Diversity"]
    caption = f"For each class; below {LEAST_CLASS_ROWS} images a distance would be noise."
    section.table(columns, rows, caption)
