"""Signatures of model files with a local key, in the format of OpenSSF's model-signing; works offline.

A pair of keys::

    openssl ecparam -name prime256v1 -genkey -noout -out signing.pem   # keep it to yourself
    openssl ec -in signing.pem -pubout -out signing.pub                # give it to whoever verifies
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

from ganworks.errors import MissingExtraError, UsageError
from ganworks.run import replacing

SUFFIX = ".sig"


def signature_of(path: Path) -> Path:
    """Return where the signature of a file lies: FILE.sig beside it."""
    return path.with_name(path.name + SUFFIX)


def sign(path: Path, private_key: Path) -> Path:
    """Sign a file with a private key (PEM; curve P-256, P-384 or P-521; no password) and return FILE.sig.

    Raises:
        MissingExtraError: model-signing is not installed.
        UsageError: one of the files is absent, or the key cannot be used.
    """
    signing, _ = _library()
    _require_files(path, private_key)
    with replacing(signature_of(path)) as scratch:
        signer = _or_refuse(
            lambda: signing.Config().use_elliptic_key_signer(private_key=private_key),
            f"{private_key}: this is no private key that can sign",
        )
        signer.sign(path, scratch)
    return signature_of(path)


def verify(path: Path, public_key: Path) -> None:
    """Return when FILE.sig is the signature of the file, as it is now, by the owner of the public key.

    Raises:
        MissingExtraError: model-signing is not installed.
        UsageError: a file or the signature is absent, the key cannot be used, or the signature does not hold.
    """
    _, verifying = _library()
    _require_files(path, public_key)
    if not signature_of(path).is_file():
        raise UsageError(
            f"{path} is not signed: there is no {signature_of(path).name} beside it; see `gan sign`"
        )
    verifier = _or_refuse(
        lambda: verifying.Config().use_elliptic_key_verifier(public_key=public_key),
        f"{public_key}: this is no public key that can verify",
    )
    with redirect_stdout(io.StringIO()):  # the library remarks on signatures of older versions
        _or_refuse(
            lambda: verifier.verify(path, signature_of(path)),
            f"{path}: the signature does not hold: another file was signed, or with another key",
        )


def _library() -> tuple[Any, Any]:
    try:
        return import_module("model_signing.signing"), import_module("model_signing.verifying")
    except ImportError as error:  # also where pyOpenSSL, which it needs, is absent
        raise MissingExtraError("signing", "sign") from error


def _require_files(*paths: Path) -> None:
    for path in paths:
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file")


def _or_refuse(step: Callable[[], Any], refusal: str) -> Any:
    try:
        return step()
    except Exception as error:  # of cryptography, pydantic and model-signing, with no common base
        raise UsageError(refusal) from error
