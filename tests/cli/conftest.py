"""The example plugin of docs/plugins.md as a domain to run: installed for one test, inside this process."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ganworks_cli.main import main

EXAMPLE = Path(__file__).parents[1] / "fixtures" / "plugins" / "thirdparty_good"


@pytest.fixture
def rings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Lay the plugin and its metadata into a folder on the path; the working directory is an empty one."""
    site, work = tmp_path / "site", tmp_path / "work"
    shutil.copytree(EXAMPLE / "gan_rings", site / "gan_rings")
    info = site / "gan_rings-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gan-rings\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text("[ganworks]\nrings = gan_rings\n")
    monkeypatch.syspath_prepend(site)
    for name in ("GAN_DISABLE_PLUGINS", "GAN_DEBUG", "GAN_STEPS", "GAN_SEED"):
        monkeypatch.delenv(name, raising=False)
    work.mkdir()
    monkeypatch.chdir(work)
    yield work
    for name in [name for name in sys.modules if name.split(".")[0] == "gan_rings"]:
        del sys.modules[name]


@pytest.fixture
def gan(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process; return its exit code, stdout and stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return call
