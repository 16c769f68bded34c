"""One plugin's failure stays with that plugin."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from ganworks import plugin
from ganworks.errors import PluginError, UsageError
from ganworks.registry import Registry, discover, from_modules


def write_plugin(site: Path, name: str, code: str, distribution: str | None = None) -> None:
    """Lay an installed distribution into ``site``: a module and the metadata that pip would write."""
    module = f"plugin_{distribution or name}".replace("-", "_")
    (site / f"{module}.py").write_text(textwrap.dedent(code))
    info = site / f"{(distribution or name).replace('-', '_')}-1.0.dist-info"  # as pip spells it
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution or name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[ganworks]\n{name} = {module}\n")


DECLARES = """
    from ganworks import plugin
    @plugin.hookimpl
    def ganworks_declare():
        yield plugin.Metric(name="{metric}", summary="One.", target="builtins:max"{more})
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("GAN_DISABLE_PLUGINS", raising=False)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("plugin_")]:
        del sys.modules[name]


def info_of(registry: Registry, name: str):
    return next(info for info in registry.plugins if info.name == name)


BROKEN = {
    "import-error": ("import nothing_of_this_name", "ModuleNotFoundError"),
    "raises": ("1 / 0", "ZeroDivisionError"),
    "exits": ("import sys; sys.exit(3)", "SystemExit"),
    "syntax-error": ("def", "SyntaxError"),
    "newer": (DECLARES.format(metric="m", more=", api=99"), "needs hook API 99, this is 1: upgrade ganworks"),
    "unknown-keyword": (DECLARES.format(metric="m", more=", colour='red'"), "colour"),
    "bad-name": (DECLARES.format(metric="A metric", more=""), "lower-case"),
    "unknown-hook": (
        """
        from ganworks import plugin
        @plugin.hookimpl
        def ganworks_run_startet(folder): ...
        """,
        "did you mean 'ganworks_run_started'?",
    ),
    "unknown-argument": (
        """
        from ganworks import plugin
        @plugin.hookimpl
        def ganworks_run_started(folder, colour): ...
        """,
        "colour",
    ),
    "unmarked": ("def ganworks_declare(): return []", "not marked with @plugin.hookimpl"),
    "wrapper": (
        """
        from ganworks import plugin
        @plugin.hookimpl(wrapper=True)
        def ganworks_run_finished(): yield
        """,
        "wrapper",
    ),
    "no-declaration": (
        """
        from ganworks import plugin
        @plugin.hookimpl
        def ganworks_declare(): return ["metric"]
        """,
        "'metric'",
    ),
    "breaks-while-declaring": (
        """
        from ganworks import plugin
        @plugin.hookimpl
        def ganworks_declare():
            yield plugin.Metric(name="half", summary="Half.", target="builtins:max")
            raise RuntimeError("no licence")
        """,
        "RuntimeError: no licence",
    ),
    "takes-a-command": (
        """
        from ganworks import plugin
        @plugin.hookimpl
        def ganworks_declare():
            yield plugin.Command(name="run", summary="Mine.", target="builtins:max")
        """,
        "built-in command",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_named_and_the_others_work(site: Path, name: str) -> None:
    code, reason = BROKEN[name]
    write_plugin(site, name, code)
    write_plugin(site, "zz-good", DECLARES.format(metric="good", more=""))
    registry = discover()
    broken = info_of(registry, name)
    assert broken.status == "failed"
    assert reason in broken.error
    assert "\n" not in broken.error
    assert "Traceback" in broken.traceback
    assert broken.declarations == ()
    assert registry.find("metric", "good").summary == "One."
    assert registry.find(plugin.Recipe, "dcgan").name == "dcgan"  # the bundled ones too
    assert [made.name for made in registry.all("metric")] == ["good"]


def test_the_second_provider_of_a_name_is_refused_and_both_are_named(site: Path) -> None:
    write_plugin(site, "aaa", DECLARES.format(metric="same", more=""))
    write_plugin(site, "bbb", DECLARES.format(metric="same", more=""))
    registry = discover()
    assert info_of(registry, "aaa").status == "loaded"
    assert info_of(registry, "bbb").error == "metric 'same' is already provided by plugin 'aaa' of aaa"


def test_a_bundled_name_cannot_be_taken_even_by_a_plugin_that_sorts_first(site: Path) -> None:
    write_plugin(site, "aaa", DECLARES.format(metric="dcgan", more="").replace("Metric", "Recipe"))
    registry = discover()
    assert info_of(registry, "aaa").status == "failed"
    assert registry.load(registry.find("recipe", "dcgan")).__name__ == "dcgan"


def test_two_plugins_of_one_entry_point_name(site: Path) -> None:
    write_plugin(site, "twin", DECLARES.format(metric="first", more=""), "dist-a")
    write_plugin(site, "twin", DECLARES.format(metric="second", more=""), "dist-b")
    registry = discover()
    assert [info.status for info in registry.plugins if info.name == "twin"] == ["loaded", "failed"]
    assert [made.name for made in registry.all("metric")] == ["first"]


@pytest.mark.parametrize("word", ["good", "Good_Dist", "good-dist"])
def test_disabled_by_name_or_distribution(site: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    write_plugin(site, "good", DECLARES.format(metric="good", more=""), "good-dist")
    monkeypatch.setenv("GAN_DISABLE_PLUGINS", f" , {word}")
    registry = discover()
    assert info_of(registry, "good").status == "disabled"
    with pytest.raises(UsageError, match="no metric named 'good'; disabled plugins: good"):
        registry.find("metric", "good")


def test_without_third_party_the_bundled_ones_stay(site: Path) -> None:
    write_plugin(site, "good", DECLARES.format(metric="good", more=""))
    registry = discover(third_party=False)
    assert {info.distribution for info in registry.plugins} == {"ganworks"}
    assert registry.all(plugin.Recipe)


def test_a_missing_name_says_which_failed_plugin_may_have_it(site: Path) -> None:
    write_plugin(site, "sick", "1 / 0")
    with pytest.raises(PluginError, match=r"no domain named 'x'.*\(sick\): see `gan plugins show"):
        discover().find("domain", "x")


# registries without discovery


class Counting:
    def __init__(self) -> None:
        self.heard: list[str] = []

    @plugin.hookimpl
    def ganworks_run_finished(self, outcome: str) -> None:
        self.heard.append(outcome)


class Raising:
    @plugin.hookimpl
    def ganworks_run_finished(self) -> None:
        raise OSError("the disk of the logger is full")


def test_a_raising_listener_is_reported_once_and_the_others_hear_everything() -> None:
    counting, reports = Counting(), []
    registry = from_modules(Raising(), counting)
    registry.hook.report = reports.append
    for outcome in ("done", "failed"):
        registry.hook.ganworks_run_finished(folder=Path(), outcome=outcome)
    assert counting.heard == ["done", "failed"]
    assert reports == [
        "plugin 'Raising' failed in ganworks_run_finished (OSError: the disk of the logger is full); "
        "the run goes on"
    ]


def test_a_report_that_nobody_takes_is_a_warning() -> None:
    with pytest.warns(RuntimeWarning, match="'Raising' failed"):
        from_modules(Raising()).hook.ganworks_run_finished(folder=Path(), outcome="done")


def test_a_keyboard_interrupt_is_not_swallowed() -> None:
    class Interrupted:
        @plugin.hookimpl
        def ganworks_run_finished(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        from_modules(Interrupted()).hook.ganworks_run_finished(folder=Path(), outcome="done")


def test_an_unknown_hook_is_an_attribute_error_with_a_hint() -> None:
    with pytest.raises(AttributeError, match="did you mean 'ganworks_run_event'"):
        from_modules().hook.ganworks_run_events(folder=Path())


def test_a_target_that_does_not_import_names_the_plugin() -> None:
    class Rotten:
        @plugin.hookimpl
        def ganworks_declare(self):
            return [plugin.Metric(name="m", summary="M.", target="ganworks.nowhere:m")]

    registry = from_modules(Rotten())
    with pytest.raises(
        PluginError, match=r"metric 'm' of plugin 'Rotten' cannot be loaded from ganworks.nowhere:m"
    ):
        registry.load(registry.find(plugin.Metric, "m"))
    with pytest.raises(UsageError, match="did you mean 'm'"):
        registry.find("metric", "mm")


def test_from_modules_says_what_is_wrong_at_once() -> None:
    class Twice:
        @plugin.hookimpl
        def ganworks_declare(self):
            return [plugin.Metric(name="m", summary="M.", target="a:b")] * 2

    with pytest.raises(PluginError, match="plugin 'Twice': metric 'm' is declared twice"):
        from_modules(Twice())
