"""Which files there are on either side, and which belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ganworks.errors import DataError, nearest
from ganworks_image.frames import BadFileError, Item
from ganworks_image.readers import FileKinds
from ganworks_image.sources import SPLITS, Groups
from ganworks_translation.manifest import read_manifest
from ganworks_translation.options import Options
from ganworks_translation.partners import partners

WIDE = 1.5  # width by height from which on a picture may be two side by side
UNPAIRED = ("trainA", "trainB")  # folders of a common layout of two sets without pairs
PARTS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files of either side; where ``paired``, in the order of the pairs.

    ``halves``: both sides are in the same files, A left and B right.
    """

    a: tuple[Item, ...]
    b: tuple[Item, ...]
    paired: bool
    halves: bool
    title: str


class Finder:
    """Finds the files of a run.

    Args:
        options: where they are and what they are.
        files: the kinds of files that can be read.
    """

    def __init__(self, options: Options, files: FileKinds) -> None:
        self.options, self.files = options, files
        self.groups = Groups(expression=options.group_regex)

    def find(self) -> Listing:
        """Return the files of both sides.

        Raises:
            DataError: nothing there, or files without a partner; they are named.
        """
        folders, data = (self.options.a, self.options.b), self.options.data
        if folders[0] is not None and folders[1] is not None:
            title = f"{folders[0].name} and {folders[1].name}"
            return self._folders(folders[0], folders[1], self.options.paired, title)
        assert data is not None  # the caller has the embedded sample
        _check_there(data, "--pairs", "a folder or a CSV with columns a and b")
        if not data.is_file():
            return self._folder(data)
        a, b = read_manifest(data, self._group)
        return Listing(a=a, b=b, paired=True, halves=False, title=data.stem)

    def _folder(self, root: Path) -> Listing:
        """A folder of ``--pairs``: its own folders say what it is."""
        inside = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
        names = [path.name for path in inside]
        if self.options.side_by_side != "yes":
            if set(UNPAIRED) <= set(names):
                return self._train_and_test_folders(root)
            if len(inside) == 2 and not {name.lower() for name in names} & set(SPLITS):
                return self._folders(inside[0], inside[1], paired=True, title=root.name)
        if self.options.side_by_side == "no" or self.options.labels != "no":
            found = ", ".join(names) or "none"
            raise DataError(f"{root} does not hold two folders, one for each side (it holds: {found})")
        items = self._items(root)
        if self.options.side_by_side == "auto":
            self._check_wide(items, root)
        return Listing(a=tuple(items), b=tuple(items), paired=True, halves=True, title=root.name)

    def _train_and_test_folders(self, root: Path) -> Listing:
        """trainA, trainB, and perhaps testA, testB, valA, valB: two sets, paired if that was said."""
        needing = {"labels": self.options.labels != "no", "hide_pairs": self.options.hide_pairs}
        for option in (name for name, asked in needing.items() if asked and not self.options.paired):
            raise DataError(
                f"{root}: {option} needs pairs, and trainA and trainB are two sets: add --paired if files "
                "share their names"
            )
        sides = {
            letter: [
                item
                for word, part in PARTS.items()
                if (root / f"{word}{letter}").is_dir()
                for item in self._items(root / f"{word}{letter}", part, word)
            ]
            for letter in "AB"
        }
        if self.options.paired:
            sides["A"], sides["B"] = partners(sides["A"], sides["B"], self.files, (root, root))
        return Listing(
            a=tuple(sides["A"]),
            b=tuple(sides["B"]),
            paired=self.options.paired,
            halves=False,
            title=root.name,
        )

    def _folders(self, a: Path, b: Path, paired: bool, title: str) -> Listing:
        for path, flag in ((a, "--a"), (b, "--b")):
            _check_there(path, flag, "a folder of pictures")
            if not path.is_dir():
                raise DataError(f"{flag} {path} is a file; give a folder of pictures")
        first, second = self._items(a), self._items(b)
        if paired:
            first, second = partners(first, second, self.files, (a, b))
        return Listing(a=tuple(first), b=tuple(second), paired=paired, halves=False, title=title)

    def _items(self, root: Path, part: str | None = None, within: str = "") -> list[Item]:
        """Return the files below a folder; a first folder named train, validation or test is their part.

        ``within`` goes before the names: trainA and testA often hold files of one name.
        """
        paths = [path for path in sorted(root.rglob("*")) if path.is_file() and not _hidden(path, root)]
        usable = [path for path in paths if self.files.kind_of(path)]
        if not usable:
            found = f"its {len(paths)} files have other suffixes" if paths else "it is empty"
            raise DataError(f"{root} holds no pictures: {found} (known: {' '.join(self.files.known)})")
        return [self._item(path, Path(within, path.relative_to(root)), part) for path in usable]

    def _item(self, path: Path, name: Path, part: str | None) -> Item:
        split = part or (SPLITS.get(name.parts[0].lower()) if len(name.parts) > 1 else None)
        return Item(path=path, name=name.as_posix(), label="", group=self._group(path, name), split=split)

    def _group(self, path: Path, name: Path) -> str | None:
        whole = name.as_posix() if self.files.kind_of(path) in self.files.own_group else None
        return self.groups.of(name.as_posix()) or whole

    def _check_wide(self, items: Sequence[Item], root: Path) -> None:
        """Raise where the first picture does not look like two side by side."""
        for item in items:
            try:
                _, height, width = self.files.read(item.path)[0].pixels.shape
            except BadFileError:  # the reading lists it
                continue
            if width < WIDE * height:
                raise DataError(
                    f"{root}: {item.name} is {width}x{height} and does not look like A and B side by side; "
                    "give two folders (--a, --b, and --paired if names agree), or --side-by-side yes"
                )
            return


def _check_there(path: Path, flag: str, wanted: str) -> None:
    if not path.exists():
        folder = path.parent
        near = nearest(path.name, (one.name for one in folder.iterdir())) if folder.is_dir() else ""
        raise DataError(f"{flag} {path} does not exist{near}; give {wanted}")


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.relative_to(root).parts)
