"""Finding plugins: those installed in this interpreter, or just the ones handed over."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from importlib.metadata import EntryPoint, entry_points

from ganworks.errors import PluginError
from ganworks.plugin import PROJECT
from ganworks.registry._registry import Registry

DISABLE = "GAN_DISABLE_PLUGINS"  # environment variable: names of plugins or distributions, comma-separated


def discover(*, third_party: bool = True, disabled: Collection[str] = ()) -> Registry:
    """Load the plugins installed in this interpreter: the bundled ones, then all others, by name.

    Args:
        third_party: False leaves out everything that ganworks does not bring itself.
        disabled: names of plugins or distributions to leave out, beside those in GAN_DISABLE_PLUGINS.
    """
    unwanted = {
        _normal(name) for name in (*disabled, *os.environ.get(DISABLE, "").split(",")) if name.strip()
    }
    registry = Registry()
    for entry in sorted(entry_points(group=PROJECT), key=_order):
        distribution, version = _origin(entry)
        if not third_party and distribution != PROJECT:
            continue
        if {_normal(entry.name), distribution} & unwanted:
            registry.skip(entry.name, distribution, version)
        else:
            registry.add(entry.name, distribution, version, entry.load)
    return registry


def from_modules(*plugins: object) -> Registry:
    """Return a registry of just these plugins (modules, or objects with hooks): for a plugin's own tests.

    Raises:
        PluginError: one of them cannot be used; the message says why.
    """
    registry = Registry()
    for plugin in plugins:
        name = str(getattr(plugin, "__name__", type(plugin).__name__))
        info = registry.add(name, name, "", lambda plugin=plugin: plugin)  # type: ignore[misc]
        if info.status == "failed":
            raise PluginError(f"plugin '{name}': {info.error}")
    return registry


def _order(entry: EntryPoint) -> tuple[bool, str, str]:
    return _origin(entry)[0] != PROJECT, entry.name, entry.value  # bundled first: their names are theirs


def _origin(entry: EntryPoint) -> tuple[str, str]:
    return (_normal(entry.dist.name), entry.dist.version) if entry.dist else ("unknown", "")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()  # names of distributions compare so (PEP 503)
