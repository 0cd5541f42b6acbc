"""A change of keys that the kit goes through with: at every moment somebody holds the pair that the lock speaks under."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from anmen.conformance.counterpart import SILENT, USUAL, Manners
from anmen.conformance.mqtt_line import BrokerAddress
from anmen.conformance.rekeying import answer_under, offer_keys
from anmen.conformance.stand import Stand
from anmen.conformance.stand_file import keep_keys, read_coming, read_stand_file, write_stand_file
from anmen.conformance.verdict import Failed
from anmen.errors import MachineError
from firmware_protocol import ServiceIdentity
from firmware_protocol.keys import private_key
from tests.conformance.memory_line import IDENTITY, LOCK, memory_stand


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A stand file with a lock's keys."""
    path = tmp_path / "stand.json"
    write_stand_file(path, BrokerAddress("broker.example", 8884, tmp_path, tmp_path, tmp_path), IDENTITY)
    return path


def test_both_pairs_are_kept_while_the_lock_may_speak_under_either(path: Path) -> None:
    coming = replace(IDENTITY, private_key=private_key(b"another " * 6), key_epoch=2)
    assert read_coming(path, IDENTITY.lock) is None
    keep_keys(path, IDENTITY, coming)
    assert (read_stand_file(path, LOCK)[1], read_coming(path, IDENTITY.lock)) == (IDENTITY, coming)
    assert path.stat().st_mode & 0o077 == 0
    keep_keys(path, coming, None)
    assert (read_stand_file(path, LOCK)[1], read_coming(path, IDENTITY.lock)) == (coming, None)


def test_what_cannot_be_read_of_the_pair_to_come_is_explained(path: Path) -> None:
    written = json.loads(path.read_text(encoding="utf-8"))
    written["locks"][LOCK]["coming"] = {"key_epoch": 2}
    path.write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(MachineError, match="coming: 'service_private_key'"):
        read_coming(path, IDENTITY.lock)


@pytest.mark.parametrize("manners", [USUAL, SILENT], ids=["behind the proof", "before it"])
def test_a_run_that_ends_in_the_midst_of_it_loses_no_lock(manners: Manners) -> None:
    wire, stand = memory_stand()
    wire.installed.power_on()
    kept: list[tuple[ServiceIdentity, ServiceIdentity | None]] = []
    stand.keep_keys = lambda present, coming: kept.append((present, coming))
    stand.settle()
    offered = offer_keys(stand)
    assert kept == []
    stand.behave(manners)
    with suppress(Failed):
        answer_under(stand, offered)
    [(present, coming)] = kept
    assert (present, coming) == (IDENTITY, offered.identity)
    again = Stand(wire, stand.operator, present, keep_keys=stand.keep_keys)
    again.transcript.other, again.service.takes_other = coming, True
    again.service.take_lease(stand.service.holder.generation + 1)
    again.settle()
    assert again.identity == (coming if manners is USUAL else present)
    assert kept[1:] == ([(coming, None)] if manners is USUAL else [])
