"""A fleet in imagined time: real hung locks, no socket, and the model of the service. Everything in it follows from the seed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from device_sim.fleet.dice import Dice, seed_of
from device_sim.fleet.faults import Faults
from device_sim.fleet.hung_lock import HungLock
from device_sim.fleet.line import Stage
from device_sim.fleet.truth import Truth, event_digest, read_truth
from device_sim.fleet.world import World
from firmware_protocol import LockIdentity, ServiceIdentity
from firmware_protocol.access_list import ListEntry, encode_entry
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.messages import Event
from firmware_protocol.mqtt import Published
from firmware_protocol.topics import draw_lock_id
from firmware_protocol.vocabulary import CredentialType, EventType, Field
from tests.protocol.fake_ingest import NOW_MS, FakeIngest

SERVICE_KEY = private_key(b"service!" * 6)
STEP_S = 0.05


@dataclass
class Wire:
    """What a lock sees of a line that is open at once."""

    stage: Stage = Stage.CONNECTING
    up: list[bytes] = field(default_factory=list)

    def ask(self, *_: object) -> None: ...

    def publish(self, _: str, frame: bytes) -> None:
        self.up.append(frame)

    def close(self, *, goodbye: bool = False) -> None:
        self.stage = Stage.CONNECTING


def _identity(place: int) -> LockIdentity:
    lock = draw_lock_id(hashlib.sha256(b"lock %d" % place).digest()[:8])
    return LockIdentity(lock, private_key(b"%048d" % (place + 1)), public_key(SERVICE_KEY))


class ImaginedFleet:
    """`locks` locks and their clones, with `faults`; all of it lies in `folder`."""

    def __init__(self, folder: Path, faults: Faults, *, locks: int = 4, seed: int = 1) -> None:
        folder.mkdir()
        self.path = folder / "truth"
        self.now = 0.0
        self._drawn = 0
        dice = Dice(seed_of(seed, 99))
        self.world = World(
            run=1,
            truth=Truth(self.path),
            unix_ms=lambda now: NOW_MS + round(now * 1000),
            draw=lambda size: b"".join(dice.number().to_bytes(8, "big") for _ in range(size // 8 + 1))[:size],
            seed=seed,
            speed=2000.0,
            faults=faults,
        )
        self.locks = [HungLock(place, _identity(place), self.world) for place in range(locks)]
        cloned = [place for place in range(locks) if Dice(seed_of(seed, place, 2)).happens(faults.clone)]
        self.clones = [HungLock(place, _identity(place), self.world, clone=True) for place in cloned]
        self.services = [self._service(place) for place in range(locks)]
        # Of each lock the wire it connected over last.
        self._wires: dict[HungLock, Wire] = {}
        for hung in self.locks + self.clones:
            hung.power_on(0.0)

    def live(self, seconds: float) -> None:
        """Time passes in small steps; now and then a list is changed."""
        ends = self.now + seconds
        step = 0
        while self.now < ends:
            self.now += STEP_S
            step += 1
            for hung in self.locks + self.clones:
                self._turn(hung)
            if step % 80 == 0 and not self.world.quiet:
                self._change_list(step // 80)

    def heal(self, within_s: float = 60.0) -> None:
        """Nothing goes wrong any more; every lock connects anew, and the service gets everything."""
        self.world.quiet = True
        for hung in self.locks + self.clones:
            self._hang_up(hung)
            if not hung.lock.clone and hung.lock.side is not None:
                hung.connect_at = self.now
        ends = self.now + within_s
        self.live(3.0)
        while self.now < ends and not self._settled():
            self.live(1.0)
        self.world.truth.close()

    def truth(self) -> bytes:
        """Everything that was ever recorded, as it was written down."""
        return self.path.read_bytes()

    def audit(self) -> dict[str, int]:
        """How many of the locks' own events the service has, how many of the rest they declared lost, and what differs."""
        found = {"stored": 0, "lost": 0, "missing": 0, "changed": 0}
        registers = [service.durable.register for service in self.services]
        for happened in read_truth(self.path):
            if happened.by_clone:
                continue
            event = registers[happened.place].get((happened.log_epoch, happened.sequence))
            if event is not None:
                found["stored" if event_digest(event) == happened.digest else "changed"] += 1
            else:
                lost = _declares(registers[happened.place], happened.log_epoch, happened.sequence)
                found["lost" if lost else "missing"] += 1
        return found

    def lists_agree(self) -> bool:
        """Whether every lock holds what the service wants it to."""
        pairs = zip(self.locks, self.services, strict=True)
        return all(hung.lock.list_digest == service.durable.wanted.digest for hung, service in pairs)

    def _service(self, place: int) -> FakeIngest:
        own = _identity(place)
        service = FakeIngest(ServiceIdentity(own.lock, SERVICE_KEY, public_key(own.private_key)))
        service.change_list({1: _entry(1)})
        return service

    def _turn(self, hung: HungLock) -> None:
        if hung.next_at(self.now) <= self.now:
            hung.drive(self.now)
        if hung.wants_line and hung.connect_at <= self.now and hung.lock.side is not None:
            self._connect(hung)
        self._talk(hung)

    def _connect(self, hung: HungLock) -> None:
        for other in self.locks + self.clones:
            if other is not hung and other.lock.place == hung.lock.place and other.line is not None:
                other.lose_line(self.now)
        wire = self._wires[hung] = Wire()
        hung.open_line(wire)  # type: ignore[arg-type]  # as much of a line as a hung lock uses
        wire.stage = Stage.OPEN
        hung.heard([], self.now)

    def _talk(self, hung: HungLock) -> None:
        wire = self._wires.get(hung)
        while wire is not None and hung.line is not None and wire.up:
            said, wire.up = wire.up, []
            answers = self.services[hung.lock.place].receive(said)
            hung.heard([Published("down", raw, 0) for raw in answers], self.now)

    def _hang_up(self, hung: HungLock) -> None:
        hung.hang_up()
        hung.connect_at = float("inf")

    def _change_list(self, number: int) -> None:
        for place, service in enumerate(self.services):
            frames = service.change_list({1: _entry(1), 2 + number % 3: _entry(2 + number % 3)})
            hung = self.locks[place]
            if hung.line is not None:
                hung.heard([Published("down", raw, 0) for raw in frames], self.now)

    def _settled(self) -> bool:
        return all(hung.lock.log.stored_up_to == hung.lock.log.next_sequence - 1 for hung in self.locks)


def _entry(number: int) -> bytes:
    material = hashlib.sha256(b"%d" % number).digest()
    ends = NOW_MS // 1000 + 90 * 86_400
    return encode_entry(ListEntry(number, CredentialType.RFID, material, 0, ends, 30 * 86_400))


def _declares(register: dict[tuple[int, int], Event], epoch: int, sequence: int) -> bool:
    tombstones = (event for (of, _), event in register.items() if of == epoch and event.type == EventType.EVENTS_LOST)
    return any(event.fields[Field.FIRST] <= sequence <= event.fields[Field.LAST] for event in tombstones)


Counted = Callable[[ImaginedFleet], float]
