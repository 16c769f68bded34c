"""A network from image to image as a program wants it: pictures of any size, in their own units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.deploy import Deployable, Port
from ganworks.errors import UsageError, nearest
from ganworks.networks import continued
from ganworks_image.deploying import InUnits
from ganworks_image.intensity import IntensityMap

VIEWS = ("app", "float")
MOST_LABELS = 256  # a label map is uint8
PART = IntensityMap(low=0, high=1, dtype="float32", unit="part of the range")  # units of the view "float"

Sides = tuple[int, int]  # height, width


def image_to_image(
    generator: nn.Module,
    *,
    source: IntensityMap,
    target: IntensityMap,
    channels: int | tuple[int, int],
    size: Sides | None,
    card: Mapping[str, Any],
    labels: int = 0,
    latent: int = 1,
    view: str = "app",
) -> Deployable:
    """Return what an exporter receives: from the input ``image`` to the output ``result``.

    Both are (batch, height, width, channels). In the view ``app`` they have the type and the units of the
    files, and whole numbers are rounded; in the view ``float`` they are float32 in [0, 1], not rounded: for
    pictures of more bits than the network was trained with. Values beyond the units of the input are clipped.

    Args:
        generator: ``generator(latent, source)`` from and to [-1, 1]. Its attribute ``multiple`` divides the
            heights and widths that it takes (others are continued here, as in a mirror), ``scale`` is how
            many times larger its result is; 1 where it has none.
        source: units of the input; of no meaning with ``labels``.
        target: units of the output.
        channels: of input and output, where these differ a pair; with ``labels`` the input has one.
        size: height and width of the input; None where they are free.
        card: what goes with the model.
        labels: the input is a map of so many labels, uint8 from 0; the network receives a channel for each,
            1 at its places and -1 elsewhere. 0: the input is a picture.
        latent: numbers of the latent, which are all 0: the most typical result.
        view: ``app`` or ``float``.

    Raises:
        UsageError: there is no such view.
        ValueError: labels or channels that cannot be.
    """
    given, made = (channels, channels) if isinstance(channels, int) else channels
    if not 0 <= labels <= MOST_LABELS or labels == 1 or min(given, made, latent) < 1:
        raise ValueError(f"{labels} labels, {given} and {made} channels, a latent of {latent}")
    if view not in VIEWS:
        raise UsageError(
            f"--view: an image-to-image model has no view '{view}'{nearest(view, VIEWS)}; "
            f"it has {', '.join(VIEWS)}"
        )
    if view == "float":
        source, target = PART, PART
    multiple, scale = int(getattr(generator, "multiple", 1)), int(getattr(generator, "scale", 1))
    begin = OneHot(labels) if labels else FromUnits(source)
    sides: tuple[int | str, int | str] = size or ("height", "width")
    return Deployable(
        module=ImageToImage(generator, begin, InUnits(target), latent=latent, multiple=multiple, scale=scale),
        inputs=(_label_map(labels, sides) if labels else _picture("image", source, sides, given),),
        outputs=(_picture("result", target, _scaled(sides, scale), made),),
        card={
            **card,
            **({"labels": labels} if labels else {}),
            **({} if size else {"tiles": {"multiple": multiple}}),
        },
        view=view,
    )


class ImageToImage(nn.Module):
    """Units of the input, the network with sides that it takes, units of the output."""

    def __init__(
        self,
        generator: nn.Module,
        begin: nn.Module,
        finish: nn.Module,
        *,
        latent: int,
        multiple: int,
        scale: int,
    ) -> None:
        super().__init__()
        self.generator, self.begin, self.finish = generator, begin, finish
        self.latent, self.multiple, self.scale = latent, multiple, scale

    def forward(self, image: Tensor) -> Tensor:
        """(batch, height, width, channels) -> (batch, scale * height, scale * width, channels)."""
        height, width = image.shape[1:3]
        x = self.begin(image)  # (batch, channels, height, width)
        if self.multiple > 1:
            rows, columns = (continued(side, self.multiple) for side in (height, width))
            x = x[:, :, rows.to(x.device)][:, :, :, columns.to(x.device)]
        y = self.generator(x.new_zeros(x.shape[0], self.latent), x)
        if self.multiple > 1:
            y = y[:, :, : self.scale * height, : self.scale * width]
        made: Tensor = self.finish(y)
        return made


class FromUnits(nn.Module):
    """From pictures as programs hold them to [-1, 1]; values beyond the units are clipped."""

    def __init__(self, intensity: IntensityMap) -> None:
        super().__init__()
        self.low, self.high = intensity.low, intensity.high

    def forward(self, image: Tensor) -> Tensor:
        """(batch, height, width, channels) of any type -> (batch, channels, height, width) float32."""
        x = (image.permute(0, 3, 1, 2).float() - self.low) * (2 / (self.high - self.low)) - 1
        return x.clamp(-1, 1)


class OneHot(nn.Module):
    """From a map of labels to a channel a label: 1 at its places, -1 elsewhere."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.labels = labels

    def forward(self, image: Tensor) -> Tensor:
        """(batch, height, width, 1) of whole numbers -> (batch, labels, height, width) float32."""
        return F.one_hot(image[..., 0].long(), self.labels).permute(0, 3, 1, 2).float() * 2 - 1


def _picture(name: str, intensity: IntensityMap, sides: tuple[int | str, ...], channels: int) -> Port:
    return Port(
        name=name,
        dtype=str(InUnits(intensity).dtype).removeprefix("torch."),
        shape=("batch", *sides, channels),
        meaning=("picture in " if name == "image" else "synthetic picture in ") + intensity.unit,
        low=intensity.low,
        high=intensity.high,
    )


def _label_map(labels: int, sides: tuple[int | str, ...]) -> Port:
    meaning = "map of labels: places in the list of them"
    shape = ("batch", *sides, 1)
    return Port(name="image", dtype="uint8", shape=shape, meaning=meaning, low=0, high=labels - 1)


def _scaled(sides: tuple[int | str, ...], scale: int) -> tuple[int | str, ...]:
    return tuple(
        scale * side if isinstance(side, int) else side if scale == 1 else f"{scale}*{side}" for side in sides
    )
