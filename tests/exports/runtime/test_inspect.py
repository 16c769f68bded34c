"""`gan inspect`, as a person and as a program read it."""

import json

import numpy as np
import pytest

from ganworks_cli.main import main

ABOUT = {
    "training_data": {"title": "120 discs", "fingerprint": "sha256:ab12"},
    "loss": {"image": {"psnr_db": 51.234, "max_abs": 2.0}},
    "profile": "w8",
    "notice": "Machine-made images.",
}


@pytest.fixture
def gan(capsys):
    def call(*words):
        code = main(["inspect", *map(str, words)])
        return code, *capsys.readouterr()

    return call


def test_a_person_reads_the_card(models, saved, gan):
    code, out, err = gan(saved(models.generator(**ABOUT)))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Discs"
    for line in (
        "view:       app",
        "profile:    w8",
        "loss:       image: psnr_db 51.23, max_abs 2",
        "input:      seed  int64 (batch); one number for each image",
        "input:      truncation  float32 (); 0 to 1.5; default 1; variety",
        "output:     image  uint8 (batch, 2, 2, 1); 0 to 255; grey",
        "classes:    dark, bright",
        "licence:    Apache-2.0",
        "trained on: title 120 discs, fingerprint sha256:ab12",
        "notice:     Machine-made images.",
        "operators:  ONNX 20: Add, Cast, Mod, Mul, Reshape, Round",
        "weights:    intact",
    ):
        assert line in lines


def test_a_program_reads_json(models, saved, gan):
    path = saved(models.generator(**ABOUT))
    code, out, _ = gan(path, "--json")
    record = json.loads(out)
    assert code == 0
    assert record["card"]["training_data"] == ABOUT["training_data"]
    assert record["bytes"] == path.stat().st_size
    assert (record["weights"], record["opset"], record["signature"]) == ("intact", 20, None)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_changed_weights(models, saved, gan, options):
    content = models.generator().SerializeToString()
    weight = (np.array([1, 2, 3, 4], np.float32) / 10).tobytes()
    assert content.count(weight) == 1
    code, out, err = gan(saved(content.replace(weight, weight[::-1])), *options)
    assert code == 2
    assert "tampered" in out
    assert err.startswith("error: ")
    assert "tampered: its weights are not those its card was written for" in err


def test_large_and_broken_numbers(models, saved, gan):
    port = {
        "name": "seed",
        "dtype": "int64",
        "shape": ["batch"],
        "low": -0.5,
        "high": 2**31 - 1,
        "meaning": "",
    }
    path = saved(
        models.build([models.node("Identity", "seed", "same")], {}, [port], [("same", "int64", ["batch"])])
    )
    assert "input:      seed  int64 (batch); -0.5 to 2147483647\n" in gan(path)[1]


def test_multiples_of_a_side(models, saved, gan):
    _, out, _ = gan(saved(models.filters("strided")))
    assert "height a multiple of 4, width a multiple of 4" in out


def test_what_is_no_model_is_one_line(saved, tmp_path, gan):
    for path in (saved(b"no model"), tmp_path, tmp_path / "absent.onnx"):
        code, out, err = gan(path)
        assert (code, out) == (2, "")
        assert err.startswith(f"error: {path}: ")
        assert len(err.splitlines()) == 1


def test_a_card_cannot_steer_the_terminal(models, saved, gan):
    path = saved(models.generator(notice="before\x1b[2J\x9b1mafter\nweights:    intact"))
    _, out, _ = gan(path)
    assert "\x1b" not in out
    assert "\x9b" not in out
    assert "notice:     before [2J 1mafter weights:    intact" in out
    assert out.count("\nweights:    intact") == 1
    _, out, _ = gan(path, "--json")
    assert not {"\x1b", "\x9b"} & set(out)


def test_the_help_has_examples(gan):
    code, out, _ = gan("--help")
    assert code == 0
    assert "gan inspect generator.onnx --verify signing.pub" in out
    assert "install-completion" not in out
