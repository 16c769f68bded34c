"""What `gan run super-resolution` understands."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ganworks.options import RunOptions
from ganworks_image.options import Channels, checked_expression

Task = Literal["upscale", "denoise", "deblur", "jpeg", "inpaint", "colourise"]
Degradation = Literal["clean", "blur", "real"]

UPSCALE = 2  # factor of --task upscale without --scale


class Options(RunOptions):
    """Options of the domain; the defaults suit a first run on a laptop.

    ``degradation`` is clean by default: the score is then that of the papers, on a protocol that anyone can
    repeat, and a network that trains for minutes gets sharp. A model for pictures of cameras, phones and the
    web needs "real", and much longer: what it learns from is harder.
    """

    data: Path | None = Field(
        None,
        description="Your photos to train on, a folder or a file; without it those of scikit-image and "
        "scikit-learn.",
        json_schema_extra={"aliases": ["train"]},
    )
    from_run: Path | None = Field(
        None,
        description="Folder of a trained run whose model enhances the pictures; without it a bundled one.",
        json_schema_extra={"aliases": ["from"]},
    )
    minutes: float | None = Field(
        None, gt=0, description="Training budget in minutes of wall time; 3 without it and without --steps."
    )
    size: int | None = Field(
        None, description="Not used: photos keep their size.", json_schema_extra={"flag": False}
    )
    recipe: str = Field(
        "auto",
        description="Architecture and its training recipe (`gan architectures`): restore keeps to the truth, "
        "srgan and esrgan invent detail.",
        json_schema_extra={"aliases": ["architecture"]},
    )
    task: Task = Field("upscale", description="What is learned; every task but upscale keeps the size.")
    scale: int | None = Field(
        None, ge=1, le=4, description="How many times larger; default 2 for upscale, 1 for all other tasks."
    )
    degradation: Degradation = Field(
        "clean",
        description="How upscale makes small pictures of large ones: clean (bicubic, as papers do), blur "
        "(unknown blur, little noise) or real (blur, noise and JPEG, twice).",
    )
    crop: int = Field(48, ge=16, le=256, description="Side of the training crops before upscaling, pixels.")
    channels: Channels = Field(
        "auto", description="Convert to grey or colour; auto refuses data that mix both."
    )
    holdout: float = Field(
        0.1, gt=0, le=0.4, description="Share of the photos for validation, and as many again for the test."
    )
    group_regex: str | None = Field(
        None,
        description="Regular expression on the file name; photos whose first group agrees (of one scene, one "
        "film) stay in one part of the split.",
    )
    max_bad: float = Field(
        0.05, ge=0, le=1, description="Stop when more than this share of the files is unusable."
    )
    axis: Literal["axial", "coronal", "sagittal"] = Field(
        "axial", description="Direction in which NIfTI volumes are sliced."
    )
    slice_step: int = Field(1, ge=1, description="Keep every n-th slice of a NIfTI volume.")
    pixel_run: Path | None = Field(
        None, description="Run of the recipe restore whose weights are mixed with those of --from."
    )
    blend: float | None = Field(
        None, ge=0, le=1, description="Weight of --from in that mix; 0 is all --pixel-run. Without it 0.8."
    )
    tile: int | None = Field(
        None, ge=32, description="Side of the tiles a picture is enhanced in, pixels; default: by the memory."
    )

    @property
    def factor(self) -> int:
        """How many times larger the result is: ``scale``, or what the task means without it."""
        return self.scale if self.scale is not None else UPSCALE if self.task == "upscale" else 1

    @field_validator("size")
    @classmethod
    def _size_is_kept(cls, size: int | None) -> int | None:
        if size is not None:
            raise ValueError("photos keep their size here; --crop sets the side of the training crops")
        return size

    @field_validator("group_regex")
    @classmethod
    def _regex_compiles(cls, text: str | None) -> str | None:
        return checked_expression(text, "group_regex")

    @model_validator(mode="after")
    def _task_fits(self) -> Options:
        if self.task != "upscale" and self.factor != 1:
            raise ValueError(f"task {self.task} keeps the size: leave scale out, or use task upscale")
        if self.task != "upscale" and self.degradation != "clean":
            raise ValueError(f"degradation {self.degradation} belongs to task upscale, not to {self.task}")
        if self.task == "upscale" and self.factor == 1 and self.degradation == "clean":
            raise ValueError("scale 1 with degradation clean leaves nothing to learn: choose scale 2 to 4")
        if self.task == "colourise" and self.channels == "grey":
            raise ValueError("task colourise learns colours: leave channels grey out")
        return self

    @model_validator(mode="after")
    def _mix_is_whole(self) -> Options:
        if self.blend is not None and self.pixel_run is None:
            raise ValueError("blend mixes two runs: name the second one with pixel_run")
        if self.pixel_run is not None and self.from_run is None:
            raise ValueError("pixel_run is mixed with a trained run: name that one with from_run")
        return self
