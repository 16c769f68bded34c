"""Everything that a run is, between two steps."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ganworks.training.batch_norm import settle_batch_norm
from ganworks.training.building import built_networks
from ganworks.training.engine import Engine
from ganworks.training.recipe import Recipe

Tensors = dict[str, Tensor]


class TrainingState:
    """Networks, averages, optimizers, controller and position. Built fresh, or filled by `load`."""

    def __init__(self, recipe: Recipe, engine: Engine, seed: int = 0) -> None:
        engine.seed(seed, 0x1217)  # initial weights; steps use (seed, step, 1)
        self.recipe = recipe
        self.networks = {name: engine.setup(network) for name, network in built_networks(recipe)}
        self.averages = {a.network: _frozen_copy(self.networks[a.network]) for a in recipe.averages}
        # listed once: walking the modules costs more than the average itself where networks are small
        self._averaged = {
            name: (list(mean.parameters()), list(self.networks[name].parameters()))
            for name, mean in self.averages.items()
        }
        self.optimizers: dict[str, Optimizer] = {
            phase.name: phase.optimizer.build([self.networks[name] for name in phase.moves])
            for phase in recipe.phases()
        }
        self.trainable = {
            name: [p for p in net.parameters() if p.requires_grad] for name, net in self.networks.items()
        }
        self.step = 0
        self.images = 0
        self.seconds = 0.0
        classes = max(len(recipe.space.classes), 1)
        self.strengths = [0.0 if recipe.controller else 1.0] * classes  # of the augmentation, by class
        self.follow_schedules()
        self.notes: dict[str, Any] = {}  # JSON values that watchers keep (validations done, best score)

    def follow_schedules(self) -> None:
        """Set what depends on the images seen: learning rates, level of growing networks, strengths."""
        for phase in self.recipe.phases():
            phase.optimizer.schedule(self.optimizers[phase.name], self.images)
        if self.recipe.strength is not None:
            self.strengths = [self.recipe.strength(self.images)] * len(self.strengths)
        if self.recipe.growth is not None:
            level = self.recipe.growth(self.images)
            for network in (*self.networks.values(), *self.averages.values()):
                if isinstance(network, Growing):
                    network.grow_to(level)

    def moving(self, names: tuple[str, ...]) -> list[nn.Parameter]:
        """Let these networks learn, hold the others still, and return the learning parameters."""
        for name, parameters in self.trainable.items():
            for parameter in parameters:
                parameter.requires_grad_(name in names)
        return [p for name in names for p in self.trainable[name]]

    def average(self) -> None:
        """Move every average towards its network; buffers are copied."""
        for rule in self.recipe.averages:
            mean, live = self.averages[rule.network], self.networks[rule.network]
            means, weights = self._averaged[rule.network]
            move = get_ema_multi_avg_fn(rule.decay(self.images, self.recipe.images_per_step))
            with torch.no_grad():
                move(means, weights, 1)
                for target, source in zip(mean.buffers(), live.buffers(), strict=True):
                    target.copy_(source)

    def generator(self) -> nn.Module:
        """The generator to sample from, in evaluation mode: its average, or else a copy of it."""
        mean = self.averages.get("generator")
        # a copy, because evaluation mode must not reach the network that is still training
        found = mean if mean is not None else _frozen_copy(self.networks["generator"])
        if self.recipe.standing_batches:
            settle_batch_norm(found, self.recipe)
        return found.eval()

    def advance(self, seconds: float) -> None:
        self.step += 1
        self.images += self.recipe.images_per_step
        self.seconds += seconds
        self.follow_schedules()

    def start_from(self, tensors: Mapping[str, Tensor]) -> Taken:
        """Take over every tensor of another run's networks and averages that fits by name and shape.

        Only of networks that learn here: memories begin anew, a trained teacher stays who it is, and growing
        networks follow the schedule of this run. Transfer learning: Wang et al. 2018; with
        ``Recipe.frozen``, freeze-D (Mo et al. 2020).

        Raises:
            ValueError: less than half of the generator's tensors fit.
        """
        learning = {name for phase in self.recipe.phases() for name in phase.moves}
        counts: dict[str, Taken] = {}
        for kind, networks in (("network", self.networks), ("average", self.averages)):
            for name in sorted(learning & set(networks)):
                counts[f"{kind}/{name}"] = _take_over(networks[name], _below(tensors, f"{kind}/{name}/"))
        generator = counts["network/generator"]
        if 2 * generator.fitting < generator.of:
            raise ValueError(
                f"{generator.fitting} of the generator's {generator.of} tensors fit those of the other run: "
                "use the same recipe, with the same sizes"
            )
        self.follow_schedules()
        return Taken(*map(sum, zip(*counts.values(), strict=True)))

    # saving and loading: tensors by name, and scalars as JSON values
    def tensors(self) -> Tensors:
        """Every tensor of the run by name."""
        found: Tensors = {}
        for kind, networks in (("network", self.networks), ("average", self.averages)):
            for name, network in networks.items():
                found |= {f"{kind}/{name}/{key}": value for key, value in network.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            for index, slots in optimizer.state_dict()["state"].items():
                found |= {f"optimizer/{name}/{index}/{slot}": value for slot, value in slots.items()}
        return {key: value.detach().contiguous() for key, value in found.items()}

    def scalars(self) -> dict[str, Any]:
        """Everything that is not a tensor, as JSON values."""
        return {
            "recipe": self.recipe.fingerprint(),
            "step": self.step,
            "images": self.images,
            "seconds": self.seconds,
            "strengths": self.strengths,
            "notes": self.notes,
        }

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Take over a saved state.

        Raises:
            ValueError: it was saved by a different recipe.
        """
        if scalars["recipe"] != self.recipe.fingerprint():
            raise ValueError("the checkpoint was written by a different recipe or other recipe options")
        for kind, networks in (("network", self.networks), ("average", self.averages)):
            for name, network in networks.items():
                network.load_state_dict(_below(tensors, f"{kind}/{name}/"))
        for name, optimizer in self.optimizers.items():
            _load_optimizer(optimizer, _below(tensors, f"optimizer/{name}/"))
        self.step, self.images = scalars["step"], scalars["images"]
        self.seconds, self.strengths = scalars["seconds"], list(scalars["strengths"])
        self.notes = dict(scalars["notes"])
        self.follow_schedules()


class Taken(NamedTuple):
    """How many tensors of another run were taken over, of how many that there are here."""

    fitting: int
    of: int


@runtime_checkable
class Growing(Protocol):
    """A network whose resolution grows while it trains. The level is saved with its weights."""

    def grow_to(self, level: float) -> None: ...


def _frozen_copy(network: nn.Module) -> nn.Module:
    return copy.deepcopy(network).requires_grad_(False)


def _take_over(network: nn.Module, there: Tensors) -> Taken:
    """Fill a network with what fits; what it keeps beside tensors (the level of a growing one) stays."""
    own = network.state_dict()
    places = [key for key in own if not key.endswith("_extra_state")]
    fit = {key: there[key] for key in places if key in there and there[key].shape == own[key].shape}
    network.load_state_dict({**own, **fit})
    return Taken(len(fit), len(places))


def _below(tensors: Mapping[str, Tensor], prefix: str) -> Tensors:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _load_optimizer(optimizer: Optimizer, tensors: Tensors) -> None:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, slot = key.split("/")
        slots.setdefault(int(index), {})[slot] = _laid_out_like(parameters[int(index)], value)
    optimizer.load_state_dict({"state": slots, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """Give moments the memory layout of their parameter: a fused optimizer walks both in storage order."""
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, requires_grad=False).copy_(value)
