"""The conformance kit at the C lock's door: what docs/protocol/ asks of a lock, sentence by sentence, over a real broker."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from anmen.broker import Broker
from anmen.conformance.mqtt_line import BrokerAddress, MqttLine
from anmen.conformance.registry import Profile
from anmen.conformance.run import run
from anmen.conformance.stand import Stand
from anmen.conformance.verdict import NotTried, Outcome, Verdict
from firmware_protocol import LockIdentity, ServiceIdentity
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.topics import draw_lock_id
from firmware_protocol.vocabulary import OverrideKind
from tests.c_reference.c_lock import CLock, build_lock, provision_text

# One of each page, quick enough for the usual run; the long form tries every sentence.
A_FEW = frozenset(
    {
        "ANM-FRM-009",
        "ANM-FRM-014",
        "ANM-KEY-012",
        "ANM-KEY-015",
        "ANM-SES-010",
        "ANM-EVT-001",
        "ANM-EVT-027",
        "ANM-DOR-021",
    }
)
OTHERS = "the C lock's port has no key, plate, button or outside contacts"


@dataclass(slots=True)
class AtTheDoor:
    """Does to the C lock what a person would."""

    lock: CLock

    def power_off(self) -> None:
        self.lock.kill()

    def power_on(self, *, clock_kept: bool = True) -> None:
        if not clock_kept:
            self.lock.chip.unlink(missing_ok=True)
        self.lock.start()

    def cut_network(self) -> None:
        self.lock.do("cut")

    def restore_network(self) -> None:
        self.lock.do("restore")

    def show_card(self, number: str) -> bool:
        return self.lock.do(f"card {number}") == "opened"

    def enter_pin(self, digits: str) -> bool:
        return self.lock.do(f"pin {digits}") == "opened"

    def show_face(self) -> bool:
        raise NotTried("it has no camera")

    def turn_handle(self) -> bool:
        return self.lock.do("handle") == "opened"

    def turn_key(self) -> bool:
        raise NotTried(OTHERS)

    def lift_plate(self) -> None:
        raise NotTried(OTHERS)

    def press_button(self) -> None:
        raise NotTried(OTHERS)

    def press_claim(self) -> None:
        raise NotTried(OTHERS)

    def override(self, kind: OverrideKind, *, lasts: bool = True) -> None:
        raise NotTried(OTHERS)

    def power_outside(self, *, connected: bool) -> None:
        raise NotTried(OTHERS)

    def move_leaf(self, *, opened: bool) -> None:
        raise NotTried(OTHERS)


@pytest.fixture
def stand(broker: Broker, built: Path, tmp_path: Path) -> Iterator[Stand]:
    """A C lock with power, and the kit in the service's place."""
    lock_key, service_key = private_key(os.urandom(48)), private_key(os.urandom(48))
    identity = LockIdentity(draw_lock_id(os.urandom(8)), lock_key, public_key(service_key))
    provision = tmp_path / "provision"
    provision.write_text(provision_text(identity, broker))
    lock = CLock(build_lock(built), provision, tmp_path / "flash")
    ours = broker.certificates.for_service()
    address = BrokerAddress(broker.host, broker.ports.services, broker.authority, ours.certificate, ours.key)
    service = ServiceIdentity(identity.lock, service_key, public_key(lock_key))
    lock.start()
    with MqttLine(address, identity.lock) as line:
        yield Stand(line, AtTheDoor(lock), service, profile=Profile.CORE)
    lock.quit()


def failed(verdicts: list[Verdict]) -> list[str]:
    return [f"{one.number}: {one.expected} | {one.seen}" for one in verdicts if one.outcome is Outcome.FAILED]


def test_a_few_sentences_hold(stand: Stand) -> None:
    verdicts = [one for one in run(stand, only=A_FEW) if one.outcome is not Outcome.DECLARED]
    assert failed(verdicts) == []
    assert sum(one.outcome is Outcome.PASSED for one in verdicts) >= 5


def test_nobody_counts_its_calls_for_help(stand: Stand) -> None:
    stand.profile = Profile.FULL
    verdicts = {one.number: one for one in run(stand, only=frozenset({"ANM-DOR-021", "ANM-DOR-006"}))}
    assert failed(list(verdicts.values())) == []
    assert verdicts["ANM-DOR-021"].outcome is Outcome.PASSED


@pytest.mark.full
@pytest.mark.timeout(600)
def test_every_sentence_of_the_core_profile_holds(stand: Stand) -> None:
    verdicts = run(stand)
    assert failed(verdicts) == []
