"""`gan inspect` and `gan sign`: what a model says of itself, whether it is as exported, and by whom."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ganworks.errors import UsageError
from ganworks_exports import runtime

_EXAMPLES = """Examples:

gan inspect runs/defects/model/generator.onnx

gan inspect generator.onnx --json

gan inspect generator.onnx --verify signing.pub
"""

_KEYS = """Examples:

openssl ecparam -name prime256v1 -genkey -noout -out signing.pem

openssl ec -in signing.pem -pubout -out signing.pub

gan sign generator.onnx signing.pem

gan inspect generator.onnx --verify signing.pub
"""


def _app() -> typer.Typer:
    return typer.Typer(
        add_completion=False,
        context_settings={"help_option_names": ["--help", "-h"]},
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )


inspect_app, sign_app = _app(), _app()


@inspect_app.command(name="inspect", epilog=_EXAMPLES)
def inspect(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="An exported .onnx file.", show_default=False)
    ],
    verify: Annotated[
        Path | None,
        typer.Option(
            help="Public key: check the signature MODEL.sig too.", metavar="KEY", show_default=False
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document instead of text.", show_default=False)
    ] = False,
) -> None:
    """Show the card of a model, and check that its weights are those that were exported.

    Nothing of the model is run. Exit code 2: the file is refused, its weights have been changed, or the
    signature does not hold.
    """
    contents = _read(model)
    signed = None
    if verify is not None and contents.intact:
        from ganworks_exports import signing

        signing.verify(model, verify)
        signed = str(verify)
    record = _record(contents, signed)
    lines = [json.dumps(record, indent=2)] if as_json else list(_lines(record))
    typer.echo("\n".join(lines))
    if not contents.intact:
        raise UsageError(f"{model}: tampered: its weights are not those its card was written for")


@sign_app.command(name="sign", epilog=_KEYS)
def sign(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="An exported .onnx file.", show_default=False)
    ],
    key: Annotated[
        Path, typer.Argument(metavar="KEY", help="Private key (PEM, elliptic curve).", show_default=False)
    ],
) -> None:
    """Write MODEL.sig: whoever has your public key can check that the model is yours and unchanged."""
    from ganworks_exports import signing

    _read(model)
    typer.echo(f"Signature: {signing.sign(model, key)}")


def _read(model: Path) -> runtime.Contents:
    try:
        return runtime.read(model)
    except runtime.ModelRefused as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(f"{model}: {error.strerror or error}") from error


def _record(contents: runtime.Contents, signed: str | None) -> dict[str, Any]:
    return {
        "card": contents.card,
        "weights": "intact" if contents.intact else "tampered",
        "bytes": len(contents.file),
        "opset": contents.graph.opsets.get("", contents.graph.opsets.get("ai.onnx")),
        "operators": sorted(contents.graph.operators),
        "signature": signed,
    }


def _lines(record: Mapping[str, Any]) -> Iterator[str]:
    card = record["card"]
    yield _shown(card.get("title") or "A model without a title")
    yield from _field("view", card["view"])
    yield from _field("profile", card.get("profile"))
    yield from _field("loss", _measures(card.get("loss")))
    for kind in ("input", "output"):
        for port in card[f"{kind}s"]:
            yield from _field(kind, _port(port))
    yield from _field("classes", ", ".join(card.get("classes", [])))
    yield from _field("licence", card.get("license"))
    yield from _field("trained on", _measures(card.get("training_data")))
    yield from _field("notice", card.get("notice"))
    yield from _field("size", f"{record['bytes'] / 1e3:,.0f} kB")
    yield from _field("operators", f"ONNX {record['opset']}: {', '.join(record['operators'])}")
    yield from _field("weights", record["weights"])
    if record["signature"]:
        yield from _field("signature", f"holds for {record['signature']}")


def _field(name: str, value: object) -> Iterator[str]:
    if value not in (None, "", {}, []):
        yield f"{name + ':':<12}{_shown(value)}"


def _port(port: Mapping[str, Any]) -> str:
    shape = ", ".join(str(size) for size in port["shape"])
    parts = [f"{port['name']}  {port['dtype']} ({shape})"]
    if port.get("low") is not None and port.get("high") is not None:
        parts.append(f"{_plain(port['low'])} to {_plain(port['high'])}")
    if port.get("default") is not None:
        parts.append(f"default {_plain(port['default'])}")
    if port.get("multiples"):
        parts.append(", ".join(f"{side} a multiple of {size}" for side, size in port["multiples"].items()))
    return "; ".join([*parts, str(port.get("meaning", ""))]).removesuffix("; ")


def _plain(number: float | str) -> str:
    if isinstance(number, str):  # NaN
        return number
    if isinstance(number, int):  # exact, however large
        return f"{number:d}" if abs(number) < 2**64 else "a huge number"
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else f"{number:g}"


def _measures(value: object) -> object:
    """Write nested values in one line: `image: psnr_db 51.2, max_abs 3`."""
    if not isinstance(value, Mapping):
        return value
    parts = []
    for name, part in value.items():
        if isinstance(part, Mapping):
            parts.append(f"{name}: {_measures(part)}")
        elif part is not None:
            parts.append(f"{name} {part:.4g}" if isinstance(part, float) else f"{name} {part}")
    return ", ".join(parts)


def _shown(value: object) -> str:
    """Return a text of a stranger's file without what would steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value))
