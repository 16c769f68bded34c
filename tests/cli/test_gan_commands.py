"""Every command, with the real core behind it: exit codes, one-line errors, JSON, folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ganworks_cli.folders import check_free, default_folder
from ganworks_cli.main import main

Gan = Callable[..., tuple[int, str, str]]


@pytest.fixture
def done(rings: Path, gan: Gan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; made once, copied for each test."""
    kept = tmp_path_factory.getbasetemp() / "finished-run"
    folder = Path("runs/one")
    if not kept.exists():
        code, _, err = gan("run", "rings", "--steps", 2, "--threads", 1, "--out", folder)
        assert code == 0, err
        shutil.copytree(folder, kept)
    else:
        shutil.copytree(kept, folder)
    return folder


def test_a_run_from_the_first_command_to_the_last(done: Path, gan: Gan) -> None:
    made = {path.name for path in done.iterdir()}
    assert made >= {"run.toml", "log.jsonl", "checkpoints", "samples", "metrics.json", "report.html", "model"}
    assert (done / "rings.txt").read_text() == "done\n"  # the plugin's listener

    code, out, _ = gan("sample", done, "-n", 3, "--label", "thick", "--seed", 5, "--json")
    document = json.loads(out)
    assert (code, document["samples"], document["count"]) == (0, "runs/one/samples-seed-5", 3)
    assert len(list(Path(document["samples"]).glob("*.png"))) == 3

    code, out, _ = gan("evaluate", done)
    assert code == 0
    assert "extra.brightness-gap = " in out
    code, out, _ = gan("evaluate", done, "--json")
    assert json.loads(out)["extra"]["brightness-gap"] >= 0

    code, out, _ = gan("export", done, "--out", "other.onnx", "--json")
    assert json.loads(out)["file"] == "other.onnx"
    assert Path("other.onnx").exists()
    code, out, _ = gan("report", done)
    assert (code, out) == (0, "Report: runs/one/report.html\n")

    before = (done / "checkpoints" / "best.safetensors").read_bytes()
    code, out, _ = gan("resume", done)
    assert code == 0
    assert "Done: runs/one" in out
    assert (done / "checkpoints" / "best.safetensors").read_bytes() == before


def test_the_ending_tells_what_was_made_and_what_to_type_next(done: Path, gan: Gan) -> None:
    metrics = json.loads((done / "metrics.json").read_text()) | {"downstream": {"verdict": "GAIN"}}
    (done / "metrics.json").write_text(json.dumps(metrics))
    spaced = done.rename("runs/with blank")
    code, out, err = gan("resume", spaced)
    assert code == 0
    assert out.splitlines()[1:] == [
        "Done: runs/with blank",
        "  report   runs/with blank/report.html",
        "  samples  runs/with blank/samples",
        "  numbers  runs/with blank/metrics.json",
        "  model    runs/with blank/model/generator.onnx",
        "",
        "Verdicts:",
        "  gain on a real task: GAIN",
        "",
        "Next:",
        "  gan sample 'runs/with blank' -n 100",
        "  gan evaluate 'runs/with blank' --json",
    ]
    assert err.splitlines()[0] == "Run folder: runs/with blank"


def test_json_lines_end_with_the_outcome(rings: Path, gan: Gan) -> None:
    code, out, _ = gan("run", "rings", "--steps", 1, "--threads", 1, "--out", "r", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert next(event["stage"] for event in events if event["event"] == "stage") == "read"
    assert events[-1]["event"] == "outcome"
    assert (events[-1]["outcome"], events[-1]["exit_code"], events[-1]["run"]) == ("done", 0, "r")
    assert events[-1]["made"]["model"] == "r/model/generator.onnx"


def test_a_failure_in_json_is_the_last_line_too(rings: Path, gan: Gan) -> None:
    code, out, err = gan("run", "rings", "--data", "none.npz", "--json")
    last = json.loads(out.splitlines()[-1])
    assert (code, last["outcome"], last["exit_code"]) == (2, "failed", 2)
    assert "none.npz" in last["error"]
    assert "Traceback" not in err


USAGE = [
    (["run", "ring"], "no domain named 'ring' (did you mean 'rings'?)"),
    (["run", "rings", "--stesp", "1"], "No such option: --stesp"),
    (["run", "rings", "--steps", "many"], "steps: input should be a valid integer, got many"),
    (["run", "rings", "--steps", "0"], "steps: input should be greater than or equal to 1, got 0"),
    (["run", "rings", "--set", "stesp=1"], "unknown key 'stesp' (did you mean 'steps'?)"),
    (["run", "rings", "--config", "none.toml"], "none.toml cannot be read"),
    (["run", "rings", "--steps", "1", "--minutes", "1"], "give either minutes or steps"),
    (
        ["run", "rings", "--recipe", "ring-lsgann"],
        "no recipe named 'ring-lsgann' (did you mean 'ring-lsgan'?)",
    ),
    (["run", "rings", "--device", "cudda"], "device 'cudda' is unknown"),
    (["run", "rings", "--data", "none.npz"], "none.npz is not a .npz"),
    (
        ["run", "rings", "--recipe", "ring-lsgan", "--set", "recipe_options.btch=1"],
        "recipe_options do not fit recipe 'ring-lsgan'",
    ),
    (["sample", "nowhere", "--seed", str(2**31)], "Invalid value for '--seed'"),
    (["sample", "nowhere", "--truncation", "1.5"], "Invalid value for '--truncation'"),
    (["sample", "nowhere", "--truncation", "-0.1"], "Invalid value for '--truncation'"),
    (["resume", "nowhere"], "nowhere is not a run folder"),
    (["sample", "nowhere", "-n", "0"], "Invalid value for '-n'"),
    (["plugins", "show", "ring"], "no plugin named 'ring' (did you mean 'rings'?)"),
    (["plugin"], "Did you mean 'plugins'?"),
    (["sample"], "Missing argument 'RUN'"),
]


UNREAD = ["run", "rings", "--data", "none.npz"]  # data that would be refused if they were read
USAGE += [
    ([*UNREAD, "--technique", "lecma"], "no technique named 'lecma' (did you mean 'lecam'?)"),
    (
        [*UNREAD, "--recipe", "wgan-gp", "--technique", "lecam", "--technique", "label-smoothing"],
        "recipe 'wgan-gp' cannot take on the technique label-smoothing: ",
    ),
    ([*UNREAD, "--recipe", "dcgan", "--technique", "lecam=-1"], "technique lecam=-1: the amount (weight)"),
    ([*UNREAD, "--recipe", "pix2pix"], "pix2pix trains on pairs of images"),
    ([*UNREAD, "--recipe", "distilled"], "a trained teacher: name its run, --set recipe_options.teacher=RUN"),
    (
        [*UNREAD, "--recipe", "distilled", "--set", "recipe_options.teacher=old"],
        "/old is not a run folder",
    ),
    (
        [*UNREAD, "--recipe", "distilled", "--set", "recipe_options.teacher=3"],
        "recipe_options.teacher: 3 is no path",
    ),
    ([*UNREAD, "--start-from", "old"], "--start-from old: no checkpoint there"),
]


@pytest.mark.parametrize(("words", "message"), USAGE, ids=[" ".join(words) for words, _ in USAGE])
def test_wrong_usage_is_one_line_and_exit_code_2(
    rings: Path, gan: Gan, words: list[str], message: str
) -> None:
    code, out, err = gan(*words)
    assert code == 2
    assert out == ""
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert err.splitlines()[-1] == errors[0]
    assert not Path("runs").exists() or not any(Path("runs").iterdir())  # nothing half-made is left


def test_environment_goes_before_set_and_says_so(
    rings: Path, gan: Gan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STEPS", "many")
    code, _, err = gan("run", "rings", "--set", "steps=5")
    assert code == 2
    assert "warning: --set steps has no effect: the environment variable GAN_STEPS goes before it" in err
    assert "error: steps: input should be a valid integer, got many" in err


def test_out_is_never_overwritten_by_accident(done: Path, gan: Gan) -> None:
    again = ["run", "rings", "--steps", 1, "--threads", 1, "--seed", 4]
    code, _, err = gan(*again, "--out", done)
    assert code == 2
    assert "gan resume runs/one" in err
    assert "--force" in err
    assert "seed = 0" in (done / "run.toml").read_text()

    code, _, err = gan(*again, "--out", done, "--force")
    assert code == 0, err
    assert "seed = 4" in (done / "run.toml").read_text()

    Path("mine").mkdir()
    Path("mine/thesis.tex").touch()
    for more in ([], ["--force"]):
        code, _, err = gan(*again, "--out", "mine", *more)
        assert code == 2
        assert "not empty and not a run" in err
    assert Path("mine/thesis.tex").exists()
    code, _, err = gan(*again, "--out", "mine/thesis.tex")
    assert code == 2
    assert "is a file" in err


def test_a_domain_that_does_not_truncate_says_so(done: Path, gan: Gan) -> None:
    code, out, err = gan("sample", done, "-n", 2, "--truncation", 0.5)
    assert (code, out) == (2, "")
    assert err == "error: --truncation 0.5: domain 'rings' does not truncate\n"
    assert not (done / "samples-seed-0-truncation-0.5").exists()
    code, out, _ = gan("sample", done, "-n", 2, "--truncation", 1, "--json")
    assert (code, json.loads(out)["truncation"]) == (0, 1)


def test_a_wrong_option_does_not_cost_the_run_that_force_would_replace(done: Path, gan: Gan) -> None:
    code, _, _ = gan("run", "rings", "--out", done, "--force", "--steps", "none")
    assert code == 2
    assert (done / "model" / "generator.onnx").exists()


def test_default_folders_do_not_collide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import datetime

    monkeypatch.chdir(tmp_path)
    now = datetime(2026, 3, 1, 12, 30, 5)
    first = default_folder("rings", now)
    first.mkdir(parents=True)
    assert str(first) == "runs/rings-20260301-123005"
    assert str(default_folder("rings", now)) == "runs/rings-20260301-123005-2"
    check_free(first, force=False)  # an empty folder is free


def test_unknown_errors_are_one_line_unless_debugged(
    done: Path, gan: Gan, monkeypatch: pytest.MonkeyPatch
) -> None:
    (done / "cache" / "rings.npz").write_bytes(b"not an archive")
    code, _, err = gan("report", done)
    assert code == 1
    assert err.count("\n") == 1
    assert "run again with GAN_DEBUG=1" in err
    monkeypatch.setenv("GAN_DEBUG", "1")
    code, _, err = gan("report", done)
    assert code == 1
    assert "Traceback" in err


def test_doctor_names_what_is_missing_and_how_to_mend_it(rings: Path, gan: Gan) -> None:
    code, out, _ = gan("doctor", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["torch"]["version"]
    assert found["plugins"]["rings"] == "loaded"
    assert {"medical", "onnx", "pretrained"} <= found["extras"].keys()
    for extra, state in found["extras"].items():
        assert state["ok"] or state["mend"] == f"pip install 'ganworks[{extra}]'"
    code, out, _ = gan("doctor")
    assert "plugin     rings: loaded" in out


def test_an_extra_that_is_absent() -> None:
    from ganworks_cli.doctor import extra_state

    assert extra_state("fancy", ["a-package-of-no-name", "numpy"]) == {
        "ok": False,
        "missing": ["a-package-of-no-name"],
        "mend": "pip install 'ganworks[fancy]'",
    }


def test_the_plugin_list(rings: Path, gan: Gan, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = gan("plugins", "list", "--json")
    found = {info["name"]: info for info in json.loads(out)}
    assert code == 0
    assert found["rings"]["status"] == "loaded"
    assert {made["kind"] for made in found["rings"]["declarations"]} == {"domain", "recipe", "metric"}
    _, out, _ = gan("plugins", "list")
    assert "domain rings; recipe ring-lsgan; metric brightness-gap" in out
    _, out, _ = gan("--no-plugins", "plugins", "list")
    assert "rings" not in out
    monkeypatch.setenv("GAN_DISABLE_PLUGINS", "rings")
    code, _, err = gan("run", "rings", "--steps", 1)
    assert code == 2
    assert "disabled plugins: rings" in err


def test_help_and_version(rings: Path, gan: Gan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    assert main(["--version"]) == 0
    code, out, _ = gan("run", "--help")
    assert code == 0
    assert "Synthetic rings, thin and thick." in out
    code, out, _ = gan("run", "rings", "--help")
    assert code == 0
    words = " ".join(out.replace("│", " ").split())  # a narrow terminal breaks lines inside of boxes
    for text in ("--minutes", "Options of rings", "--samples", "default: 8", "Examples:", "gan run rings"):
        assert text in words
    assert "--recipe-options" not in out
    listed = " ".join(out.split()).partition("Only in --config and --set: ")[2]
    assert "recipe_options" in listed
