"""Protobuf's wire format (protobuf.dev/programming-guides/encoding), read strictly and within a budget."""

from __future__ import annotations

from collections import defaultdict

from ._limits import ModelRefused

Value = int | bytes | memoryview  # of a field: a number; 4 or 8 bytes; a message, a text or packed numbers
Message = defaultdict[int, list[Value]]  # by the number of the field, in the file's order

_CUT_OFF = "it is cut off, or no ONNX file"
_NO_MODEL = "it is no ONNX file: its fields are not those of a model"


class Wire:
    """Takes messages apart; ``entries`` is how many fields and single numbers it reads before it refuses."""

    def __init__(self, entries: int) -> None:
        self.entries = self.left = entries

    def message(self, data: Value) -> Message:
        """Return the values of a message's fields. Messages inside stay as they are: nothing is copied."""
        if not isinstance(data, memoryview):
            raise ModelRefused(_NO_MODEL)
        message, at = Message(list), 0
        while at < len(data):
            tag, at = self._varint(data, at)
            number, wire = tag >> 3, tag & 7
            if wire not in (0, 1, 2, 5) or not 0 < number < 2**29:
                raise ModelRefused(_NO_MODEL)
            if wire == 0:
                value, at = self._varint(data, at)
                message[number].append(value)
                continue
            length, at = self._varint(data, at) if wire == 2 else (8 if wire == 1 else 4, at)
            if length > len(data) - at:
                raise ModelRefused(_CUT_OFF)
            part = data[at : at + length]
            message[number].append(part if wire == 2 else bytes(part))
            at += length
        return message

    def integers(self, values: list[Value]) -> list[int]:
        """Return the numbers of a repeated int64 field: each value is one of them, or many packed."""
        numbers = []
        for value in values:
            if isinstance(value, int):
                numbers.append(value)
                continue
            packed, at = memoryview(value), 0
            while at < len(packed):
                number, at = self._varint(packed, at)
                numbers.append(number)
        return [number - 2**64 if number >= 2**63 else number for number in numbers]

    def _varint(self, data: memoryview, at: int) -> tuple[int, int]:
        """Return a number and the place after it."""
        self.left -= 1
        if self.left < 0:
            raise ModelRefused(f"it has more than {self.entries} entries")
        number = 0
        for place, byte in enumerate(data[at : at + 10]):
            number |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return number % 2**64, at + place + 1
        raise ModelRefused(_CUT_OFF)


# Of a field that stands once, protobuf takes the last value and skips those of another kind. More than one is
# refused instead, so that no file means one thing here and another to onnxruntime.


def number(values: list[Value]) -> int:
    """Return the number of a field, 0 where it is absent."""
    value = values[0] if values else 0
    if len(values) > 1 or not isinstance(value, int):
        raise ModelRefused(_NO_MODEL)
    return value


def content(values: list[Value]) -> memoryview:
    """Return the bytes of a field, none where it is absent."""
    value = values[0] if values else memoryview(b"")
    if len(values) > 1 or not isinstance(value, memoryview):
        raise ModelRefused(_NO_MODEL)
    return value


def text(values: list[Value]) -> str:
    """Return the text of a field, an empty one where it is absent."""
    try:
        return str(content(values), "utf-8")
    except UnicodeDecodeError as error:
        raise ModelRefused(_NO_MODEL) from error
