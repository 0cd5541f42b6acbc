"""Firmware, from the maker's key to six locks: the command, PostgreSQL, the ingest process, the broker over TLS, simulated locks.

A bad image stops its own roll-out after the first stage; the next, good one reaches all.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from anmen.__main__ import app
from anmen.broker import Broker
from anmen.maker_key import public_point
from device_sim.estate import Estate, running_estate
from device_sim.hardware import Hardware
from device_sim.provision import write_provision
from device_sim.updating import Maker
from firmware_protocol.manifest import vendor_id
from firmware_protocol.topics import LockId
from service.edges import clock
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errands import Paces
from service.ingest import Ingest, IngestParts
from service.rollout import actions as rollout
from service.rollout.rules import RolloutState
from tests.fixtures_database import Database
from tests.journeys.test_lock_to_register import Running, ingest_address
from tests.lock_at_broker import provision_of
from tests.wire_link import eventually
from tests.wire_lock import provisioned

VENDOR = "locks.example"


class Operator:
    """Somebody at a terminal, in a folder of their own."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self._environment = {"ANMEN_DATABASE_URL": database.url(), "COLUMNS": "200"}

    def types(self, *words: str) -> str:
        """`anmen firmware …`; what it prints."""
        said = CliRunner().invoke(app, ["firmware", *words], env=self._environment, catch_exceptions=False)
        assert said.exit_code == 0, said.output
        return said.output

    def releases(self, version: str, sequence: int, behaviour: str) -> None:
        """Make an image, sign it and add it."""
        image, key = str(self.folder / f"{version}.img"), self.folder / "maker.pem"
        self.types("image", image, "--version", version, "--behaviour", behaviour, "--size", "6000")
        signing = ("--key", str(key), "--vendor", VENDOR)
        self.types("sign", image, "--sequence", str(sequence), "--version", version, *signing)
        self.types("add", image, "--manifest", f"{image}.manifest", "--maker", f"{key}.pub")


@pytest.fixture
def operator(tmp_path: Path, database: Database) -> Operator:
    at_terminal = Operator(tmp_path, database)
    at_terminal.types("key", str(tmp_path / "maker.pem"))
    return at_terminal


@pytest.fixture
def estate(operator: Operator, database: Database, broker: Broker, keyring: Keyring) -> Iterator[Estate]:
    """Six locks of the operator's maker, registered and running."""
    maker = Maker(public_point((operator.folder / "maker.pem.pub").read_bytes()), vendor_id(VENDOR))
    for _ in range(6):
        with transaction(database.serve, SYSTEM) as session:
            made = provisioned(session, keyring, clock.now())
        write_provision(operator.folder / "locks", provision_of(made.identity, broker, maker=maker))
    folder = operator.folder / "locks"
    with running_estate(folder, operator.folder / "control", http_port=None, hardware=Hardware()) as running:
        yield running


def states(estate: Estate) -> dict[LockId, dict[str, Any]]:
    return {LockId(lock): estate.answer({"lock": lock, "do": "state"})["state"] for lock in estate.runners}


def versions(estate: Estate) -> list[str]:
    return sorted(one.get("firmware", {}).get("version", "restarting") for one in states(estate).values())


def in_state(database: Database, wanted: RolloutState) -> dict[str, int] | None:
    """How many locks are where in the latest roll-out, once it is in that state."""
    with transaction(database.serve, SYSTEM) as session:
        latest = rollout.progress(session)[0]
    return {state.value: count for state, count in latest.states.items()} if latest.rollout.state is wanted else None


def test_a_bad_image_stops_and_a_good_one_arrives(
    operator: Operator, estate: Estate, database: Database, broker: Broker, keyring: Keyring
) -> None:
    parts = IngestParts(database.ingest, keyring, ingest_address(broker), lease_s=3.0, paces=Paces(firmware_s=0.2))
    with Running(database, broker, keyring, Ingest(parts)):
        eventually(lambda: all(one.get("proven") for one in states(estate).values()), within_s=20)
        operator.releases("1.1.0", 2, "crashes")
        operator.types("start", "1.1.0", "--stages", "33,100", "--errors", "20", "--soak", "1")
        # The first lock that falls back stops it; the other of the first stage may be anywhere on its way then.
        ended = {"fell_back", "withdrawn"}
        eventually(lambda: (in_state(database, RolloutState.STOPPED) or {"": 0}).keys() <= ended, within_s=30)
        stopped = in_state(database, RolloutState.STOPPED) or {}
        assert sum(stopped.values()) == 6
        assert 1 <= stopped["fell_back"] <= 2
        eventually(lambda: versions(estate) == ["0.1.0"] * 6)
        assert "stopped" in operator.types("status")

        operator.releases("1.2.0", 3, "good")
        operator.types("start", "1.2.0", "--stages", "33,100", "--soak", "1")
        operator.types("pause")
        operator.types("resume")
        eventually(lambda: in_state(database, RolloutState.DONE) == {"installed": 6}, within_s=30)
        eventually(lambda: versions(estate) == ["1.2.0"] * 6)
        assert "6 installed" in operator.types("status")
