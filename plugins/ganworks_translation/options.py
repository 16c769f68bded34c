"""What `gan run translate` understands. Side A is the first kind of picture, side B the second."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ganworks.options import RunOptions
from ganworks_image.options import Channels, Flips, checked_expression


class Options(RunOptions):
    """Options of the domain; the defaults suit a first run on a laptop."""

    data: Path | None = Field(
        None,
        description="Pairs: a folder of pictures with A left and B right, a folder with one folder for each "
        "side and the same file names in both, or a CSV with columns a and b. Without any data: satellite "
        "tiles and their map.",
        json_schema_extra={"aliases": ["pairs"]},
    )
    a: Path | None = Field(None, description="Folder of the pictures of side A, with --b; no pairs needed.")
    b: Path | None = Field(None, description="Folder of the pictures of side B, with --a.")
    paired: bool = Field(False, description="Files of the two folders that share a name are a pair.")
    hide_pairs: bool = Field(
        False, description="Train as if the pairs were unknown; they are only used to score the result."
    )
    direction: Literal["a2b", "b2a"] = Field("a2b", description="Which side is translated into which.")
    side_by_side: Literal["auto", "yes", "no"] = Field(
        "auto", description="Whether a picture of --data holds A and B side by side; auto goes by its shape."
    )
    labels: Literal["no", "a", "b"] = Field(
        "no",
        description="The side whose files are label maps: a palette index, or a whole number, is a label.",
    )
    label_count: int | None = Field(
        None, ge=2, le=256, description="Labels are 0 to this less one; default: the values that occur."
    )
    channels_a: Channels = Field("auto", description="Convert side A to grey or colour; auto refuses a mix.")
    channels_b: Channels = Field("auto", description="Convert side B to grey or colour; auto refuses a mix.")
    flips: Flips = Field(
        "auto", description="Mirror both sides of a pair while training; auto: horizontal, none for volumes."
    )
    jitter: bool = Field(
        True, description="Enlarge both sides of a pair by an eighth and crop at random while training."
    )
    group_regex: str | None = Field(
        None,
        description="Regular expression on the file name of side A (and B without pairs); pictures whose "
        "first group agrees (a patient, a scene) stay in one part of the split.",
    )
    holdout: float = Field(
        0.2, gt=0, le=0.6, description="Share kept to test with; half as much chooses the checkpoint."
    )
    axis: Literal["axial", "coronal", "sagittal"] = Field(
        "axial", description="Direction in which NIfTI volumes are sliced."
    )
    slice_step: int = Field(4, ge=1, description="Keep every n-th slice of a volume.")
    max_bad: float = Field(
        0.05, ge=0, le=1, description="Stop when more than this share of the files or pairs is unusable."
    )
    images: int = Field(
        24, ge=1, le=100_000, description="Held-out pictures to translate and write at the end of the run."
    )

    @property
    def sides(self) -> tuple[Literal["a", "b"], Literal["a", "b"]]:
        """The side that is translated, and the side it becomes."""
        return ("a", "b") if self.direction == "a2b" else ("b", "a")

    @field_validator("a", "b")
    @classmethod
    def _from_anywhere(cls, path: Path | None) -> Path | None:
        """A resumed run may start in another directory."""
        return None if path is None else path.expanduser().resolve()

    @field_validator("group_regex")
    @classmethod
    def _regex_compiles(cls, text: str | None) -> str | None:
        return checked_expression(text, "group_regex")

    @model_validator(mode="after")
    def _one_source_of_data(self) -> Options:
        if self.data is not None and (self.a is not None or self.b is not None):
            raise ValueError("give either pairs (data) or the folders a and b, not both")
        if (self.a is None) != (self.b is None):
            there, missing = ("b", "a") if self.a is None else ("a", "b")
            raise ValueError(f"{there} without {missing}: give the folder of each side")
        if self.a is not None and self.a == self.b:
            raise ValueError("a and b are the same folder: there is nothing to translate")
        return self

    @model_validator(mode="after")
    def _pairs_fit(self) -> Options:
        if self.paired and self.a is None and self.data is None:
            raise ValueError("paired is about the folders a and b: give them")
        if self.hide_pairs and self.a is not None and not self.paired:
            raise ValueError("hide_pairs: there are no pairs to hide; add paired if files share their names")
        if self.a is not None and self.side_by_side == "yes":
            raise ValueError("side_by_side is about pairs (data), not about the folders a and b")
        return self

    @model_validator(mode="after")
    def _labels_fit(self) -> Options:
        if self.labels == "no":
            if self.label_count is not None:
                raise ValueError("label_count needs labels: say which side holds label maps, a or b")
            return self
        if self.labels != self.sides[0]:
            other = "b2a" if self.labels == "b" else "a2b"
            raise ValueError(
                f"labels {self.labels}: label maps can be translated, not made; use direction {other}"
            )
        if self.hide_pairs or (self.a is not None and not self.paired):
            raise ValueError("labels need pairs: a label map and its picture")
        if self.side_by_side == "yes" or (self.data is None and self.a is None):
            raise ValueError("labels need files of their own: two folders or a CSV")
        wanted = self.channels_a if self.labels == "a" else self.channels_b
        if wanted != "auto":
            raise ValueError(f"channels_{self.labels} is about pictures, and this side holds label maps")
        return self
