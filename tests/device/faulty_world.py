"""A whole simulated lock and the model of the service, joined by a wire on which everything can go wrong, over flash that can."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

from device_sim.door import Door
from device_sim.flash.chip import Flash
from device_sim.flash.event_log import Geometry
from device_sim.flash.memory import MemoryMedium, PowerCut
from device_sim.lock import Lock
from device_sim.start import Start
from firmware_protocol import ServiceIdentity
from firmware_protocol.access_list import encode_entry
from firmware_protocol.cursor import holds
from firmware_protocol.keys import public_key
from firmware_protocol.messages import Event
from tests.device.rig import IDENTITY, LOCK, LOCK_KEY, PIN, SERVICE_KEY, card, pin
from tests.protocol.fake_ingest import NOW_MS, Dies, Durable, FakeIngest

SMALL = Geometry(sector_bytes=500, sectors=4)
BATCH = 8


@dataclass
class World:
    """`safe` is every event the lock has recorded, by number, in the one log it has; `excused` those that may be lost now."""

    dice: Random
    medium: MemoryMedium = field(default_factory=MemoryMedium)
    up: list[bytes] = field(default_factory=list)
    down: list[bytes] = field(default_factory=list)
    heard_up: list[bytes] = field(default_factory=list)
    heard_down: list[bytes] = field(default_factory=list)
    safe: dict[int, Event] = field(default_factory=dict)
    excused: set[int] = field(default_factory=set)
    now: float = 0.0
    linked: bool = False
    drawn: int = 0
    backup: Durable | None = None
    was_restored: bool = False
    lock: Lock = field(init=False)

    def __post_init__(self) -> None:
        self.ingest = FakeIngest(ServiceIdentity(LOCK, SERVICE_KEY, public_key(LOCK_KEY)))
        self._boot()

    def powered(self, deed: Callable[[], object]) -> None:
        """Something that the lock does; where the power goes away in the middle of it, the lock boots with what flash has."""
        try:
            deed()
            self.note()
            self.collect()
        except PowerCut:
            self.note()
            self.medium = self.medium.after_power_cut(self.dice)
            self._boot()

    def note(self) -> None:
        """What is recorded by now; a number must always mean the same event."""
        for event in self.lock.flash.log.read(max(self.safe, default=0) + 1, 10_000):
            assert self.safe.setdefault(event.sequence, event) == event, "a number was given twice"
        self._excuse()

    def boot(self) -> None:
        """The power goes off in order, and on again."""
        self.lock.close()
        self._boot()

    def connect(self) -> None:
        """The link comes up."""
        self.disconnect()
        self.heard_up.append(self.lock.connecting())
        self.linked = True
        self.powered(lambda: self.lock.connected(self.now))

    def disconnect(self) -> None:
        """The link goes down; what was on its way is gone."""
        self.lock.disconnected()
        self.linked = False
        self.up.clear()
        self.down.clear()

    def collect(self) -> None:
        """What the lock says now goes onto the wire."""
        frames = self.lock.to_send(self.now) if self.linked else []
        self.up += frames
        self.heard_up += frames

    def to_service(self, frames: Sequence[bytes], dies: Dies | None = None) -> None:
        """These frames, as one batch."""
        self.tell(self.ingest.receive(frames, dies))

    def tell(self, frames: Sequence[bytes]) -> None:
        """The service says this."""
        self.heard_down += frames
        if self.linked:
            self.down += frames

    def to_lock(self, frames: Sequence[bytes]) -> None:
        """These frames, as long as the lock is there to hear them."""
        for frame in frames:
            if self.linked:
                self.powered(partial(self.lock.receive, frame, self.now))

    def advance(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds
        self.powered(lambda: self.lock.expire(self.now))

    def change_list(self, credentials: Sequence[int]) -> None:
        """The service wants these cards and the PIN."""
        entries = [pin(1), *(card(number) for number in credentials)]
        self.tell(self.ingest.change_list({one.credential_id: encode_entry(one) for one in entries}))

    def restore(self) -> None:
        """The database is as it was at the last backup; what the lock has let go of since then nobody has any more."""
        if self.backup is None:
            return
        self.ingest.durable = replace(self.backup, generation=self.ingest.durable.generation)
        self.ingest.take_lease()
        self.was_restored = True

    def heal(self) -> None:
        """A faultless link until both ends agree; AssertionError if they do not within the time."""
        self.medium.cut_at = None
        if not self.linked:
            self.connect()
        # Whoever was restored from a backup hears of its gap with the next event.
        self.powered(lambda: self.lock.doorway.enter_pin(PIN, self.now))
        ends = self.now + 2_000
        while not self.agreed():
            self.exchange()
            if not self.agreed():
                self.advance(max(self.lock.deadline() - self.now, 0.01))
                self._certify()
            assert self.now < ends, "no agreement"

    def exchange(self) -> None:
        """Deliver what is on the wire, both ways, until it is silent."""
        while self.up or self.down:
            up, self.up = self.up[:BATCH], self.up[BATCH:]
            if up:
                self.to_service(up)
            down, self.down = self.down, []
            self.to_lock(down)

    def agreed(self) -> bool:
        """Whether list, events and receipts are the same on both ends."""
        log, cursor = self.lock.flash.log, self.ingest.cursor(self.lock.flash.log.epoch)
        wanted, held = self.ingest.durable.wanted, self.lock.held
        return (
            (cursor.up_to, cursor.above, log.stored_up_to) == (log.next_sequence - 1, (), log.next_sequence - 1)
            and (held.version, held.digest) == (wanted.version, wanted.digest)
            and self.lock.proven
        )

    def unaccounted(self) -> list[int]:
        """Recorded events that are neither in the register as they were nor rightly declared lost."""
        epoch = self.lock.flash.log.epoch
        register, lost = self.ingest.durable.register, self.ingest.cursor(epoch).lost
        return [
            number
            for number, event in self.safe.items()
            if register.get((epoch, number)) != event
            and not (number in self.excused and (epoch, number) not in register and holds(lost, number))
        ]

    def _excuse(self) -> None:
        """What flash has given up may be declared lost where no receipt covers it, or where the service lost it after its receipt."""
        log, register = self.lock.flash.log, self.ingest.durable.register
        for number in range(1, log.oldest_sequence):
            if (number > log.stored_up_to or self.was_restored) and (log.epoch, number) not in register:
                self.excused.add(number)

    def _certify(self) -> None:
        """The restored service gives up asking for what its lock says it has no more."""
        log = self.lock.flash.log
        cursor = self.ingest.cursor(log.epoch)
        gap = cursor.gap()
        if gap and gap[0] < log.oldest_sequence and gap[0] in self.excused:
            cursor = cursor.lose(gap[0], min(gap[1], log.oldest_sequence - 1))
            cursors = {**self.ingest.durable.cursors, log.epoch: cursor}
            self.ingest.durable = replace(self.ingest.durable, cursors=cursors)

    def _boot(self) -> None:
        self.linked = False
        self.up.clear()
        self.down.clear()
        flash = Flash(self.medium, SMALL, draw=self._draw)
        self.lock = Lock(IDENTITY, flash, Start(self.now, NOW_MS, Door()), engine=None, draw=self._draw)
        self.note()

    def _draw(self, size: int) -> bytes:
        self.drawn += 1
        return Random(self.drawn).randbytes(size)
