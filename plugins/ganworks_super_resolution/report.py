"""The report of a run: one page that shows what the network makes of photos that it never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganworks.report import Level, Report, Section
from ganworks.report.facts import losses_of, model_facts, warnings_of
from ganworks.report.pictures import curves
from ganworks.run import REPORT, Run
from ganworks_super_resolution.evaluation import MEASURES, MODEL, PIXELS
from ganworks_super_resolution.report_pictures import Shown, most_detail, worst

ROWS = 4  # photos in a picture
ENLARGED = 2  # each pixel shown so wide: three crops fill the page
NOT_YET = "not evaluated yet: `gan evaluate RUN`"
USE = (
    "Intended use: photos like those that were trained on, made larger or cleaner to be looked at. What the "
    "network puts between the pixels is likely, not known: it knows its training photos only, and the rights "
    "of their owners go with it."
)
INVENTS = (
    "This network was trained against a critic: it invents detail that fits and was not there. Do not "
    "measure or diagnose on its pictures, and identify nobody by them."
)
SMOOTHS = (
    "This network was trained on the mean distance to the original: where several answers are possible it "
    "gives their mean, which is soft. Small writing, faces and textures may be wrong all the same: do not "
    "diagnose on its pictures."
)
EMBED = """from ganworks_exports.runtime import load

model = load("{file}")
result = model.transform(picture)  # (height, width, channels), {dtype}; tile=256 for a large one"""


@dataclass(frozen=True)
class About:
    """What a report says of its run beside the numbers."""

    title: str
    facts: Mapping[str, Any]  # of the data and the task, as people read them
    notes: Sequence[str]  # on the data
    rejects: Sequence[Sequence[str]]  # file, reason, what was done
    invents: bool  # trained against a critic
    dtype: str  # of the exported model's input


def write_report(run: Run, about: About, photos: Sequence[Shown], metrics: Mapping[str, Any]) -> Path:
    """Write ``report.html`` into the run folder; return its path.

    ``photos`` are held-out ones to be shown, ``metrics`` as ``metrics.json`` holds them.
    """
    page = Report(about.title, "Every picture below that is called restored was made by a network.")
    found = metrics.get("restoration")
    if found and "reason" not in found:
        _headlines(page, found)
    _pictures(page, photos)
    _numbers(page, found)
    _training(page, run)
    _data(page, about)
    _model(page, run, about, metrics)
    path = run.folder / REPORT
    page.write(path)
    return path


def _headlines(page: Report, found: Mapping[str, Any]) -> None:
    gain, ours = found["gain_db"], found["mean"][MODEL]
    level: Level = "neutral" if gain is None else "good" if gain > 0 else "bad"
    page.headline(f"PSNR-Y over {found['rival']}, dB", _rounded(gain, 2), level)
    for name, text in MEASURES.items():
        page.headline(text, _rounded(ours[name], 2 if name == PIXELS else 3))


def _pictures(page: Report, photos: Sequence[Shown]) -> None:
    section = page.section("Side by side", "Places of held-out photos, before and after, and as they were.")
    if not photos:
        section.verdict("No photo was held out.", "neutral")
        return
    section.picture(
        most_detail(photos[:ROWS]), "Where there is most detail: the first held-out photos.", scale=ENLARGED
    )
    section.picture(
        worst(photos, ROWS),
        f"Where the network is furthest from the original: the worst of {len(photos)} held-out photos.",
        scale=ENLARGED,
    )


def _numbers(page: Report, found: Mapping[str, Any] | None) -> None:
    section = page.section(
        "Numbers",
        "PSNR and SSIM are those of papers: 8 bit, luma (BT.601), a border as wide as the scale left out. "
        "Higher is better. They favour soft pictures.\n\n"
        "The Lite0 perceptual distance compares features of a pretrained EfficientNet-Lite0; lower is "
        "better. It favours sharp pictures, also where their detail is invented, and recipes that train on "
        "the same features, as srgan and esrgan do. It compares the rows of this table with each other, and "
        "with no distance of a paper.",
    )
    if not found or "reason" in found:
        section.verdict(found["reason"] if found else NOT_YET, "neutral")
        return
    rows = [[way, *(values[name] for name in MEASURES)] for way, values in found["mean"].items()]
    section.table(["Way", *MEASURES.values()], rows, f"Means over {found['photos']} held-out photos.")
    section.facts(
        {
            f"Photos with more PSNR-Y than by {found['rival']}": f"{found['better']} of {found['photos']}",
            "Border left out, pixels": found["border"],
            "Seconds for a megapixel of the result": _rounded(found["seconds_per_megapixel"], 3),
        }
    )
    _each_photo(section, found)


def _each_photo(section: Section, found: Mapping[str, Any]) -> None:
    ways = list(found["mean"])
    heads = [f"{way}, {text}" for text in MEASURES.values() for way in ways]
    rows = [
        [
            one["photo"],
            " x ".join(map(str, one["size"])),
            *(one[way][name] for name in MEASURES for way in ways),
        ]
        for one in found["per_photo"]
    ]
    section.table(["Photo", "Pixels", *heads], rows, "Photo by photo", folded=True)


def _training(page: Report, run: Run) -> None:
    section = page.section("Training")
    events = run.events()
    section.plot(curves(losses_of(events), "step", "loss"), "Losses on training crops.")
    checks = [event for event in events if event["event"] == "validation"]
    for name, text in MEASURES.items():
        scored = [(e["step"], e[name]) for e in checks if e.get(name) is not None]
        if scored:
            section.plot(curves({name: scored}, "step", text), f"{text} on crops of validation photos.")
    section.warning_list(
        warnings_of(events),
        none="No warnings while reading, training and evaluating.",
    )


def _data(page: Report, about: About) -> None:
    section = page.section("Data", "Whole photos are held out, never parts of one that was trained on.")
    section.facts(about.facts)
    section.warning_list(about.notes, none="Nothing unusual in the data.")
    heads, count = ["File", "Reason", "What was done"], len(about.rejects)
    section.table(heads, about.rejects, f"{count} remarks on files", folded=True)


def _model(page: Report, run: Run, about: About, metrics: Mapping[str, Any]) -> None:
    section = page.section("Model card")
    export = metrics.get("export", {})
    section.facts(model_facts(run, metrics))
    section.text(USE)
    section.verdict(INVENTS if about.invents else SMOOTHS, "neutral")
    section.text("To use it on your own pictures, or in another program with numpy and onnxruntime only:")
    section.code(f"gan run super-resolution photo.jpg --from {run.folder.name}", "sh")
    if str(export.get("file", "")).endswith(".onnx"):
        section.code(EMBED.format(file=Path(export["file"]).name, dtype=about.dtype), "python")


def _rounded(value: Any, digits: int) -> Any:
    return round(value, digits) if isinstance(value, float) else value
