"""The example of docs/plugins.md, installed by pip outside the repository, with a broken one beside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures" / "plugins"


def pip_install(site: Path, *names: str) -> None:
    """Build and install fixtures from copies, so that no build folder is left beside the originals."""
    sources = [Path(shutil.copytree(FIXTURES / name, site.parent / "source" / name)) for name in names]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--target", str(site), *map(str, sources)]
    subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("setuptools", minversion="77", reason="the fixtures are built with it, offline")
    site = tmp_path_factory.mktemp("third") / "site"
    pip_install(site, "thirdparty_good", "thirdparty_broken")
    return site


def command_and_environment(site: Path, words: tuple[object, ...]) -> tuple[list[str], dict[str, str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GAN_")}
    code = "import sys; from ganworks_cli.main import main; sys.exit(main())"
    return [sys.executable, "-c", code, *map(str, words)], {**environment, "PYTHONPATH": str(site)}


def gan(site: Path, cwd: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command, environment = command_and_environment(site, words)
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)


def test_the_list_names_both(site: Path, tmp_path: Path) -> None:
    result = gan(site, tmp_path, "plugins", "list", "--json")
    assert result.returncode == 0
    found = {info["name"]: info for info in json.loads(result.stdout)}
    assert found["rings"]["status"] == "loaded"
    assert found["rings"]["distribution"] == "gan-rings"
    assert [made["name"] for made in found["rings"]["declarations"]] == [
        "rings",
        "ring-lsgan",
        "brightness-gap",
    ]
    assert found["broken"]["status"] == "failed"
    assert "a_library_that_is_not_installed" in found["broken"]["error"]
    assert all(info["status"] == "loaded" for name, info in found.items() if name != "broken")


def test_show_prints_the_traceback_of_the_broken_one(site: Path, tmp_path: Path) -> None:
    result = gan(site, tmp_path, "plugins", "show", "broken")
    assert result.returncode == 0
    assert "gan-broken 0.0.1, failed" in result.stdout
    assert "Traceback (most recent call last)" in result.stdout
    assert "import a_library_that_is_not_installed" in result.stdout


def test_the_domain_the_recipe_and_the_metric_run_beside_a_broken_plugin(site: Path, tmp_path: Path) -> None:
    result = gan(site, tmp_path, "run", "rings", "--steps", 2, "--threads", 1, "--out", "r")
    assert result.returncode == 0, result.stderr
    folder = tmp_path / "r"
    assert 'name = "ring-lsgan"' in (folder / "run.toml").read_text()
    assert json.loads((folder / "metrics.json").read_text())["extra"]["brightness-gap"] >= 0
    assert (folder / "rings.txt").read_text() == "done\n"
    assert [line for line in result.stderr.splitlines() if line.startswith("warning: plugin")] == [
        "warning: plugin 'broken' (gan-broken) is left out: ModuleNotFoundError: "
        "No module named 'a_library_that_is_not_installed'; see `gan plugins show broken`"
    ]


def test_a_name_that_the_broken_plugin_may_have_is_a_plugin_error(site: Path, tmp_path: Path) -> None:
    result = gan(site, tmp_path, "run", "squares")
    assert result.returncode == 3
    assert "a plugin that failed to load may provide it (broken)" in result.stderr
    result = gan(site, tmp_path, "--no-plugins", "run", "rings")
    assert result.returncode == 2
    assert "warning" not in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_sigterm_ends_a_run_like_ctrl_c_and_tells_how_to_go_on(site: Path, tmp_path: Path) -> None:
    words = ("run", "rings", "--steps", 10**8, "--threads", 1, "--out", "r", "--json")
    command, environment = command_and_environment(site, words)
    process = subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    log = tmp_path / "r" / "log.jsonl"
    deadline = time.monotonic() + 60
    while not (log.exists() and '"event": "step"' in log.read_text()):
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "gan resume r" in err
    assert "Traceback" not in err
    last = json.loads(out.splitlines()[-1])
    assert (last["outcome"], last["exit_code"], last["run"]) == ("interrupted", 130, "r")
    assert (tmp_path / "r" / "rings.txt").read_text() == "interrupted\n"
