"""What `gan run medical-augment` understands beside the options of every image domain."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from ganworks_image.options import Flips, StudyOptions, checked_expression

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


class Options(StudyOptions):
    """Options of the domain; the defaults suit a first run on a laptop."""

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
    patient_regex: str | None = Field(
        None,
        description="Regular expression on the file name; its first group (or the match) is the patient.",
    )
    allow_burned_in: bool = Field(
        False, description="Accept DICOM files that say text is burned into the picture."
    )
    flips: Flips = Field(
        "auto", description="Mirror images while training; auto goes by the modality (never for X-rays)."
    )
    file_kind: FileKind = Field("auto", description="Kind of the synthetic files; auto: that of the input.")
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
        return checked_expression(text, "patient_regex")
