"""The exported page in a real browser: what its controls do, and that its pixels are Python's."""

from __future__ import annotations

import re
import shutil
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

ISOLATION = {"Cross_Origin_Opener_Policy": "same-origin", "Cross_Origin_Embedder_Policy": "require-corp"}
PIXELS = """canvas => {  // of a copy: the browser warns of a canvas that is read again and again
  const {width, height} = canvas;
  const copy = new OffscreenCanvas(width, height).getContext('2d', {willReadFrequently: true});
  copy.drawImage(canvas, 0, 0);
  return Array.from(copy.getImageData(0, 0, width, height).data);
}"""
SCRIPT = (
    "document.body.append(Object.assign(document.createElement('script'), {textContent: 'self.ran = 1'}))"
)
# the browser reports a violation a little after it
VIOLATIONS = "new Promise(resolve => setTimeout(() => resolve(self.violations), 500))"
FETCH = "address => fetch(address).then(() => 'sent', () => 'refused')"


class Visit:
    """A page in the browser, with what the browser complained about."""

    def __init__(self, page) -> None:
        self.page, self.complaints = page, []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.add_init_script(
            "self.violations = []; document.addEventListener('securitypolicyviolation', "
            "event => self.violations.push(event.effectiveDirective))"
        )

    def set(self, **values: object) -> None:
        """Move controls, by id, then wait until everything is drawn."""
        for name, value in values.items():
            self.page.locator(f"#{name.replace('_', '-')}").evaluate(
                "(control, value) => { control.value = value; "
                "control.dispatchEvent(new Event('input', { bubbles: true })); }",
                str(value),
            )
        self.drawn()

    def drawn(self) -> None:
        self.page.wait_for_selector("#grid[aria-busy=false]", timeout=60_000)
        assert not self.page.locator("#failure").is_visible()

    def pictures(self) -> np.ndarray:
        """(pictures, height, width, 3) at the native size."""
        found = []
        for canvas in self.page.query_selector_all("#grid canvas"):
            height, width = canvas.evaluate("canvas => [canvas.height, canvas.width]")
            found.append(np.array(canvas.evaluate(PIXELS), np.uint8).reshape(height, width, 4))
        pixels = np.stack(found)
        assert (pixels[..., 3] == 255).all()
        return pixels[..., :3]

    def captions(self) -> list[str]:
        return self.page.locator("#grid figcaption").all_inner_texts()


@pytest.fixture
def visit(browser):
    context = browser.new_context()
    yield Visit(context.new_page())
    context.close()


def agree(shown: np.ndarray, expected: np.ndarray) -> None:
    assert shown.shape == expected.shape
    apart = np.abs(shown.astype(int) - expected)
    assert apart.max() <= 1
    assert (apart > 0).mean() < 1e-3


@pytest.mark.parametrize("headers", [{}, ISOLATION], ids=["plain", "isolated"])
def test_the_controls_draw_what_python_draws(visit, served, site, model, headers):
    with served(site, **headers) as address:
        visit.page.goto(address)
        visit.drawn()
        assert visit.page.evaluate("crossOriginIsolated") == bool(headers)
        agree(visit.pictures(), model.draw(list(range(16)), [i % 3 for i in range(16)]))
        visit.set(seed_slider=40, count=5)
        agree(visit.pictures(), model.draw([40, 41, 42, 43, 44], [1, 2, 0, 1, 2]))  # classes by the seed
        large = 2**60 + 5  # as in a manifest: beyond the slider, and beyond what a Number holds
        visit.set(seed=large, count=2)
        agree(visit.pictures(), model.draw([large, large + 1], [large % 3, (large + 1) % 3]))
        visit.page.select_option("#label", label="square")
        visit.set(seed=7, truncation=0.25)
        agree(visit.pictures(), model.draw([7, 8], label=1, truncation=0.25))
        assert visit.captions() == ["square · seed 7", "square · seed 8"]
        threads = min(4, visit.page.evaluate("navigator.hardwareConcurrency")) if headers else 1
        assert f"onnxruntime-web 1.30.0, {threads} thread" in visit.page.inner_text("#facts")
        visit.page.click("#other")
        visit.drawn()
        assert (visit.pictures() != model.draw([7, 8], label=1, truncation=0.25)).any()
    assert visit.complaints == []


def test_requests_while_drawing_end_with_the_newest(visit, served, site, model):
    with served(site) as address:
        visit.page.goto(address)
        visit.drawn()
        visit.page.evaluate(
            "for (const [id, value] of [['count', 64], ['seed', 5], ['seed', 9], ['count', 3]]) {"
            " const control = document.getElementById(id); control.value = value;"
            " control.dispatchEvent(new Event('input')); }"
        )
        visit.drawn()
        agree(visit.pictures(), model.draw([9, 10, 11], [0, 1, 2]))
        assert re.fullmatch(r"3 pictures, [\d.]+ ms each in this browser\.", visit.page.inner_text("#status"))


def test_it_shows_what_the_card_says_as_text(visit, served, site):
    with served(site) as address:
        visit.page.goto(address)
        visit.drawn()
        assert visit.page.title() == "Shapes <i>drawn</i> by a test"
        assert visit.page.inner_text("h1") == "Shapes <i>drawn</i> by a test"
        assert visit.page.inner_text("#notice") == "Machine-generated shapes."
        facts = visit.page.inner_text("#facts")
        assert all(
            text in facts
            for text in (
                "0123abcd",
                "Apache-2.0",
                "stripes & <b>",
                "profile w16",
                "16 \N{MULTIPLICATION SIGN} 16",
            )
        )
        names = visit.page.locator("#label option").all_inner_texts()
        assert names == ["All in turn", "disc", "square", "stripes & <b>"]
        for name in ("First seed", "Truncation", "Class", "How many"):
            assert visit.page.get_by_label(name, exact=True).is_visible()
    assert visit.complaints == []


def test_the_saved_png_holds_the_pictures_and_says_that_they_are_synthetic(visit, served, site, model):
    with served(site) as address:
        visit.page.goto(address)
        visit.drawn()
        visit.set(seed=3, count=2, label=0)
        with visit.page.expect_download() as download:
            visit.page.click("#save")
        assert download.value.suggested_filename == "synthetic-3-4.png"
        data = download.value.path().read_bytes()
    with Image.open(BytesIO(data)) as picture:
        pixels = np.array(picture.convert("RGB"))
        assert picture.text["Title"] == "Shapes <i>drawn</i> by a test"
        assert picture.text["Comment"].startswith("synthetic content; seeds 3 to 4, truncation 1, weights ")
    agree(np.stack([pixels[:, :16], pixels[:, 18:]]), model.draw([3, 4]))
    assert visit.complaints == []


def test_values_beyond_eight_bits_are_windowed_by_their_range(visit, served, medical_site, model):
    values = type(model)(medical_site / "model.onnx").draw([0, 1, 2, 3])
    assert values.dtype == np.int16
    with served(medical_site) as address:
        visit.page.goto(address)
        visit.drawn()
        visit.set(count=4)
        assert not visit.page.locator("#label").is_visible()
        assert visit.captions() == ["seed 0", "seed 1", "seed 2", "seed 3"]
        expected = np.rint((values + 1000.0) * 255 / 1400)
        agree(visit.pictures(), np.repeat(expected.astype(int), 3, axis=3))
    assert visit.complaints == []


def test_the_policy_of_the_page_is_in_force(visit, served, site):
    with served(site) as address, served(site) as elsewhere:
        visit.page.goto(address)
        visit.drawn()
        assert visit.page.evaluate(VIOLATIONS) == []
        visit.page.evaluate(SCRIPT)
        assert visit.page.evaluate("self.ran") is None
        assert visit.page.evaluate(FETCH, f"{elsewhere}/card.js") == "refused"
        assert visit.page.evaluate(VIOLATIONS) == ["script-src-elem", "connect-src"]


def test_opened_as_a_file_it_says_what_to_do(visit, site):
    visit.page.goto((site / "index.html").as_uri())
    hint = visit.page.locator("#hint")
    hint.wait_for(state="visible", timeout=10_000)
    assert "python -m http.server" in hint.inner_text()


@pytest.mark.parametrize(
    ("absent", "said"),
    [
        ("model.onnx", "model.onnx cannot be loaded: the server answers 404."),
        ("ort/ort.wasm.min.mjs", "ort/ort.wasm.min.mjs cannot be loaded: it is missing"),
        ("ort/ort-wasm-simd-threaded.wasm", "The model cannot be opened"),
        ("png.js", "This page has not started."),
    ],
)
def test_what_is_missing_is_named_on_the_page(visit, served, site, tmp_path, absent, said):
    shutil.copytree(site, tmp_path / "page")
    (tmp_path / "page" / absent).unlink()
    with served(tmp_path / "page") as address:
        visit.page.goto(address)
        shown = visit.page.locator(".failure:visible")
        shown.wait_for(timeout=30_000)
        assert shown.inner_text().startswith(said)


def test_a_file_that_is_no_export_is_named_on_the_page(visit, served, site, tmp_path):
    shutil.copytree(site, tmp_path / "page")
    (tmp_path / "page" / "model.onnx").write_bytes(b"")
    with served(tmp_path / "page") as address:
        visit.page.goto(address)
        visit.page.wait_for_selector("#failure:visible")
        assert "no export of ganworks" in visit.page.inner_text("#failure")


def test_the_small_page_of_the_examples_draws(visit, served, site, model, kits, tmp_path):
    shutil.copytree(site / "ort", tmp_path / "ort")
    for file in (site / "model.onnx", kits / "web" / "index.html", kits / "web" / "main.js"):
        shutil.copy(file, tmp_path)
    with served(tmp_path) as address:
        visit.page.goto(address)
        visit.page.get_by_text("Drawn on this device.").wait_for(timeout=60_000)
        pixels = np.array(visit.page.evaluate(f"({PIXELS})(document.getElementById('picture'))"), np.uint8)
    agree(pixels.reshape(1, 16, 16, 4)[..., :3], model.draw([7]))
    assert visit.complaints == []
