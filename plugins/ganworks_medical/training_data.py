"""The training part as the loop draws it, through MONAI transforms if asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from ganworks import UsageError
from ganworks.data import ArrayDataset
from ganworks.errors import nearest
from ganworks.run import Run
from ganworks_image.policies import AugmentationPolicy
from ganworks_image.training_data import TrainingData
from ganworks_medical.options import MonaiTransform


class MonaiData(TrainingData):
    """A training part that goes through random MONAI transforms as well, one image at a time."""

    def __init__(
        self, rows: ArrayDataset, policy: AugmentationPolicy, transforms: Sequence[MonaiTransform] = ()
    ) -> None:
        super().__init__(rows, policy)
        self.transforms = monai_transforms(transforms)

    def rows(self, index: Tensor) -> Tensor:
        x = super().rows(index)
        return self._through_monai(x) if self.transforms is not None else x

    def _through_monai(self, x: Tensor) -> Tensor:
        assert self.transforms is not None
        self.transforms.set_random_state(seed=int(torch.randint(2**31, ())))
        with _without_meta():
            changed = [torch.as_tensor(self.transforms(image)).float() for image in x]
        return torch.stack(changed).clamp(-1, 1)

    def report_cost(self, run: Run, rows: int = 64) -> None:
        """Say how many images a second the MONAI transforms let through."""
        if self.transforms is None:
            return
        index = torch.arange(min(rows, len(self)))
        with torch.random.fork_rng(devices=[]):
            started = perf_counter()
            self.rows(index)
            speed = len(index) / (perf_counter() - started)
        run.emit("monai_transforms", images_per_second=round(speed))
        if speed < 1000:
            text = (
                f"the MONAI transforms pass {speed:.0f} images a second and run one image at a time; "
                "the built-in augmentation passes thousands"
            )
            run.warn("slow-transforms", text)


def monai_transforms(named: Sequence[MonaiTransform]) -> Any:
    """Compose the named random MONAI transforms, or None when there are none.

    Raises:
        UsageError: MONAI has no such transform, or its arguments do not fit.
    """
    if not named:
        return None
    from monai.transforms import Compose

    return Compose([_monai_transform(one) for one in named], lazy=False)


def _monai_transform(named: MonaiTransform) -> Any:
    import monai.transforms as library

    kind = getattr(library, named.name, None)
    if kind is None:
        known = [name for name in dir(library) if name.startswith("Rand")]
        raise UsageError(f"monai_transforms: MONAI has no '{named.name}'{nearest(named.name, known)}")
    try:
        return kind(**named.args)
    except (TypeError, ValueError) as error:
        raise UsageError(f"monai_transforms: the arguments of {named.name} do not fit: {error}") from None


@contextmanager
def _without_meta() -> Iterator[None]:
    """MONAI's meta data on every image halve the speed; its readers, elsewhere, need them."""
    from monai.data import get_track_meta, set_track_meta

    before = get_track_meta()
    set_track_meta(False)
    try:
        yield
    finally:
        set_track_meta(before)
