"""Signatures with a key of this machine, without a network; and what is said where the extra is missing."""

import json
import sys

import pytest

from ganworks.errors import MissingExtraError, UsageError
from ganworks_cli.main import main
from ganworks_exports import signing


@pytest.fixture
def library():
    pytest.importorskip("model_signing.signing", reason="needs ganworks[sign]", exc_type=ImportError)


def write_keys(folder, name="signing"):
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    plain = (form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    private.write_bytes(key.private_bytes(*plain))
    public.write_bytes(
        key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def test_the_commands_sign_and_verify(library, models, saved, tmp_path, capsys):
    path = saved(models.generator())
    private, public = write_keys(tmp_path)
    assert main(["sign", str(path), str(private)]) == 0
    assert main(["inspect", str(path), "--verify", str(public)]) == 0
    assert f"signature:  holds for {public}" in capsys.readouterr().out
    assert main(["sign", str(public), str(private)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_signed_file_holds_under_another_name_too(library, models, saved, tmp_path, capsys):
    path = saved(models.generator())
    private, public = write_keys(tmp_path)
    made = signing.sign(path, private)
    assert made == path.with_name("model.onnx.sig")
    signing.verify(path, public)
    renamed = path.rename(path.with_name("other.onnx"))
    signing.signature_of(path).rename(signing.signature_of(renamed))
    signing.verify(renamed, public)
    assert capsys.readouterr() == ("", "")


def test_any_change_and_any_other_key_are_told(library, models, saved, tmp_path):
    path = saved(models.generator())
    private, public = write_keys(tmp_path)
    _, strange = write_keys(tmp_path, "strange")
    signing.sign(path, private)
    with pytest.raises(UsageError, match="the signature does not hold"):
        signing.verify(path, strange)
    signature = signing.signature_of(path)
    original = signature.read_text()
    for broken in ("", "{}", original.replace("payload", "payLoad"), original[:-40]):
        signature.write_text(broken)
        with pytest.raises(UsageError, match="the signature does not hold"):
            signing.verify(path, public)
    signature.write_text(original)
    content = bytearray(path.read_bytes())
    content[content.index(b"Discs")] ^= 1  # the card, which the hash of the weights does not cover
    path.write_bytes(content)
    with pytest.raises(UsageError, match="another file was signed"):
        signing.verify(path, public)


def test_files_that_are_missing_or_no_keys(library, models, saved, tmp_path):
    path = saved(models.generator())
    private, public = write_keys(tmp_path)
    with pytest.raises(UsageError, match=r"model.onnx is not signed: there is no model.onnx.sig beside it"):
        signing.verify(path, public)
    with pytest.raises(UsageError, match="no private key"):
        signing.sign(path, public)
    assert not signing.signature_of(path).exists()
    signing.sign(path, private)
    with pytest.raises(UsageError, match="no public key"):
        signing.verify(path, private)


def test_inspect_verifies(library, models, saved, tmp_path, capsys):
    path = saved(models.generator())
    private, public = write_keys(tmp_path)
    signing.sign(path, private)
    assert main(["inspect", str(path), "--verify", str(public)]) == 0
    assert f"signature:  holds for {public}" in capsys.readouterr().out
    assert main(["inspect", str(path), "--verify", str(public), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["signature"] == str(public)
    path.write_bytes(models.generator(title="Squares").SerializeToString())
    assert main(["inspect", str(path), "--verify", str(public)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "the signature does not hold" in err


def test_without_the_extra(models, saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "model_signing", None)
    monkeypatch.setitem(sys.modules, "model_signing.signing", None)
    path = saved(models.generator())
    for step in (signing.sign, signing.verify):
        with pytest.raises(MissingExtraError, match=r"pip install 'ganworks\[sign\]'"):
            step(path, path)
