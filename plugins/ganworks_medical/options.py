"""What `gan run medical-augment` understands beside the options of every run."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from ganworks.options import RunOptions

# (centre, width) in Hounsfield units, as radiology consoles offer them
CT_WINDOWS_HU: dict[str, tuple[float, float]] = {
    "lung": (-600, 1500),
    "soft": (40, 400),
    "bone": (400, 1800),
    "brain": (40, 80),
}

Kind = Literal["auto", "folder", "csv", "npz", "nifti", "dicom"]
Modality = Literal["auto", "xray", "ct", "mr", "ultrasound", "histology", "photo", "other"]
FileKind = Literal["auto", "png", "tiff", "npz", "nifti", "dicom"]
Axis = Literal["axial", "coronal", "sagittal"]


def window_limits(text: str) -> tuple[float, float]:
    """Turn ``"lung"`` or ``"-160,240"`` into (low, high) in the input's own units.

    >>> window_limits("soft")
    (-160.0, 240.0)

    Raises:
        ValueError: neither a preset nor two ascending numbers.
    """
    if text in CT_WINDOWS_HU:
        centre, width = CT_WINDOWS_HU[text]
        return centre - width / 2, centre + width / 2
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low, high = 0.0, 0.0
    if not low < high or not abs(low) < 1e9 > abs(high):
        presets = ", ".join(CT_WINDOWS_HU)
        raise ValueError(
            f"window '{text}' is neither one of {presets} nor two ascending numbers such as -160,240"
        )
    return low, high


def _as_text(value: Any) -> Any:
    """Accept ``window = [-160, 240]`` from a TOML file and from Python."""
    return ",".join(str(part) for part in value) if isinstance(value, list | tuple) else value


class MonaiTransform(BaseModel):
    """One random MONAI array transform: ``{name = "RandGaussianNoise", args = {prob = 0.3}}``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^Rand\w+$", description="Class name in monai.transforms; random ones only.")
    args: dict[str, Any] = Field(default_factory=dict, description="Its keyword arguments.")


class Options(RunOptions):
    """Options of the domain; the defaults suit a first run on a laptop."""

    minutes: float | None = Field(
        None, gt=0, description="Training budget in minutes of wall time; 3 without it and without --steps."
    )
    kind: Kind = Field("auto", description="What --data is; auto goes by what is there.")
    modality: Modality = Field(
        "auto", description="Sets the augmentation and the intensity rule; auto: from DICOM or NIfTI."
    )
    window: Annotated[str | None, BeforeValidator(_as_text)] = Field(
        None,
        description="Intensity window LOW,HIGH in input units, or lung, soft, bone, brain; default: by data.",
    )
    axis: Axis = Field("axial", description="Direction in which volumes are sliced.")
    slice_step: int = Field(4, ge=1, description="Keep every n-th slice of a volume.")
    foreground: float = Field(
        0.1, ge=0, lt=1, description="Smallest share of a slice above background for it to be kept."
    )
    spacing: float | None = Field(
        None, gt=0, le=100, description="Resample to this pixel size in mm; default: the data's median."
    )
    channels: Literal["auto", "grey", "colour"] = Field(
        "auto", description="Convert to grey or colour; auto refuses data that mix both."
    )
    patient_regex: str | None = Field(
        None,
        description="Regular expression on the file name; its first group (or the match) is the patient.",
    )
    max_bad: float = Field(
        0.05, ge=0, le=1, description="Stop when more than this share of the files is unusable."
    )
    min_class: int = Field(8, ge=2, description="Leave out classes with fewer images, by name.")
    allow_burned_in: bool = Field(
        False, description="Accept DICOM files that say text is burned into the picture."
    )
    cap_per_class: int | None = Field(None, ge=8, description="Train on at most this many images a class.")
    starve: str | None = Field(
        None,
        description="CLASS=N: train on N images of that class only, to measure the gain on a rare class.",
    )
    flips: Literal["auto", "none", "horizontal", "both"] = Field(
        "auto", description="Mirror images while training; auto goes by the modality (never for X-rays)."
    )
    images_per_class: int = Field(
        100, ge=1, le=100_000, description="Synthetic images to write for each class."
    )
    file_kind: FileKind = Field("auto", description="Kind of the synthetic files; auto: that of the input.")
    seeds: int = Field(20, ge=2, le=200, description="Paired repetitions of the downstream experiment.")
    require_gain: bool = Field(False, description="Fail the run when the downstream verdict is not GAIN.")
    monai_transforms: tuple[MonaiTransform, ...] = Field(
        (),
        description='Random MONAI transforms for training batches, [{name = "...", args = {...}}].',
        json_schema_extra={"flag": False},
    )

    @field_validator("window")
    @classmethod
    def _window_makes_sense(cls, text: str | None) -> str | None:
        if text is not None:
            window_limits(text)
        return text

    @field_validator("patient_regex")
    @classmethod
    def _regex_compiles(cls, text: str | None) -> str | None:
        try:
            re.compile(text or "")
        except re.error as error:
            raise ValueError(f"patient_regex '{text}' is not a regular expression: {error}") from None
        return text

    @field_validator("starve")
    @classmethod
    def _starve_reads(cls, text: str | None) -> str | None:
        if text is not None and not re.fullmatch(r".+=[1-9]\d*", text):
            raise ValueError(f"starve '{text}' should read CLASS=N, for example normal=30")
        return text
