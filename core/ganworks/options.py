"""Options of a run: one typed model becomes CLI flags, TOML keys, environment variables and keywords."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class RunOptions(BaseModel):
    """What every domain understands. A domain subclasses this and adds its own fields.

    Every field needs a description: it is the text of the flag. Mark a field that should be reachable
    from a file only with ``json_schema_extra={"flag": False}``, and with ``"listed": False`` beside it one
    that the help should not name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    data: Path | None = Field(None, description="Your data; without it the embedded sample is used.")
    minutes: float | None = Field(
        None, gt=0, description="Training budget in minutes of wall time (alternative: --steps)."
    )
    steps: int | None = Field(None, ge=1, description="Training budget in optimisation steps.")
    size: int | None = Field(
        None, ge=8, le=1024, description="Longer side in pixels; default: from the data."
    )
    seed: int = Field(0, ge=0, lt=2**31, description="Seed of everything random; same seed, same run.")
    device: str = Field("auto", description="auto, cpu, cuda or cuda:N.")
    threads: int | None = Field(
        None, ge=1, description="CPU threads of torch; default: measured at the start, the faster wins."
    )
    checkpoint_seconds: float = Field(
        20.0,
        gt=0,
        description="Save the whole state every so many seconds: the most that a crash can cost.",
        json_schema_extra={"flag": False},
    )
    bf16: bool | None = Field(
        None,
        description="Let networks that gain from it use bfloat16; default: measured at the start.",
        json_schema_extra={"flag": False},
    )
    tune_allocator: bool = Field(
        False,
        description="Keep freed memory for the next step, with glibc: faster on large images, same results.",
        json_schema_extra={"flag": False},
    )
    exporter: str = Field("onnx", description="Model format to export (`gan plugins list`).")
    recipe: str = Field("auto", description="Training recipe (`gan plugins list`); auto picks by the data.")
    start_from: Path | None = Field(
        None,
        description="Run folder whose networks to begin with (transfer learning); same recipe, other data.",
    )
    techniques: tuple[str, ...] = Field(
        (),
        description="Techniques to add to the recipe, such as lecam or label-smoothing=0.2; may be repeated.",
        json_schema_extra={"aliases": ["technique"]},
    )
    recipe_options: dict[str, Any] = Field(
        default_factory=dict,
        description="Arguments of the recipe, for example {batch = 64}.",
        json_schema_extra={"flag": False},
    )

    @model_validator(mode="after")
    def _one_budget(self) -> RunOptions:
        if self.minutes is not None and self.steps is not None:
            raise ValueError("give either minutes or steps, not both")
        return self
