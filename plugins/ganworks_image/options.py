"""What `gan run image` understands, and what every domain of still images shares."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ganworks.options import RunOptions

Channels = Literal["auto", "grey", "colour"]
Flips = Literal["auto", "none", "horizontal", "both"]


class StudyOptions(RunOptions):
    """Options of every domain that reads a study of labelled images; see `ganworks_image.reading.Reader`.

    A domain narrows ``kind`` and ``file_kind`` to what it reads and writes.
    """

    minutes: float | None = Field(
        None, gt=0, description="Training budget in minutes of wall time; 3 without it and without --steps."
    )
    recipe: str = Field(
        "auto",
        description="Architecture and its training recipe (`gan architectures`); auto picks by the data.",
        json_schema_extra={"aliases": ["architecture"]},
    )
    kind: str = Field("auto", description="What --data is; auto goes by what is there.")
    channels: Channels = Field(
        "auto", description="Convert to grey or colour; auto refuses data that mix both."
    )
    max_bad: float = Field(
        0.05, ge=0, le=1, description="Stop when more than this share of the files is unusable."
    )
    min_class: int = Field(8, ge=2, description="Leave out classes with fewer images, by name.")
    cap_per_class: int | None = Field(None, ge=8, description="Train on at most this many images a class.")
    starve: str | None = Field(
        None,
        description="CLASS=N: train on N images of that class only, to measure the gain on a rare class.",
    )
    flips: Flips = Field("auto", description="Mirror images while training; auto goes by the data.")
    images_per_class: int = Field(
        100, ge=1, le=100_000, description="Synthetic images to write for each class."
    )
    file_kind: str = Field("auto", description="Kind of the synthetic files; auto: that of the input.")
    downstream: bool = Field(True, description="Measure what the synthetic images are worth to a classifier.")
    seeds: int = Field(20, ge=2, le=200, description="Paired repetitions of the downstream experiment.")
    require_gain: bool = Field(False, description="Fail the run when the downstream verdict is not GAIN.")

    @model_validator(mode="after")
    def _gain_is_measured(self) -> StudyOptions:
        if self.require_gain and not self.downstream:
            raise ValueError("require_gain needs downstream: the gain is not measured without it")
        return self

    @property
    def labelled(self) -> bool:
        """Whether what looks like a label is one."""
        return True

    @field_validator("starve")
    @classmethod
    def _starve_reads(cls, text: str | None) -> str | None:
        if text is not None and not re.fullmatch(r".+=[1-9]\d*", text):
            raise ValueError(f"starve '{text}' should read CLASS=N, for example normal=30")
        return text


def checked_expression(text: str | None, name: str) -> str | None:
    """Return a regular expression as it is.

    Raises:
        ValueError: it does not compile; the message names the option.
    """
    try:
        re.compile(text or "")
    except re.error as error:
        raise ValueError(f"{name} '{text}' is not a regular expression: {error}") from None
    return text


class Options(StudyOptions):
    """Options of `gan run image`; the defaults suit a first run on a laptop."""

    data: Path | None = Field(
        None,
        description="Folder of images (a folder in it per class), CSV file or .npz; without it 5,000 digits.",
    )
    kind: Literal["auto", "folder", "csv", "npz"] = Field(
        "auto", description="What --data is; auto goes by what is there."
    )
    labels: Literal["auto", "no"] = Field(
        "auto", description="auto: class folders, or the labels of a CSV file or an archive; no: ignore them."
    )
    group_regex: str | None = Field(
        None,
        description="Regular expression on the file name; images whose first group agrees (frames of a film, "
        "views of a thing) stay in one part of the split.",
    )
    flips: Flips = Field(
        "auto", description="Mirror images while training; auto: never, as letters and faces have a side."
    )
    file_kind: Literal["auto", "png", "tiff", "npz"] = Field(
        "auto", description="Kind of the synthetic files; auto: that of the input, PNG for JPEG and WebP."
    )
    downstream: bool = Field(
        False, description="Also measure what the synthetic images are worth to a classifier."
    )

    @property
    def labelled(self) -> bool:
        return self.labels != "no"

    @field_validator("group_regex")
    @classmethod
    def _regex_compiles(cls, text: str | None) -> str | None:
        return checked_expression(text, "group_regex")
