"""`gan run DOMAIN FILE...`: a domain that takes files, and one that does not."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ganworks_cli.main import main

Gan = Callable[..., tuple[int, str, str]]

PLUGIN = """
import os, signal
from pathlib import Path
from ganworks import plugin
from ganworks.errors import DataError
from ganworks.options import RunOptions

@plugin.hookimpl
def ganworks_declare():
    yield plugin.Domain(
        name="shout", summary="Texts in capitals.", options="gan_shout:Options", pipeline="gan_shout:None",
        instant="gan_shout:shout",
    )

class Options(RunOptions):
    marks: int = 1

def shout(files, options, out, force, tell):
    tell({"event": "stage", "stage": "shouting", "status": "started"})
    for number, path in enumerate(files):
        tell({"event": "progress", "label": "Texts", "done": number, "total": len(files)})
        if path.name == "bad":
            raise DataError(f"{path}: no text")
        if path.name == "stop":
            os.kill(os.getpid(), signal.SIGTERM)
        target = (out or path.parent) / f"{path.name}.loud"
        assert force or not target.exists()
        target.write_text(path.read_text().upper() + "!" * options.marks)
        tell({"event": "result", "source": str(path), "target": str(target), "text": "loud"})
"""


@pytest.fixture
def shout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the plugin for one test; the working directory holds the texts a and b."""
    site, work = tmp_path / "site", tmp_path / "work"
    info = site / "gan_shout-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "gan_shout.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gan-shout\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ganworks]\nshout = gan_shout\n")
    monkeypatch.syspath_prepend(site)
    work.mkdir()
    monkeypatch.chdir(work)
    for name in ("a", "b", "bad", "stop"):
        Path(name).write_text(name)
    yield work
    sys.modules.pop("gan_shout", None)


def test_files_are_used_and_no_run_is_started(shout: Path, gan: Gan) -> None:
    (shout / "out").mkdir()
    code, out, err = gan("run", "shout", "a", "--set", "marks=2", "b", "--out", "out", "--force")
    assert code == 0, err
    assert out == "a -> out/a.loud  (loud)\nb -> out/b.loud  (loud)\n"
    assert Path("out/b.loud").read_text() == "B!!"
    assert sorted(path.name for path in shout.iterdir()) == ["a", "b", "bad", "out", "stop"]


def test_json_has_a_line_a_result_and_the_outcome_last(shout: Path, gan: Gan) -> None:
    code, out, _ = gan("run", "shout", "a", "b", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["target"] for line in lines if line["event"] == "result"] == ["a.loud", "b.loud"]
    assert lines[-1] == {"event": "outcome", "outcome": "done", "exit_code": 0, "results": 2}


def test_an_error_keeps_what_was_made_before(shout: Path, gan: Gan) -> None:
    code, out, err = gan("run", "shout", "a", "bad", "b")
    assert (code, out) == (2, "a -> a.loud  (loud)\n")
    assert err.splitlines()[-1] == "error: bad: no text"
    code, out, _ = gan("run", "shout", "a", "bad", "--json", "--force")
    last = json.loads(out.splitlines()[-1])
    assert (last["outcome"], last["exit_code"], last["error"], last["results"]) == (
        "failed",
        2,
        "bad: no text",
        1,
    )


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs the signals of POSIX")
def test_an_interruption_is_said(shout: Path, gan: Gan) -> None:
    code, out, err = gan("run", "shout", "a", "stop", "b")
    assert (code, out) == (130, "a -> a.loud  (loud)\n")
    assert "Interrupted: 1 of the results are written." in err
    assert not Path("b.loud").exists()


def test_the_help_of_a_domain_says_whether_it_takes_files(shout: Path, gan: Gan) -> None:
    assert "[FILES]..." in gan("run", "shout", "--help")[1]
    _, out, _ = gan("run", "image", "--help")
    assert "FILES" not in out


def test_a_domain_that_only_trains_says_so(rings: Path, gan: Gan) -> None:
    code, out, err = gan("run", "rings", "--seed", 3, "my data.png")
    assert (code, out) == (2, "")
    assert err == "error: domain 'rings' takes no files: give --data 'my data.png'\n"
    assert main(["run", "rings", "--nonsense", "x"]) == 2
    assert not list(rings.iterdir())
