"""The files of onnxruntime-web that a page needs: from node_modules or fetched by npm, always the same."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from ganworks.errors import UsageError

NAME, VERSION = "onnxruntime-web", "1.30.0"
PACKAGE = f"{NAME}@{VERSION}"
INTEGRITY = (  # of the package, as npm states it
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
SHA256 = {
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
NPM_SECONDS = 300


def files(start: Path) -> dict[str, bytes]:
    """Return the files by name, from ``node_modules`` of ``start`` or a parent, else by ``npm pack``.

    Files of another version are passed over.

    Raises:
        UsageError: they are in no ``node_modules``, and npm is absent or cannot fetch them.
    """
    for folder in (start, *start.parents):
        found = _read(folder / "node_modules" / NAME / "dist")
        if found is not None:
            return found
    return _fetched()


def _read(folder: Path) -> dict[str, bytes] | None:
    try:
        found = {name: (folder / name).read_bytes() for name in SHA256}
    except OSError:
        return None
    return found if _are_known(found) else None


def _are_known(found: dict[str, bytes]) -> bool:
    return all(hashlib.sha256(data).hexdigest() == SHA256[name] for name, data in found.items())


def _fetched() -> dict[str, bytes]:
    npm = shutil.which("npm")
    if npm is None:
        raise _absent("there is no npm to fetch it with")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", PACKAGE, "--ignore-scripts", "--pack-destination", folder]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise _absent(f"npm did not fetch it in {NPM_SECONDS} s") from None
        packages = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(packages) != 1:
            raise _absent(f"npm could not fetch it{_reason(done.stderr)}")
        return _unpacked(packages[0])


def _unpacked(package: Path) -> dict[str, bytes]:
    """Read the files out of a package whose hash is the pinned one; nothing else of it is touched."""
    digest = hashlib.sha512(package.read_bytes()).digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != INTEGRITY:
        raise _absent("what npm fetched is another file than the one this version was tested with")
    with tarfile.open(package) as archive:
        return {name: _member(archive, f"package/dist/{name}") for name in SHA256}


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    assert member is not None, f"{name} of a package with the pinned hash is a file"
    return member.read()


def _reason(log: str) -> str:
    """The line of npm's log that tells a person most."""
    lines = [line.removeprefix("npm error ").strip() for line in log.splitlines() if "error" in line]
    telling = [line for line in lines if line and not line.startswith(("code ", "errno ", "syscall "))]
    return f" ({telling[0][:200]})" if telling else ""


def _absent(reason: str) -> UsageError:
    return UsageError(
        f"the page needs {NAME} {VERSION}: no node_modules of this folder or above holds it, and "
        f"{reason}; type: npm install {PACKAGE}"
    )
