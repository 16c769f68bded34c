"""What may be done to an image of each modality without its label becoming false."""

from __future__ import annotations

from ganworks_image.policies import AugmentationPolicy, augment, with_flips

__all__ = ["POLICIES", "AugmentationPolicy", "augment", "policy_for"]

# No mirror images where a side means something: the heart, the liver and the marker of a chest film, the
# hemispheres. Tissue under a microscope has no up. "other" is the cautious one.
POLICIES: dict[str, AugmentationPolicy] = {
    # the strongest of eight tried on chest films of 28 x 28 pixels: the rival should be a good one
    "xray": AugmentationPolicy(rotation_degrees=10, translation=0.1, scale=0.1, contrast=0.15),
    "ct": AugmentationPolicy(brightness=0.05, contrast=0.05),
    "mr": AugmentationPolicy(rotation_degrees=7),
    "ultrasound": AugmentationPolicy(horizontal_flip=True, rotation_degrees=5, contrast=0.15),
    "histology": AugmentationPolicy(horizontal_flip=True, vertical_flip=True, rotation_degrees=180),
    "photo": AugmentationPolicy(horizontal_flip=True, rotation_degrees=15),
    "other": AugmentationPolicy(),
}


def policy_for(modality: str, flips: str = "auto") -> AugmentationPolicy:
    """Return the policy of a modality; ``flips`` none, horizontal or both overrides the mirroring."""
    return with_flips(POLICIES[modality], flips)
