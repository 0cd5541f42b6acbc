"""When a lock connects after its power or its link was away: in its turn, but for an alarm."""

from pathlib import Path

import pytest

from device_sim.certificate import HeldCertificate
from device_sim.hardware import Hardware
from device_sim.installation import Installation
from device_sim.provision import Provision
from firmware_protocol import ServiceIdentity
from firmware_protocol.keys import public_key
from firmware_protocol.lock_side import LONGEST_SLOT_S
from firmware_protocol.messages import Welcome
from firmware_protocol.vocabulary import AlarmCode, EventType, Field, OperationSource
from tests.device.rig import LOCK, LOCK_KEY, SERVICE_KEY
from tests.protocol.fake_ingest import FakeIngest

SLOT_MS = 40_000


class Wire:
    """A link that notes what it is told, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.connects: list[float] = []
        self.sent: list[bytes] = []
        self.ingest = FakeIngest(ServiceIdentity(LOCK, SERVICE_KEY, public_key(LOCK_KEY)))
        nowhere = Path("/nowhere")
        provision = Provision(
            lock=LOCK,
            private_key=LOCK_KEY,
            service_public_key=public_key(SERVICE_KEY),
            certificate=nowhere,
            certificate_key=nowhere,
            authority=nowhere,
            broker_host="",
            broker_port=0,
        )
        hardware = Hardware(uptime_s=lambda: self.now, draw=lambda size: bytes([7 + len(self.connects)]) * size)
        self.installed = Installation(provision, folder, hardware=hardware, link=self)

    def connect(self, will: bytes, certificate: HeldCertificate | None = None) -> None:
        self.connects.append(self.now)

    def publish(self, frame: bytes) -> None:
        self.sent.append(frame)

    def drop(self) -> None: ...

    def close(self) -> None: ...

    def until(self, at: float) -> None:
        """Time passes, in steps of a quarter of a second."""
        while self.now < at:
            self.now += 0.25
            self.installed.drive()

    def meet(self, slot_ms: int) -> None:
        """Link up, and everything said to the end; then the service names a slot."""
        self.installed.came_up()
        self.installed.drive()
        while self.sent:
            frames, self.sent = self.sent, []
            for answer in self.ingest.receive(frames):
                self.installed.receive(answer)
            self.installed.drive()
        current = self.ingest.side.current
        assert current is not None
        welcome = Welcome(current.birth_number, 60, 50, slot_ms)
        self.installed.receive(self.ingest.side.seal(welcome, current.session))
        self.installed.drive()


@pytest.fixture
def wire(tmp_path: Path) -> Wire:
    wire = Wire(tmp_path / "lock")
    wire.installed.power_on()
    wire.installed.drive()
    assert wire.connects == [0.0]
    return wire


def test_the_slot_outlives_a_power_cut(wire: Wire) -> None:
    wire.meet(SLOT_MS)
    wire.installed.power_off()
    wire.installed.power_on()
    back = wire.now
    wire.until(back + 39.5)
    assert wire.connects == [0.0]
    wire.until(back + 41)
    assert wire.connects[1:] == [pytest.approx(back + 40, abs=0.3)]


def test_who_was_told_none_comes_at_once(wire: Wire) -> None:
    wire.meet(0)
    wire.installed.power_off()
    wire.installed.power_on()
    wire.installed.drive()
    assert wire.connects == [0.0, 0.0]


def test_a_lost_connection_waits_as_well_and_further_tries_do_not(wire: Wire) -> None:
    wire.meet(SLOT_MS)
    wire.installed.went_down("the broker is gone")
    wire.until(39)
    assert len(wire.connects) == 1
    wire.until(42)
    assert len(wire.connects) == 2
    wire.installed.went_down("still gone")
    wire.until(45)
    assert len(wire.connects) == 3


def test_an_alarm_does_not_wait(wire: Wire) -> None:
    wire.meet(SLOT_MS)
    wire.installed.power_off()
    wire.installed.power_on()
    wire.until(5)
    assert len(wire.connects) == 1
    fields = {Field.CODE: AlarmCode.FORCED_USER, Field.SOURCE: OperationSource.KEYPAD}
    lock = wire.installed._lock
    assert lock is not None
    lock._recorder.record(EventType.ALARM_RAISED, fields, wire.installed.now)
    wire.until(5.5)
    assert len(wire.connects) == 2


def test_no_service_keeps_a_lock_away_for_ever(wire: Wire) -> None:
    wire.meet(10**12)
    wire.installed.power_off()
    wire.installed.power_on()
    wire.until(wire.now + LONGEST_SLOT_S + 1)
    assert len(wire.connects) == 2
