"""What the core asks of the C library, and how it is written: the README's promises."""

import subprocess
from pathlib import Path

import pytest

from tests.c_reference.built import CORE, HERE, SOURCES, STRICT

MEMORY = {"memcpy", "memmove", "memset", "memcmp"}
EVERY_FILE = sorted(file for folder in (SOURCES, HERE) for file in folder.rglob("*.[ch]"))


def test_the_core_needs_memory_functions_and_its_ports_only(built: Path) -> None:
    folder = built / "freestanding"
    folder.mkdir()
    options = [*STRICT, "-Os", "-ffreestanding", "-fno-pic", "-c"]
    subprocess.run(["gcc", *options, *map(str, CORE)], cwd=folder, check=True)
    objects = [str(one) for one in folder.glob("*.o")]
    listed = subprocess.run(["nm", "-P", *objects], capture_output=True, text=True, check=True).stdout
    names = [line.split() for line in listed.splitlines() if len(line.split()) > 1]
    wanted = {words[0] for words in names if words[1] == "U"} - {words[0] for words in names if words[1] in "TDR"}
    assert {name for name in wanted if not name.startswith("anmen_")} <= MEMORY
    assert not [words for words in names if words[1] in "BbDC"], "the core has no state of its own"


@pytest.mark.parametrize("source", EVERY_FILE, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_file_fits_the_house(source: Path) -> None:
    lines = source.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 250
    assert max(map(len, lines)) <= 125
