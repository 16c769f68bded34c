"""Training data as the loop sees it: rows by index, converted one batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganworks.space import SampleSpace, space_of_givens

LOOKED_AT = 1000  # rows whose range is checked
SLACK = 0.01  # beyond [-1, 1]: rounding, and noise around modes near the border
CLASS_GIVEN = 0.7  # share of the rows with other columns given in which the class is, too


class Dataset(Protocol):
    """Anything with a space, labels and rows. Rows are float32 in [-1, 1]."""

    space: SampleSpace
    labels: Tensor  # (rows,) int64; zeros where the space has no classes

    def __len__(self) -> int: ...

    def rows(self, index: Tensor) -> Tensor:
        """Return the samples at ``index`` (batch,) as float32 (batch, *space.shape) in [-1, 1]."""
        ...


@runtime_checkable
class SourcedDataset(Dataset, Protocol):
    """A data set for translation: each drawn sample comes with a source that the generator starts from."""

    source_space: SampleSpace

    def sources(self, index: Tensor) -> Tensor:
        """Sources for the samples at ``index`` (batch,): float32 (batch, *source_space.shape) in [-1, 1]."""
        ...


class ArrayDataset:
    """Rows of a NumPy array (in memory or memory-mapped), of which only a batch is ever converted.

    Args:
        array: (rows, channels, *size), of any rank; uint8 or uint16 full range, or float in [-1, 1].
        labels: (rows,) integers from 0, or None; all of them 0 where there are no classes.
        classes: label names in label order.

    Raises:
        ValueError: the shape or the dtype does not fit, floats are not finite or beyond [-1, 1] (looked for
            in 1,000 rows), or a label has no row or no name.
    """

    def __init__(
        self,
        array: NDArray[np.generic],
        labels: NDArray[np.integer] | None = None,
        classes: Sequence[str] = (),
    ) -> None:
        if array.ndim < 2:
            raise ValueError(f"expected (rows, channels, *size), got shape {array.shape}")
        if array.dtype not in (np.uint8, np.uint16, np.float16, np.float32):
            raise ValueError(f"expected uint8, uint16, float16 or float32 samples, got {array.dtype}")
        _check_range(array)
        _, channels, *size = array.shape
        self.array = array
        self.space = SampleSpace(channels=channels, size=tuple(size), classes=tuple(classes))
        self.labels = torch.zeros(len(array), dtype=torch.int64)
        if labels is not None:
            self.labels = _checked_labels(np.asarray(labels, dtype=np.int64), len(array), len(classes))

    def __len__(self) -> int:
        return len(self.array)

    def rows(self, index: Tensor) -> Tensor:
        batch = self.array[index.cpu().numpy()]
        if batch.dtype.kind == "u":
            half = np.iinfo(batch.dtype).max / 2
            return torch.from_numpy(batch.astype(np.float32) / np.float32(half) - 1)
        return torch.from_numpy(batch.astype(np.float32))

    def subset(self, index: Tensor) -> ArrayDataset:
        """Return the rows at ``index`` as a data set of their own (a copy of those rows)."""
        keep = index.cpu().numpy()
        return ArrayDataset(self.array[keep], self.labels.numpy()[keep], self.space.classes)

    def all_rows(self) -> Tensor:
        """Every row as one float tensor; for evaluation sets that are known to be small."""
        return self.rows(torch.arange(len(self)))


def _check_range(array: NDArray[np.generic]) -> None:
    """Refuse pictures from 0 to 255 as floats: a generator that ends at 1 could never make one."""
    if array.dtype.kind != "f" or not array.size:
        return
    some = array[:: -(-len(array) // LOOKED_AT)]
    low, high = float(some.min()), float(some.max())
    if not -1 - SLACK <= low <= high <= 1 + SLACK:  # NaN too
        raise ValueError(
            f"samples of floats run from {low:g} to {high:g}: "
            "scale them to [-1, 1], or hand over uint8 or uint16"
        )


def _checked_labels(labels: NDArray[np.int64], rows: int, classes: int) -> Tensor:
    """A copy of the labels, each of which has its row and its name: others would never be drawn."""
    if labels.shape != (rows,):
        raise ValueError(f"expected one label a row, got labels {labels.shape} for {rows} rows")
    unnamed = labels[(labels < 0) | (labels >= max(classes, 1))]
    if len(unnamed) and not classes:
        raise ValueError(f"label {unnamed[0]} has no name: give the names of the labels as classes")
    if len(unnamed):
        raise ValueError(f"label {unnamed[0]} has no name: {classes} classes are labelled 0 to {classes - 1}")
    return torch.from_numpy(labels.copy())


class PairedDataset(ArrayDataset):
    """Samples with the source of each: row i of ``sources`` belongs to row i of ``array`` (Pix2Pix).

    Args:
        array: targets (rows, channels, *size), as in `ArrayDataset`.
        sources: (rows, source channels, *source size).

    Raises:
        ValueError: the two differ in their number of rows.
    """

    def __init__(self, array: NDArray[np.generic], sources: NDArray[np.generic]) -> None:
        super().__init__(array)
        if len(array) != len(sources):
            raise ValueError(f"{len(array)} targets and {len(sources)} sources: pairs need as many of each")
        self._sources = ArrayDataset(sources)
        self.source_space = self._sources.space

    def sources(self, index: Tensor) -> Tensor:
        return self._sources.rows(index)


class PartlyGiven:
    """Rows of a table of which some columns are given: those are the sources that a generator completes.

    Args:
        rows: the table; its space says the parts. Where it has classes, the last part is the class.
        columns: how many neighbouring parts each column has, in order; all of its parts are given, or none.
        share: of the rows, in which columns beside the class are given; how many is drawn for each row,
            few more often than many. The class is given in all other rows, and mostly in these.

    Raises:
        ValueError: the columns do not cover the parts.
    """

    def __init__(self, rows: Dataset, columns: Sequence[int], share: float = 0.15) -> None:
        if sum(columns) != len(rows.space.parts):
            raise ValueError(f"columns of {sum(columns)} parts for a space of {len(rows.space.parts)} parts")
        self.table, self.space, self.labels, self.share = rows, rows.space, rows.labels, share
        self.source_space = space_of_givens(rows.space)
        self._column_of = torch.repeat_interleave(torch.arange(len(columns)), torch.tensor(columns))
        self._part_of = torch.repeat_interleave(
            torch.arange(len(rows.space.parts)), torch.tensor(rows.space.parts)
        )
        self._columns = len(columns)

    def __len__(self) -> int:
        return len(self.table)

    def rows(self, index: Tensor) -> Tensor:
        return self.table.rows(index)

    def sources(self, index: Tensor) -> Tensor:
        given = self._given(len(index))[:, self._column_of].float()  # (batch, parts)
        return torch.cat([self.rows(index) * given[:, self._part_of], given], 1)

    def _given(self, count: int) -> Tensor:
        """Which columns each row gives (count, columns)."""
        given = torch.rand(count, self._columns) < torch.rand(count, 1).square()
        given &= torch.rand(count, 1) < self.share
        if self.space.classes:
            only = ~given[:, :-1].any(1)
            given[:, -1] = only | (torch.rand(count) < CLASS_GIVEN)
        return given


class UnpairedDataset(ArrayDataset):
    """Samples of two domains without any pairing: sources are drawn at random (CycleGAN)."""

    def __init__(self, array: NDArray[np.generic], sources: NDArray[np.generic]) -> None:
        super().__init__(array)
        self._sources = ArrayDataset(sources)
        self.source_space = self._sources.space

    def sources(self, index: Tensor) -> Tensor:
        return self._sources.rows(torch.randint(len(self._sources), index.shape))
