"""The bytes of a CSV, packed or not: read once, refused where they are not UTF-8."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from ganworks.errors import DataError
from ganworks_tabular.csv_columns import UNLIKE_NUMBERS

HEAD_BYTES = 1 << 18
BLOCK_BYTES = 1 << 20
SEAM = 64  # characters of a block that are looked at with the next one too


class Read(NamedTuple):
    """What `read_once` found."""

    head: str
    whole: bool  # the head is all there is
    strange: bool  # somewhere there are digits that pandas would change
    unended: str  # the last line where no end of line follows it, else ""


def read_once(path: Path) -> Read:
    """Read the file in blocks, and look for digits that are hardly a number.

    Raises:
        DataError: cut short, or not UTF-8 (with the first bad byte).
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    read, head, seam, strange, whole, unended = 0, "", "", False, True, ""
    try:
        with opened(path) as stream:
            while block := stream.read(BLOCK_BYTES):
                pending = len(decoder.getstate()[0])
                try:
                    text = decoder.decode(block)
                except UnicodeDecodeError as error:
                    raise _encoding_error(path, read - pending + error.start, block[:4], read) from None
                whole = whole and not head and len(text) <= HEAD_BYTES
                head = head or text[:HEAD_BYTES]
                strange = strange or UNLIKE_NUMBERS.search(seam + text) is not None
                seam = text[-SEAM:]
                unended = (text if "\n" in text else unended[-HEAD_BYTES:] + text).rpartition("\n")[2]
                read += len(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise DataError(f"{path} ends in the middle of a character; copy it again") from None
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
        raise DataError(f"{path} cannot be unpacked ({error}); copy it again") from None
    return Read(head.removeprefix("\ufeff"), whole, strange, unended)


def _encoding_error(path: Path, place: int, first: bytes, read: int) -> DataError:
    if read == 0 and first[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        found = "UTF-16"
    else:
        with opened(path) as stream:
            stream.read(place)
            byte = stream.read(1)
        shown = byte.decode("cp1252", errors="ignore")
        found = f"Windows-1252 ('{shown}' there)" if shown else "a single-byte encoding"
    return DataError(f"{path} is not UTF-8 at byte {place}; it looks like {found}: save it as UTF-8")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Give the bytes of the file, unpacked."""
    with path.open("rb") as stream:
        packed = path.name.lower().endswith(".gz")
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=stream)) if packed else stream
