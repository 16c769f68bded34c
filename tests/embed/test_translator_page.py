"""The page for models from image to image, in a real browser: its pixels are those of Python's runtime."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from ganworks.networks import CompactUpscaler
from ganworks.space import SampleSpace
from ganworks_exports import runtime
from ganworks_image.image_to_image import image_to_image
from ganworks_image.intensity import IntensityMap

U8 = IntensityMap(low=0, high=255, dtype="uint8")
U12 = IntensityMap(low=0, high=4095, dtype="uint16")
CARD = {"title": "Larger <i>pictures</i>", "notice": "Detail is invented."}
VIOLATIONS = "new Promise(resolve => setTimeout(() => resolve(self.violations), 300))"
BEGUN = "#working:visible #progress:not([value='0'])"
DROP = """([bytes, name]) => {
  const held = new DataTransfer();
  held.items.add(new File([Uint8Array.from(bytes)], name, { type: 'image/png' }));
  document.dispatchEvent(new DragEvent('drop', { dataTransfer: held, bubbles: true, cancelable: true }));
}"""
BEATS = """() => {  // the longest time for which the page did not answer, from now on
  self.longest = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    self.longest = Math.max(self.longest, now - last);
    last = now;
  }, 10);
}"""


class Translator(nn.Module):
    """Two halvings and back; with `whole` a pixel also depends on the mean of its picture."""

    multiple, scale = 4, 1

    def __init__(self, channels: tuple[int, int], whole: bool = False) -> None:
        super().__init__()
        self.whole = whole
        self.down = nn.Sequential(nn.Conv2d(channels[0], 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 4, 2, 1))
        self.up = nn.Conv2d(8, 16 * channels[1], 3, 1, 1)

    def forward(self, latent: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        h = F.pixel_shuffle(self.up(self.down(source).relu()), 4)
        return torch.tanh(3 * h - 20 * h.mean((2, 3), keepdim=True) if self.whole else 3 * h)


def upscaler() -> nn.Module:
    torch.manual_seed(0)
    space = SampleSpace(channels=3, size=(32, 32))
    made = CompactUpscaler(SampleSpace(channels=3, size=(16, 16)), space, width=8, depth=3)
    nn.init.normal_(made.last.weight, std=0.1)
    return made


def translator(**options) -> nn.Module:
    torch.manual_seed(0)
    return Translator(**options)


MODELS = {
    "upscaler": lambda: image_to_image(
        upscaler(), source=U8, target=U8, channels=3, size=None, card=CARD
    ),
    "whole": lambda: image_to_image(
        translator(channels=(3, 3), whole=True), source=U8, target=U8, channels=3, size=None, card=CARD
    ),
    "grey": lambda: image_to_image(
        translator(channels=(1, 3)), source=U12, target=U8, channels=(1, 3), size=(21, 27), card=CARD
    ),
    "labels": lambda: image_to_image(
        translator(channels=(5, 3)), source=U8, target=U8, channels=(1, 3), size=None, card=CARD, labels=5
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def pages(publish) -> dict[str, Path]:
    """The pages made so far, by name: an export takes seconds."""
    made: dict[str, Path] = {}

    def page(name: str) -> Path:
        if name not in made:
            made[name] = publish(MODELS[name]())
        return made[name]

    return page


@pytest.fixture
def visit(browser, served, pages):
    """Open the page of a model; its complaints are checked at the end."""
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    complaints = []
    servers = []

    def opened(name: str):
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.add_init_script(
            "self.violations = []; document.addEventListener('securitypolicyviolation', "
            "event => self.violations.push(event.effectiveDirective))"
        )
        servers.append(served(pages(name)))
        page.goto(servers[-1].__enter__())
        page.wait_for_selector("#translator:visible", timeout=60_000)
        return page

    yield opened
    context.close()
    for server in servers:
        server.__exit__(None, None, None)
    assert complaints == []


def photo(height: int, width: int, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(height)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, channels)).repeat(8, 0).repeat(8, 1)
    noise = rng.integers(-20, 20, (height, width, channels))
    return (coarse[:height, :width] + noise).clip(0, 255).astype(np.uint8)


def png(pixels: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG")
    return file.getvalue()


def give(page, content: bytes, name: str = "mine.png") -> None:
    page.set_input_files("#file", {"name": name, "mimeType": "image/png", "buffer": content})


def saved(page) -> Image.Image:
    """What "Save PNG" gives when the picture is done."""
    page.wait_for_selector("#comparison[aria-busy=false]", timeout=120_000)
    assert not page.locator("#failure").is_visible()
    with page.expect_download() as download:
        page.click("#save-result")
    return Image.open(BytesIO(download.value.path().read_bytes()))


def agree(shown: np.ndarray, expected: np.ndarray) -> None:
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).max() <= 1


def model(folder: Path) -> runtime.Model:
    return runtime.load(folder / "model.onnx")


@pytest.mark.parametrize("size", [(1, 1), (37, 53), (250, 421)], ids=str)
def test_a_chosen_picture_comes_out_as_in_python(visit, pages, size):
    page = visit("upscaler")
    pixels = photo(*size)
    give(page, png(pixels))
    picture = saved(page)
    agree(np.array(picture.convert("RGB")), model(pages("upscaler")).transform(pixels))
    assert picture.text["Comment"].startswith("synthetic content; made from mine, weights ")
    assert page.inner_text("#status").startswith(f"{2 * size[1]} × {2 * size[0]} pixels in ")  # noqa: RUF001
    assert "2 times the size of yours, 3 channels, uint8" in page.inner_text("#facts")
    assert "onnxruntime-web 1.30.0, 1 thread" in page.inner_text("#facts")
    assert page.evaluate(VIOLATIONS) == []


def test_a_dropped_picture_keeps_its_transparency(visit, pages):
    page = visit("upscaler")
    colours, alpha = photo(41, 30), np.full((41, 30), 255, np.uint8)
    alpha[:20, :15] = 0
    page.evaluate(DROP, [list(png(np.dstack([colours, alpha]))), "logo.v2.png"])
    picture = saved(page)
    assert picture.mode == "RGBA"
    made = np.array(picture)
    np.testing.assert_array_equal(made[..., 3], alpha.repeat(2, 0).repeat(2, 1))
    solid = np.where(alpha[..., None] > 0, colours, 0)  # what lies under full transparency a browser forgets
    agree(made[made[..., 3] > 0][:, :3], model(pages("upscaler")).transform(solid)[made[..., 3] > 0])
    assert "Transparency was kept" in page.inner_text("#status")


def test_the_newest_picture_wins_and_cancel_stops(visit, pages):
    page = visit("upscaler")
    large, small = png(photo(1000, 1200)), photo(20, 30)
    give(page, large)
    give(page, png(small))
    agree(np.array(saved(page).convert("RGB")), model(pages("upscaler")).transform(small))
    give(page, large)
    page.wait_for_selector(BEGUN)
    page.click("#cancel")
    assert page.inner_text("#status") == "Cancelled."
    assert not page.locator("#working").is_visible()
    assert page.locator("#save-result").is_disabled()  # half a result is none
    give(page, png(small))  # and it goes on working
    assert saved(page).size == (60, 40)


@pytest.mark.slow
def test_a_photo_of_three_megapixels_does_not_freeze_the_page(visit, pages):
    page = visit("upscaler")
    pixels = photo(1500, 2000)
    give(page, png(pixels))
    page.wait_for_selector(BEGUN)
    page.evaluate(BEATS)
    page.wait_for_selector("#comparison[aria-busy=false]", timeout=300_000)
    assert page.evaluate("self.longest") < 500  # of two processors one computes
    agree(np.array(saved(page).convert("RGB")), model(pages("upscaler")).transform(pixels, tile=256))


def test_a_model_that_must_see_the_whole_gets_it_made_smaller(visit, pages):
    page = visit("whole")
    assert model(pages("whole")).card["tiles"]["halo"] is None
    pixels = photo(90, 75)
    give(page, png(pixels))
    agree(np.array(saved(page).convert("RGB")), model(pages("whole")).transform(pixels))
    give(page, png(photo(1000, 1600)))
    assert saved(page).size == (1549, 968)
    assert "resized to 1549 × 968 first: the model must see a picture whole" in page.inner_text("#status")  # noqa: RUF001


def test_more_than_eight_bits_grey_and_of_one_size(visit, pages):
    page = visit("grey")
    pixels = photo(21, 27)
    give(page, png(pixels))
    grey = pixels @ np.array([0.299, 0.587, 0.114])
    values = np.rint(grey[..., None] * 4095 / 255).astype(np.uint16)
    agree(np.array(saved(page).convert("RGB")), model(pages("grey")).transform(values))
    assert "hands over 8 bits" in page.inner_text("#status")
    give(page, png(photo(50, 50)))
    assert saved(page).size == (27, 21)
    assert "resized to 27 × 21 first: the model takes this size only" in page.inner_text("#status")  # noqa: RUF001


def test_label_maps_and_what_is_none(visit, pages):
    page = visit("labels")
    labels = np.random.default_rng(0).integers(0, 5, (21, 34, 1), np.uint8)
    give(page, png(labels))
    agree(np.array(saved(page).convert("RGB")), model(pages("labels")).transform(labels))
    page.click("#sample")
    assert saved(page).size == (240, 160)
    give(page, b"no picture", "notes.txt")
    page.get_by_text("notes.txt is no picture that this browser can read.").wait_for()
    page.locator("#save-result:enabled").wait_for()  # the sample's result is still shown, and whole
    give(page, png(photo(20, 20)))
    page.wait_for_selector("#failure:visible")
    assert "takes label maps: grey values from 0 to 4. The picture also has (" in page.inner_text("#failure")
    assert page.locator("#save-result").is_disabled()


def test_the_line_between_original_and_result_moves(visit):
    page = visit("upscaler")
    page.click("#sample")
    page.wait_for_selector("#comparison[aria-busy=false]")
    for place in ("0", "80"):
        page.locator("#split").fill(place)
        assert page.evaluate("document.getElementById('divider').style.left") == f"{place}%"
        assert f"{place}%" in page.evaluate("getComputedStyle(document.getElementById('result')).clipPath")
    page.set_viewport_size({"width": 360, "height": 640})
    page.check("#actual")
    assert page.locator("#result").bounding_box()["width"] == 480
    assert page.evaluate("document.documentElement.scrollWidth") <= 360  # the picture scrolls, not the page
