"""What makes a plugin unusable; each check raises a `PluginError` that tells its author what to change."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable

import pluggy

from ganworks.errors import GanworksError, PluginError, nearest
from ganworks.plugin import HOOK_API, PROJECT, RECIPE_DATA, Declaration, Domain, Hooks, Recipe

HOOK_NAMES = tuple(name for name in vars(Hooks) if name.startswith(f"{PROJECT}_"))
RESERVED_COMMANDS = frozenset(
    {
        "run",
        "resume",
        "sample",
        "evaluate",
        "export",
        "report",
        "explore",
        "architectures",
        "plugins",
        "doctor",
        "help",
    }
)

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def one_line(error: BaseException) -> str:
    """Return the error's text on one line, with its type unless it is one of ours."""
    text = " ".join(str(error).split())
    if isinstance(error, GanworksError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def check_marked(plugin: object) -> None:
    """Refuse a hook without its decorator: pluggy would skip it in silence."""
    for hook in HOOK_NAMES:
        written = getattr(plugin, hook, None)
        if inspect.isroutine(written) and not hasattr(written, f"{PROJECT}_impl"):
            raise PluginError(f"{hook} is not marked with @plugin.hookimpl")


def check_implementations(caller: pluggy.HookCaller, plugin: str) -> None:
    """Refuse a hook that does not exist (pluggy accepts it until asked) and one that wraps others."""
    for listener in caller.get_hookimpls():
        if listener.plugin_name != plugin:
            continue
        if not caller.has_spec() and not listener.optionalhook:
            hint = nearest(caller.name, HOOK_NAMES)
            raise PluginError(f"unknown hook '{caller.name}'{hint}; it may need a newer ganworks")
        if listener.wrapper or listener.hookwrapper:
            raise PluginError(f"{caller.name} is a wrapper; hooks of ganworks only declare or listen")


def check_returned(made: object) -> None:
    """Refuse a single declaration in the place of several."""
    if made is not None and not isinstance(made, Iterable):
        one = type(made).__name__
        raise PluginError(f"ganworks_declare must yield its declarations or return a list, not one {one}")


def check_declaration(made: object) -> None:
    """Refuse what is no declaration, is written for another hook API, or has a name that cannot be typed."""
    if not isinstance(made, Declaration) or not made.kind:
        raise PluginError(f"ganworks_declare yields declarations such as plugin.Domain(...), not {made!r}")
    label = f"{made.kind} '{made.name}'"
    if made.api != HOOK_API:
        mend = "upgrade ganworks" if made.api > HOOK_API else "upgrade the plugin"
        raise PluginError(f"{label} needs hook API {made.api}, this is {HOOK_API}: {mend}")
    if not _NAME.fullmatch(made.name):
        raise PluginError(f"{label}: a name has lower-case letters, digits, '-' and '_' only")
    if made.kind == "command" and made.name in RESERVED_COMMANDS:
        raise PluginError(f"{label} is a built-in command and cannot be replaced")
    kinds = made.recipes if isinstance(made, Domain) else (made.data,) if isinstance(made, Recipe) else ()
    for kind in kinds:
        if kind not in RECIPE_DATA:
            raise PluginError(f"{label}: '{kind}' is no kind of data: {', '.join(RECIPE_DATA)}")
