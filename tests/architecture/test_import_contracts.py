"""The import contracts of .importlinter hold, and each of them notices a breach."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("anmen", "service", "device_sim", "face_engine", "firmware_protocol")
# For each contract a file to spoil, and the line that spoils it.
BREACHES = {
    "The command composes service and simulator, which never import each other": ("device_sim/door.py", "import service.errors"),
    "A concept of the service imports only those below it": ("service/premises/actions.py", "import service.people.rules"),
    "Inside a concept: routes, actions, records, rules": ("service/people/records.py", "import service.people.actions"),
    "Rules are pure: no SQL, no HTTP, no clock, no chance, no files, no network": ("service/accounts/rules.py", "import time"),
    "The lock protocol is sans-I/O: time and chance are arguments": ("firmware_protocol/codec.py", "import random"),
    "Only records and edges speak to the database driver": ("service/people/actions.py", "import psycopg"),
    "The broker has one client on each side": ("service/locks/actions/keys.py", "import paho.mqtt.client"),
}  # fmt: skip


def _copy_of_the_sources(into: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, into / package, ignore=shutil.ignore_patterns("__pycache__", "*.onnx", "static")
        )
    shutil.copy(ROOT / ".importlinter", into)
    return into


def _lint(folder: Path) -> str:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a copy of the sources with one breach of each contract."""
    folder = _copy_of_the_sources(tmp_path_factory.mktemp("spoiled"))
    for name, line in BREACHES.values():
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    shutil.copytree(folder / "service" / "people", folder / "service" / "gossip")
    return _lint(folder)


def test_the_contracts_hold() -> None:
    said = _lint(ROOT)
    assert "0 broken" in said, said


def test_every_contract_has_its_breach() -> None:
    names = [line for line in (ROOT / ".importlinter").read_text().splitlines() if line.startswith("name = ")]
    assert {name.removeprefix("name = ") for name in names} == BREACHES.keys()


@pytest.mark.parametrize("contract", BREACHES)
def test_a_breach_is_noticed(spoiled: str, contract: str) -> None:
    name, line = BREACHES[contract]
    assert f"{contract} BROKEN" in spoiled, spoiled
    importer, imported = name.removesuffix(".py").replace("/", "."), line.split()[1]
    assert f"{importer} -> {imported.removesuffix('.mqtt.client')}" in spoiled


def test_a_concept_that_nobody_placed_is_noticed(spoiled: str) -> None:
    assert "gossip" in spoiled
