"""The sections of the report on the tests: two samples, utility, privacy, fairness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganworks.report import Level, Report, Section
from ganworks.report.pictures import intervals
from ganworks_tabular import plots

LEVELS: dict[str, Level] = {"pass": "good", "warn": "neutral", "fail": "bad"}
TABLES = {"train": "training", "heldout": "held-out", "synthetic": "synthetic"}
ARMS = {
    "real": "Real rows only",
    "class_weights": "Real, class weights",
    "oversampling_x2": "Real, positives repeated, x2",
    "oversampling_balance": "Real, positives repeated to balance",
    "smote_x2": "Real + SMOTE-NC, x2",
    "smote_balance": "Real + SMOTE-NC to balance",
    "augmented_x2": "Real + synthetic positives, x2",
    "augmented_balance": "Real + synthetic positives to balance",
    "synthetic": "Synthetic rows only",
}


def rounded(value: Any, digits: int = 3) -> Any:
    """A number with so many decimals; anything else, None among them, as it is."""
    return round(value, digits) if isinstance(value, float) else value


def two_sample_section(page: Report, test: Mapping[str, Any], coverage: Mapping[str, Any]) -> None:
    """Can a classifier tell the rows, which columns tell it, and which real rows are not reached."""
    section = page.section(
        "Two-sample test and coverage",
        "A classifier learns to tell synthetic rows from held-out real ones and is asked about rows it has "
        "not seen. At AUC 0.5 it cannot; at 1 it always can. It sees all columns together, so it finds what "
        "scores of single columns and pairs miss.",
    )
    section.facts(
        {
            "AUC, synthetic against held-out": f"{test['auc']:.3f} ± {test['se']:.3f}",
            "AUC, training against held-out (best possible)": rounded(test["ceiling"]["auc"]),
            "Rows of each table": test["rows"],
        }
    )
    section.plot(plots.two_sample_roc(test), "ROC of the two-sample test; the diagonal is chance.")
    section.table(
        ["Column", "AUC lost when it is shuffled"],
        [[block["column"], rounded(block["auc_lost"], 4)] for block in test["telltales"]],
        "The columns that give synthetic rows away. Columns that tell the same share the loss.",
    )
    section.table(
        ["", "Coverage", "ceiling", "expected", "Density", "ceiling"],
        [
            [name, *_coverage_cells(coverage[key])]
            for key, name in (("all", "All rows"), ("positives", "Positives"))
        ],
        f"Density and coverage (Naeem 2020, k = {coverage['k']}): coverage is the share of held-out rows "
        "that have a synthetic row in their neighbourhood; density, near 1, tells whether synthetic rows lie "
        "where real ones are. The ceiling is that of training rows, expected what a perfect generator "
        "reaches with so many rows.",
    )


def _coverage_cells(block: Mapping[str, Any]) -> list[Any]:
    ceiling = block["ceiling"] or {"coverage": None, "density": None}
    values = (block["coverage"], ceiling["coverage"], block["expected"], block["density"], ceiling["density"])
    return [rounded(value) for value in values]


def utility_section(page: Report, utility: Mapping[str, Any]) -> None:
    """What classifiers gain or lose."""
    section = page.section(
        "Utility",
        "Classifiers are trained in several ways and tested on the same held-out real rows. Training on "
        "synthetic rows alone shows how much of what matters for finding positives the table holds.\n\n"
        "No gain over training on real rows is promised: measured on real fraud tables, neither random "
        "oversampling, SMOTE nor synthetic positives gave a better average precision than the real rows "
        "alone. The table shows what they do here.",
    )
    if "skipped" in utility:
        section.verdict(f"Not measured: {utility['skipped']}.", "neutral")
        return
    section.facts(
        {
            "Held-out positives": utility["positives"]["heldout"],
            "Share of positives in the hold-out (average precision of a guess)": rounded(
                utility["prevalence"], 4
            ),
            "Seeds": utility["seeds"],
        }
    )
    section.plot(
        plots.precision_recall(utility), "Precision and recall on held-out rows, gradient-boosted trees."
    )
    for kind, found in utility["classifiers"].items():
        _arms(section, kind, found, utility["seeds"])


def _arms(section: Section, kind: str, found: Mapping[str, Any], seeds: int) -> None:
    arms, gain = found["arms"], found["gain"]
    shown = [arm for arm in ARMS if arm in arms]
    known = [arm for arm in shown if arm != "real" and gain[arm]["low"] is not None]
    if known:
        points = [(ARMS[arm], *(100 * gain[arm][key] for key in ("mean", "low", "high"))) for arm in known]
        section.plot(
            intervals(points, 0.0, "average precision over real rows only, points"),
            f"{kind}: difference to real rows only, mean and 95 % interval over {seeds} paired seeds. It "
            "covers neither another split of the data nor another training of the generator.",
        )
    measures = [(name, key) for name in ("average_precision", "roc_auc") for key in ("mean", "sd")]
    section.table(
        [kind, "Average precision", "sd", "ROC-AUC", "sd"],
        [[ARMS[arm], *(rounded(arms[arm][name][key], 4) for name, key in measures)] for arm in shown],
    )


def privacy_section(page: Report, privacy: Mapping[str, Any]) -> None:
    """Were rows copied."""
    section = page.section(
        "Privacy",
        "Does the table repeat training rows? Held-out real rows are the measure: they show how near rows of "
        "this kind naturally are. A pass means that these tests found no copying, not that the table is "
        "anonymous.",
    )
    verdict = privacy["verdict"]
    section.verdict(f"Privacy tests: {verdict}", LEVELS[verdict])
    section.warning_list(privacy["reasons"], none="No test found more than chance gives.")
    section.plot(
        plots.privacy_histogram(privacy["all"]),
        "A copying generator has synthetic rows piled up at the left of the held-out ones.",
    )
    rows = {
        "below_p5": "Nearer than the held-out rows' 5th percentile (0.05 or less)",
        "median_ratio": "Median distance over that of held-out rows (1)",
        "exact": "Equal to a training row",
        "exact_heldout": "Held-out rows equal to a training row",
        "nearer_train": "Nearer to training than to held-out rows (0.5)",
        "membership_auc": "Membership inference AUC (0.5)",
        "membership_se": "its standard error",
    }
    blocks = (privacy["all"], privacy["positives"])
    section.table(
        ["Natural value in brackets", "All rows", "Positives"],
        [[text, *(_decimal(block.get(key)) for block in blocks)] for key, text in rows.items()],
        "Sensitivity (how small a leak these tests could have seen): "
        f"{blocks[0]['confidence']} for all rows, {blocks[1]['confidence']} for the positives alone.",
    )


def fairness_section(page: Report, fairness: Mapping[str, Any]) -> None:
    """How the groups of the sensitive column fare."""
    section = page.section(
        "Fairness",
        f"Groups of the column {fairness['sensitive']}. A synthetic table passes on the bias of its training "
        "table; it must not add to it.",
    )
    names = TABLES.values()
    section.table(
        ["Group", *(f"Rows, {name}" for name in names), *(f"Positive, {name}, %" for name in names)],
        [
            [
                block["group"],
                *(block[name]["rows"] for name in TABLES),
                *(_percent(block[name]["positive_rate"]) for name in TABLES),
            ]
            for block in fairness["groups"]
        ],
        "A rate of fewer than 10 rows is not given.",
    )
    keys = {
        "demographic_parity_difference": "Demographic parity difference",
        "equalised_odds_difference": "Equalised odds difference",
    }
    found = [fairness["classifiers"][name] or {} for name in ("real", "synthetic")]
    section.table(
        ["0 is best", "Trained on real rows", "Trained on synthetic rows"],
        [[name, *(rounded(block.get(key)) for block in found)] for key, name in keys.items()],
        "Largest difference between groups of the share of alarms, and of the true or false positive rate, "
        "on held-out real rows. Groups with few positives make the second one noisy.",
    )


def _decimal(share: float | None) -> str | None:
    return None if share is None else f"{share:.3f}"


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)
