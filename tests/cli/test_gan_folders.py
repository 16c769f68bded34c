"""What a command may replace or remove, and what an interrupted run answers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ganworks.errors import UsageError
from ganworks_cli.folders import check_free, drop_stillborn, replaced

Gan = Callable[..., tuple[int, str, str]]
STAGES = "stages.json"
RUN = ("run", "rings", "--steps", 1, "--threads", 1)


def a_run(folder: Path, **stages: float) -> Path:
    folder.mkdir(parents=True)
    (folder / "run.toml").write_text('domain = "rings"\n')
    (folder / "log.jsonl").write_text("{}\n")
    if stages:
        (folder / "stages.json").write_text(json.dumps(stages))
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_is_replaced_whole_or_put_back(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    with pytest.raises(UsageError, match="--force"), replaced(run, force=False):
        raise AssertionError

    def interrupted() -> None:
        with replaced(run, force=True):
            assert names(run) == []
            (run / "half.txt").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(run) == ["log.jsonl", "run.toml"]
    with replaced(run, force=True):
        (run / "new.txt").touch()
    assert names(run) == ["new.txt"]
    assert names(tmp_path) == ["run"]


def test_what_a_kill_left_beside_and_inside_goes_with_the_next_start(tmp_path: Path) -> None:
    (tmp_path / ".run.123.old" / "cache").mkdir(parents=True)  # killed while it deleted the old run
    other = a_run(tmp_path / ".run.mine.old")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".run.toml.123.part").touch()  # killed before the settings were in place
    with replaced(tmp_path / "run", force=False):
        assert names(tmp_path / "run") == []
    assert names(tmp_path) == [other.name, "run"]


def test_a_hidden_file_that_is_no_scratch_is_not_free(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    with pytest.raises(UsageError, match="not empty and not a run"):
        check_free(tmp_path, force=True)


def test_a_run_behind_a_link_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    run = a_run(tmp_path / "disk" / "run")
    link = tmp_path / "link"
    link.symlink_to(run)
    with replaced(link, force=True):
        (link / "new.txt").touch()
    assert link.is_symlink()
    assert names(run) == ["new.txt"]
    assert names(run.parent) == ["run"]


def test_a_run_is_not_replaced_from_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(a_run(tmp_path / "run"))
    with pytest.raises(UsageError, match="is where you are"):
        check_free(Path(), force=True)


@pytest.mark.parametrize(
    ("stages", "checkpoints", "kept"),
    [({}, False, False), ({"read": 3600.0}, False, True), ({}, True, True), ({"fit": 1.0}, False, False)],
)
def test_only_a_run_that_read_nothing_is_dropped(
    tmp_path: Path, stages: dict[str, float], checkpoints: bool, kept: bool
) -> None:
    run = a_run(tmp_path / "run", **stages)
    (run / "cache").mkdir()
    if checkpoints:
        (run / "checkpoints").mkdir()
    drop_stillborn(run)
    assert run.exists() == kept
    if kept:
        drop_stillborn(run, though_read=True)
        assert run.exists() == checkpoints


def test_a_run_with_damaged_stages_is_kept(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    (run / "stages.json").write_text("{")
    drop_stillborn(run)
    assert (run / "run.toml").exists()


def test_a_slip_found_after_the_data_were_read_leaves_no_folder(rings: Path, gan: Gan) -> None:
    slip = (*RUN, "--set", "recipe_options.btch=1", "--out", "r")  # the data pick the recipe
    for _ in range(2):  # the corrected command can have the same --out
        code, _, err = gan(*slip)
        assert code == 2
        assert "recipe_options do not fit" in err
        assert not Path("r").exists()


def test_where_it_replaced_a_run_its_data_are_kept(rings: Path, gan: Gan) -> None:
    a_run(Path("r"))
    code, _, err = gan(*RUN, "--set", "recipe_options.btch=1", "--out", "r", "--force")
    assert code == 2
    assert "recipe_options do not fit" in err
    assert Path("r/cache/rings.npz").exists()


def test_a_start_that_does_not_fit_leaves_no_folder(trained: Path, gan: Gan) -> None:
    wider = ("--set", "recipe_options.width=16", "--start-from", trained, "--out", "r")
    code, _, err = gan(*RUN, *wider)
    assert code == 2
    assert err.splitlines()[-1].startswith(f"error: --start-from {trained.resolve()}: ")
    assert not Path("r").exists()


def test_a_device_that_is_not_there_does_not_cost_the_run_to_replace(rings: Path, gan: Gan) -> None:
    a_run(Path("r"))
    code, _, err = gan(*RUN, "--device", "cudda", "--out", "r", "--force")
    assert code == 2
    assert "cudda" in err
    assert names(Path("r")) == ["log.jsonl", "run.toml"]


def test_samples_never_replace_what_is_not_samples(trained: Path, gan: Gan) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.tex").touch()
    code, out, err = gan("sample", trained, "-n", 2, "--out", "mine", "--json")
    assert (code, out) == (2, "")
    assert err == "error: --out mine is not empty and holds no samples; choose a new folder\n"
    assert names(Path("mine")) == ["thesis.tex"]
    code, _, err = gan("sample", trained, "-n", 2, "--out", "mine/thesis.tex")
    assert code == 2
    assert "is a file" in err


def test_samples_replace_earlier_ones_by_force_only(trained: Path, gan: Gan) -> None:
    for count, words, expected in ((3, (), 0), (2, (), 2), (4, ("--force",), 0)):
        code, out, err = gan("sample", trained, "-n", count, "--out", "new", "--json", *words)
        assert code == expected
        if code:
            assert err == "error: new holds samples: replace them with --force, or name another --out\n"
        else:
            assert json.loads(out)["count"] == count


@pytest.mark.parametrize("command", ["sample", "evaluate"])
def test_an_unfinished_training_is_said(trained: Path, gan: Gan, command: str) -> None:
    assert "has not ended" not in gan(command, trained)[2]
    stages = json.loads((trained / STAGES).read_text())
    (trained / STAGES).write_text(json.dumps({"read": 1, "fit, interrupted": stages["fit"]}))
    code, _, err = gan(command, trained, *(("--out", "more") if command == "sample" else ()))
    assert code == 0
    (line,) = [one for one in err.splitlines() if "has not ended" in one]
    assert line.startswith(f"warning: the training of {trained}")
    assert f"gan resume {trained}" in line


def test_the_count_is_what_was_written(trained: Path, gan: Gan, monkeypatch: pytest.MonkeyPatch) -> None:
    from gan_rings import pipeline

    class Fewer(pipeline.RingPipeline):
        """A domain that leaves some samples out, as near-copies are."""

        def sample(self, sampler, request):  # type: ignore[no-untyped-def]
            folder = super().sample(sampler, request)
            rows = (folder / "manifest.csv").read_text().splitlines()
            (folder / "manifest.csv").write_text("\n".join(rows[:-1]) + "\n")
            return folder

    monkeypatch.setattr(pipeline, "RingPipeline", Fewer)
    code, out, err = gan("sample", trained, "-n", 4, "--json")
    assert code == 0
    assert (json.loads(out)["count"], json.loads(out)["asked"]) == (3, 4)
    assert "3 of the 4 samples asked for were written" in err


def test_an_export_does_not_replace_a_program_of_the_user(trained: Path, gan: Gan) -> None:
    Path("lib").mkdir()
    Path("lib/sample.py").write_text("import mine\n")
    code, _, err = gan("export", trained, "--out", "lib/m.onnx")
    assert code == 2
    assert err.count("\n") == 1
    assert "lib/sample.py is not a script of an earlier export" in err
    assert names(Path("lib")) == ["sample.py"]
    assert Path("lib/sample.py").read_text() == "import mine\n"


@pytest.mark.parametrize("command", ["sample", "evaluate", "export", "report"])
@pytest.mark.parametrize("got_to", ["settings", "read"])
def test_a_run_without_a_generator_says_how_to_go_on(
    trained: Path, gan: Gan, command: str, got_to: str
) -> None:
    shutil.rmtree(trained / "checkpoints")
    for name in ("metrics.json", "stages.json", "report.html"):
        (trained / name).unlink()
    if got_to == "settings":
        shutil.rmtree(trained / "cache")
    else:
        (trained / "stages.json").write_text('{"read": 0.1, "fit, interrupted": 0.2}')
    code, out, err = gan(command, trained)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert f"gan resume {trained}" in err


def test_a_run_stopped_while_it_trained_has_numbers_but_no_report(trained: Path, gan: Gan) -> None:
    (trained / "metrics.json").unlink()
    (trained / "stages.json").write_text('{"read": 0.1}')
    code, out, err = gan("report", trained)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "not finished (fit, evaluate missing)" in err
    code, _, err = gan("evaluate", trained)  # of the best generator so far
    assert code == 0, err
    code, _, err = gan("export", trained)
    assert code == 0, err


@pytest.fixture
def trained(rings: Path, gan: Gan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; made once, copied for each test."""
    kept = tmp_path_factory.getbasetemp() / f"trained-{os.getpid()}"
    folder = Path("runs/one")
    if not kept.exists():
        code, _, err = gan(*RUN, "--out", folder)
        assert code == 0, err
        shutil.copytree(folder, kept)
    else:
        shutil.copytree(kept, folder)
    return folder
