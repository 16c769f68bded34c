"""The report as a page: what is in it, that it loads nothing, and that a user's text never becomes markup."""

import base64
import io
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError
from PIL import Image

from ganworks.report import Report
from ganworks.report.pictures import curves

VOID = {"meta", "link", "img", "br", "hr", "path", "use", "rect", "circle", "line"}
HOSTILE = "<script>alert(1)</script> \"quoted\" & 'x' onerror=1 </style></svg>{{ 7 * 7 }}"
GREY = np.arange(60, dtype=np.uint8).reshape(6, 10)


class Page(HTMLParser):
    """What a browser sees: tags with their attributes, the text, and whether every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def full_report(word: str) -> Report:
    """Return a report with every kind of block, ``word`` wherever a user's text may come."""
    report = Report(word, word).headline(word, word, "good").headline("count", 1234, "bad")
    section = report.section(word, word).text(word).verdict(word, "bad").facts({word: word})
    section.table([word, "n"], [[word, 1]], word).table([word], [[word]], word, folded=True)
    section.picture(GREY, word).pictures([(GREY, word), (GREY, "")], 2, alt=word)
    section.plot(curves({word: [(0, 1), (1, 2)], "b": [(0, 1)]}, word, word), word)
    section.code(word, word).warning_list([word]).warning_list([], word)
    return report


def test_hostile_text_stays_text():
    page = Page(full_report(HOSTILE).html())
    assert page.open == []
    assert page.all("script") == []
    assert page.text.count("<script>alert(1)</script>") >= 20
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "49" not in page.text


@settings(deadline=None, max_examples=50)
@given(word=st.text(min_size=1, max_size=30).filter(str.strip))
def test_any_text_makes_a_well_formed_page(word):
    report = Report(word, word).headline(word, word)
    section = report.section(word).verdict(word, "good").facts({word: word})
    section.table([word], [[word]], word).code(word, word).warning_list([word])
    page = Page(report.html())
    assert page.open == []
    assert len(page.all("section")) == len(page.all("table")) == len(page.all("pre")) == 1


def test_the_page_asks_for_nothing_and_runs_nothing():
    html = full_report("plain").html()
    page = Page(html)
    sources = [value for _, attributes in page.tags for name, value in attributes.items() if name == "src"]
    targets = [attributes["href"] for attributes in page.all("link") + page.all("a")]
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert all(target.startswith("#") or target == "data:," for target in targets)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_contents_lead_to_the_sections():
    report = Report("Title")
    report.section("Quality")
    report.section("Quality")
    page = Page(report.html())
    assert [link["href"] for link in page.all("a")] == ["#s1", "#s2"]
    assert [heading["id"] for heading in page.all("h2") if "id" in heading] == ["s1", "s2"]


def test_ids_are_unique_with_many_plots():
    section = Report("Title").section("Plots")
    report = Report("Title", sections=[section])
    for _ in range(3):
        section.plot(curves({"a": [(0, 1), (1, 3)]}, "x", "y"))
    html = report.html()
    ids = [attributes["id"] for _, attributes in Page(html).tags if "id" in attributes]
    assert len(ids) == len(set(ids)) > 30
    referred = re.findall(r'url\(#([^)]+)\)|xlink:href="#([^"]+)"', html)
    assert {first or second for first, second in referred} <= set(ids)


def test_pictures_keep_their_pixels_and_have_an_alternative():
    colour = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    report = Report("Title")
    report.section("Samples").picture(GREY, scale=3).picture(colour, "noise").picture(
        GREY, "a", alt="stripes"
    )
    first, second, third = Page(report.html()).all("img")
    assert (first["width"], first["height"]) == ("30", "18")
    assert [picture["alt"] for picture in (first, second, third)] == [
        "Samples: picture of 10 x 6 pixels", "noise", "stripes",
    ]  # fmt: skip
    png = base64.b64decode(second["src"].partition(",")[2])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), colour)


def test_plots_have_an_alternative_and_follow_the_pages_colours():
    report = Report("Title")
    report.section("Training").plot(curves({"a": [(0, 1), (1, 3)]}, "step", "loss"), "The loss falls.")
    html = report.html()
    assert 'role="img" aria-label="The loss falls."' in html
    assert "var(--ink)" in html
    assert "#12345" not in html
    assert "step" in Page(html).text


def test_headlines_say_their_level_in_words_too():
    page = Page(Report("Title").headline("gain", 0.04567, "good").headline("n", 12345).html())
    assert "0.0457" in page.text or "0.04567" in page.text
    assert "(Good)" in page.text
    assert "12,345" in page.text


def test_tables_align_numbers_and_show_what_is_missing():
    report = Report("Title")
    report.section("Arms").table(["arm", "score"], [["real", 0.5], ["both", None], ["fake", 0.25]])
    page = Page(report.html())
    assert [cell.get("class") for cell in page.all("td")] == [None, "number"] * 3
    assert "real 0.50 both \N{EN DASH} fake 0.25" in page.text


def test_an_empty_table_and_an_empty_warning_list_say_so():
    report = Report("Title")
    report.section("Data").table(["file", "reason"], []).warning_list([])
    text = Page(report.html()).text
    assert "no rows" in text
    assert "No warnings." in text


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        (lambda section: section.table(["a", "b"], [[1]]), "a row of 1 cells in a table of 2 columns"),
        (lambda section: section.picture(GREY.astype(float)), "expected uint8"),
        (lambda section: section.picture(np.zeros((3, 4, 4), np.uint8)), "expected uint8"),
        (lambda section: section.picture(GREY, scale=0), "scale must be at least 1"),
        (lambda section: section.verdict("fine", "great"), "expected one of good, neutral, bad"),
    ],
)
def test_wrong_use_is_named(use, reason):
    with pytest.raises(ValueError, match=reason):
        use(Report("Title").section("Section"))


def test_writing_is_repeatable_and_leaves_one_file(tmp_path):
    path = tmp_path / "new" / "report.html"
    full_report("plain").write(path)
    first = path.read_bytes()
    full_report("plain").write(path)
    assert path.read_bytes() == first
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]


def test_a_failed_write_keeps_the_old_page(tmp_path):
    path = tmp_path / "report.html"
    Report("Old").write(path)
    broken = Report("New")
    broken.section("x")._add("table", heads=[])  # a block the template cannot draw
    with pytest.raises(UndefinedError):
        broken.write(path)
    assert "Old" in path.read_text(encoding="utf-8")


def test_reports_without_plots_import_neither_torch_nor_matplotlib():
    program = (
        "import sys\nfrom ganworks.report import Report\nReport('a').section('b').text('c')\n"
        "assert not {'torch', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
