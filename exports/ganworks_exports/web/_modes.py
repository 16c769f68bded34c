"""What the page has controls for: a generator that draws from seeds, a model from picture to picture."""

from __future__ import annotations

from ganworks.deploy import Deployable, Port
from ganworks.errors import UsageError

DRAWN = ("seed", "label", "truncation")  # inputs of a generator that the page has controls for
READ = ("uint8", "uint16", "int16", "int32", "float32")  # what pixels can be made into
SHOWN = (1, 3)  # channels of a picture on a screen


def require_one(deployable: Deployable) -> None:
    """Make sure that the page can work with a model.

    Raises:
        UsageError: it neither draws pictures from seeds nor makes a picture from a picture.
    """
    if not _is_translator(deployable):
        _require_generator(deployable)


def _is_translator(deployable: Deployable) -> bool:
    """Tell whether it makes a picture, grey or in colour, from another whose sides are as long or shorter."""
    if len(deployable.inputs) != 1 or len(deployable.outputs) != 1:
        return False
    source, result = deployable.inputs[0], deployable.outputs[0]
    if any(len(port.shape) != 4 or port.shape[3] not in SHOWN for port in (source, result)):
        return False
    sides = zip(source.shape[1:3], result.shape[1:3], strict=True)
    return source.dtype in READ and source.low is not None and all(_is_multiple(*pair) for pair in sides)


def _is_multiple(side: int | str, made: int | str) -> bool:
    if isinstance(side, int) or isinstance(made, int):
        return isinstance(side, int) and isinstance(made, int) and made % side == 0
    return made == side or made.endswith(f"*{side}")


def _require_generator(deployable: Deployable) -> None:
    inputs = [port.name for port in deployable.inputs]
    if "seed" not in inputs or not set(inputs) <= set(DRAWN):
        raise UsageError(
            "a web page draws pictures from seeds (--view app of a generator), or makes a picture of 1 or 3 "
            "channels from another; this model takes "
            f"{', '.join(map(_described, deployable.inputs))}: export it with --format onnx"
        )
    image = deployable.outputs[0]
    if len(image.shape) != 4 or not all(isinstance(size, int) for size in image.shape[1:]):
        raise UsageError(
            "a web page shows pictures of shape (batch, height, width, channels); this model gives "
            f"{_described(image)}: export it with --format onnx"
        )


def _described(port: Port) -> str:
    return f"{port.name} ({', '.join(map(str, port.shape))})"
