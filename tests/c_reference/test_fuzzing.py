"""Mutated vectors into every reader of the C core and into a running lock, under the sanitizers."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.c_reference.built import CORE, FILE_FLASH, HERE, OPENSSL, ROOT, SANITISED, build

FUZZ_SOURCES = [HERE / "fuzz.c", HERE / "words.c", HERE / "shapes_up.c", OPENSSL, FILE_FLASH, *CORE]


def seeds() -> str:
    """Every vector's bytes, a line each."""
    vectors = ROOT / "firmware_protocol" / "vectors"
    found = {
        one["plain"].rstrip("0") + "0" * (len(one["plain"].rstrip("0")) % 2) for one in read(vectors / "plain.json")
    }
    found |= {one["frame"] for one in read(vectors / "sealed.json")}
    found |= {one["bytes"] for one in read(vectors / "invalid.json") if one["bytes"]}
    found |= {one["encoded"] for one in json.loads((vectors / "lists.json").read_text())["entries"]}
    return "".join(f"{one}\n" for one in sorted(found))


def read(path: Path) -> list[dict[str, str]]:
    vectors: list[dict[str, str]] = json.loads(path.read_text())
    return vectors


@pytest.mark.parametrize(
    ("seconds", "seed"), [(2, 1), pytest.param(90, 20260301, marks=(pytest.mark.full, pytest.mark.timeout(300)))]
)
def test_nothing_breaks_the_readers(built: Path, tmp_path: Path, seconds: int, seed: int) -> None:
    program = build(built / "fuzz", FUZZ_SOURCES, *SANITISED)
    command = [str(program), str(seconds), str(seed), str(tmp_path / "flash")]
    done = subprocess.run(command, input=seeds(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert int(done.stdout.split()[0]) > 500 * seconds
