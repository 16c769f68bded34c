"""How a trained network calls itself, and the card that goes with its model."""

from __future__ import annotations

from typing import Any

from ganworks_super_resolution.photos import Photos
from ganworks_super_resolution.tasks import Task

TITLES = {
    "upscale": "Super-resolution x{scale}",
    "denoise": "Noise removal",
    "deblur": "Deblurring",
    "jpeg": "JPEG artefact removal",
    "inpaint": "Inpainting",
    "colourise": "Colourisation",
}


def title_of(task: Task) -> str:
    """The task as people call it."""
    return TITLES[task.name].format(scale=task.scale)


def model_card(photos: Photos, task: Task, degradation: str, *, invents: bool) -> dict[str, Any]:
    """What a program, or its user, should know of the model; ``invents``: a critic taught it detail."""
    return {
        "title": f"{title_of(task)}, trained on {photos.title}",
        "task": task.name,
        "scale": task.scale,
        "degradation": degradation,
        "invents_detail": invents,
        "intensity": photos.intensity.as_dict(),
        "training_data": {"title": photos.title, "fingerprint": photos.fingerprint},
        "notice": "Machine-made detail: do not measure or diagnose on the result.",
        "license": "by the owner of the training data",
    }
