"""A change of keys that the kit goes through with: at every moment somebody holds the pair that the lock speaks under."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from anmen.conformance.authority import draw_authority, read_authority
from anmen.conformance.counterpart import SILENT, USUAL, Manners
from anmen.conformance.mqtt_line import BrokerAddress
from anmen.conformance.rekeying import answer_under, offer_keys
from anmen.conformance.run import run
from anmen.conformance.stand import Stand
from anmen.conformance.stand_file import keep_keys, read_coming, read_stand_file, write_stand_file
from anmen.conformance.verdict import Failed, Outcome
from anmen.errors import MachineError
from firmware_protocol import ServiceIdentity
from firmware_protocol.keys import private_key
from tests.conformance.memory_line import IDENTITY, LOCK, factory_certificate, memory_stand


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


def test_an_authority_for_locks_needs_its_own_key(tmp_path: Path) -> None:
    certificate, key = tmp_path / "ca.pem", tmp_path / "ca.key"
    authority, other = draw_authority(1_790_000_000), draw_authority(1_790_000_000)
    certificate.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    for one in (other, authority):
        shape, encoding = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
        key.write_bytes(one.key.private_bytes(encoding, shape, serialization.NoEncryption()))
        if one is other:
            with pytest.raises(MachineError, match="is not the elliptic-curve key"):
                read_authority(certificate, key)
    assert read_authority(certificate, key).certificate == authority.certificate
    with pytest.raises(MachineError, match="cannot be read"):
        read_authority(certificate, tmp_path / "none.key")


def test_without_an_authority_that_the_broker_trusts_the_rest_is_tried() -> None:
    wire, stand = memory_stand()
    wire.installed.power_on()
    stand.authority = None
    only = frozenset({"ANM-KEY-032", "ANM-KEY-036", "ANM-KEY-037", "ANM-KEY-038"})
    told = {one.number: one.outcome for one in run(stand, only=only)}
    assert told.pop("ANM-KEY-037") is Outcome.NOT_TRIED
    assert set(told.values()) == {Outcome.PASSED}


def test_a_certificate_that_lives_on_for_long_is_not_asked_about() -> None:
    wire, stand = memory_stand()
    wire.hardware.certificate = factory_certificate(300)
    wire.installed.power_on()
    [told] = run(stand, only=frozenset({"ANM-KEY-033"}))
    assert told.outcome is Outcome.NOT_TRIED
    assert "less than 60" in told.seen


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
