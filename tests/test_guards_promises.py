"""Promises that no single module can keep alone: quick help, targets that exist, docs that match the code."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import pytest

from ganworks import plugin
from ganworks.options import RunOptions
from ganworks.pipeline import Pipeline
from ganworks.registry import RESERVED_COMMANDS, discover

ROOT = Path(__file__).parents[1]
HEAVY = {
    "torch", "monai", "pandas", "scipy", "sklearn", "matplotlib", "onnx", "onnxruntime", "onnxscript",
    "skimage", "nibabel", "nilearn", "pydicom", "PIL", "lightning",
}  # fmt: skip
HOOKS = [name for name in vars(plugin.Hooks) if name.startswith("ganworks_")]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "tests" / "fixtures" / "plugins" / "thirdparty_good"


def imported_by(*words: str, **environment: str) -> set[str]:
    """Run `gan` in a fresh interpreter; return the top-level modules it imported."""
    code = (
        "import atexit, sys\n"
        "tops = lambda: {name.split('.')[0] for name in sys.modules}\n"
        "atexit.register(lambda: print('\\n@@', *tops(), file=sys.stderr))\n"
        "from ganworks_cli.main import main\n"
        "sys.exit(main())"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GAN_")}
    result = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "@@" in result.stderr, result.stderr
    return set(result.stderr.rpartition("@@")[2].split())


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        ("run", "--help"),
        ("run", "medical-augment", "--help"),
        ("plugins", "list"),
    ],
    ids=" ".join,
)
def test_help_and_lists_import_nothing_heavy(words: tuple[str, ...]) -> None:
    modules = imported_by(*words)
    assert "ganworks" in modules
    assert not modules & HEAVY


def test_a_wrong_option_is_refused_before_anything_heavy_is_imported() -> None:
    assert not imported_by("run", "medical-augment", "--set", "stesp=1") & HEAVY


def test_completion_imports_nothing_heavy() -> None:
    modules = imported_by(_GAN_COMPLETE="complete_bash", COMP_WORDS="gan run med", COMP_CWORD="2")
    assert "ganworks" in modules
    assert not modules & HEAVY


DECLARED = [
    (made, attribute)
    for info in discover(third_party=False).plugins
    for made in info.declarations
    for attribute in ("target", "options", "pipeline")
    if hasattr(made, attribute)
]


def test_every_bundled_plugin_loads() -> None:
    found = discover(third_party=False).plugins
    domains = ("image", "medical", "super-resolution", "tabular", "translation")
    bundled = (*domains, "exports", "recipes")
    assert {info.name: info.error for info in found} == dict.fromkeys(bundled, "")


@pytest.mark.parametrize(
    ("made", "attribute"),
    DECLARED,
    ids=[f"{made.kind}-{made.name}-{attribute}" for made, attribute in DECLARED],
)
def test_every_declared_target_resolves(made: plugin.Declaration, attribute: str) -> None:
    registry = discover(third_party=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a domain's libraries say while they are imported
        target = registry.load(made, attribute)
    expected = {"options": RunOptions, "pipeline": Pipeline}.get(attribute)
    assert issubclass(target, expected) if expected else callable(target)
    assert made.summary.endswith(".")


def test_every_option_of_every_domain_has_a_description() -> None:
    registry = discover(third_party=False)
    for domain in registry.all(plugin.Domain):
        for name, field in registry.load(domain, "options").model_fields.items():
            assert field.description, f"{domain.name}: {name}"
            assert field.description.endswith("."), f"{domain.name}: {name}"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented(hook: str) -> None:
    function = getattr(plugin.Hooks, hook)
    assert inspect.getdoc(function)
    arguments = ", ".join(list(inspect.signature(function).parameters)[1:])
    assert f"### `{hook}({arguments})`" in PAGE


def test_no_hook_is_documented_that_does_not_exist() -> None:
    assert re.findall(r"^### `(\w+)\(", PAGE, flags=re.MULTILINE) == HOOKS


def test_every_kind_of_declaration_is_documented() -> None:
    for kind in plugin.Declaration.__subclasses__():
        assert f"| `{kind.__name__}` |" in PAGE


def test_the_example_in_the_docs_is_the_one_that_runs() -> None:
    blocks = dict(re.findall(r"^`([\w/.]+)`\n\n```\w+\n(.*?)```$", PAGE, flags=re.MULTILINE | re.DOTALL))
    files = {
        str(path.relative_to(EXAMPLE)): path.read_text()
        for path in EXAMPLE.rglob("*.*")
        if path.suffix != ".pyc"
    }
    assert blocks == files


def test_the_commands_are_those_that_plugins_cannot_take() -> None:
    from ganworks_cli.app import BUILT_IN

    assert {*BUILT_IN, "help"} == RESERVED_COMMANDS


def test_the_wheel_holds_only_our_packages(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="the build backend is needed offline")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "-w", str(tmp_path), str(ROOT)], check=True, capture_output=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    domains = ("image", "medical", "super_resolution", "tabular", "translation")
    plugins = {f"ganworks_{name}" for name in domains}
    assert tops == {"ganworks", "ganworks_cli", "ganworks_exports", *plugins}
    assert "ganworks/py.typed" in names


def test_every_technique_is_documented_with_its_amount() -> None:
    from ganworks.training import TECHNIQUES

    page = (ROOT / "docs" / "techniques.md").read_text(encoding="utf-8")
    missing = [
        name
        for name, technique in TECHNIQUES.items()
        if f"| `{name}` | {technique.amount:g} | {technique.meaning} | {technique.paper} |" not in page
    ]
    assert missing == []


def test_every_bundled_recipe_says_what_it_is_for_and_where_it_comes_from() -> None:
    declared = discover(third_party=False).all(plugin.Recipe)
    assert [one.name for one in declared if not (one.use and one.paper and one.summary)] == []
