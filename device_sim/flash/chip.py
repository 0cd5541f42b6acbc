"""All that the flash holds: images, the event log, the access list, and what the lock must remember over a power cut."""

from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass, replace
from functools import partial
from typing import Any

import cbor2

from device_sim.failpoints import Failpoint, Reached, nowhere
from device_sim.flash.event_log import USUAL, FlashLog, Geometry
from device_sim.flash.images import Images
from device_sim.flash.medium import Medium
from device_sim.flash.slots import SlotPair
from firmware_protocol.access_list import AccessList, Erased

# Event type, code, source, and credential id or 0.
RepeatKey = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Remembered:
    """Small things that outlive a power cut. New fields only at the end: this is a layout."""

    boot_number: int = 0
    last_contact_s: int = 0
    clock_floor_ms: int = 0
    unset_uptime_s: int = 0
    # How often each of these has happened without an event yet.
    uncounted: tuple[tuple[RepeatKey, int], ...] = ()
    list_told: int = 0
    reconnect_slot_ms: int = 0
    # The epoch of the keys under which the lock was wiped last; 0 where it never was.
    wiped_key_epoch: int = 0


# One-time credentials that were used and are on no list any more; ids are never given twice, so the latest are enough.
MOST_SPENT = 256
# They are the lock's own, not anybody's who was let in.
_OUTLIVES_A_WIPE = ("boot_number", "clock_floor_ms", "reconnect_slot_ms", "wiped_key_epoch")


class Flash:
    """The contents of one lock's flash; opening it finds the last whole state of each part."""

    def __init__(
        self,
        medium: Medium,
        geometry: Geometry = USUAL,
        *,
        draw: Callable[[int], bytes],
        reached: Reached = nowhere,
    ) -> None:
        self._medium = medium
        self._reached = reached
        self._new_log = partial(FlashLog, medium, geometry, draw=draw, reached=reached)
        self._list_slots = SlotPair(medium, "list")
        self._memory_slots = SlotPair(medium, "memory")
        self.images = Images(medium)
        self._spent_slots = SlotPair(medium, "spent")
        self.log = self._new_log()
        self.access_list = _unpack_list(self._list_slots.read())
        self.remembered = _unpack_memory(self._memory_slots.read())
        self.spent: frozenset[int] = frozenset(cbor2.loads(self._spent_slots.read() or b"\x80"))

    def switch_list(self, after: AccessList) -> None:
        """Hold this list from now on; a power cut in the middle leaves the old one or this one."""
        self._list_slots.write(
            _pack_list(after),
            slot_written=lambda: self._reached(Failpoint.LIST_SLOT_WRITTEN),
            switched=lambda: self._reached(Failpoint.LIST_SWITCHED),
        )
        self.access_list = after

    def spend(self, credential_id: int) -> None:
        """This one-time credential was used; safe when this returns."""
        if credential_id not in self.spent:
            held = sorted(self.spent & self.access_list.entries.keys() | {credential_id})
            gone = sorted(self.spent - self.access_list.entries.keys())[-MOST_SPENT:]
            self._spent_slots.write(cbor2.dumps(sorted(held + gone)))
            self.spent = frozenset(held + gone)

    def remember(self, **changes: Any) -> None:
        """Change fields of `remembered`; safe when this returns, and not written where nothing differs."""
        after = replace(self.remembered, **changes)
        if after != self.remembered:
            self._memory_slots.write(_pack_memory(after))
            self.remembered = after

    def slots(self, name: str) -> SlotPair:
        """A region of its own for a value that changes whole or not at all."""
        return SlotPair(self._medium, name)

    def wipe(self) -> None:
        """Erase what people have brought here: list, log, counts. Keys are elsewhere; boot number, clock floor and slot stay.

        The log goes last; a new one with a new epoch begins with the last old sector gone.
        """
        self._list_slots.erase()
        self._spent_slots.erase()
        self.spent = frozenset()
        self.access_list = AccessList()
        kept = self.remembered
        forgotten = asdict(Remembered()) | {name: getattr(kept, name) for name in _OUTLIVES_A_WIPE}
        self.remember(**forgotten)
        self._memory_slots.write(_pack_memory(self.remembered))
        self.log.erase()
        self.log = self._new_log()

    def close(self) -> None:
        """Let go of the medium's files."""
        self._medium.close()


def _pack_list(held: AccessList) -> bytes:
    return cbor2.dumps([held.version, dict(held.entries), {number: list(one) for number, one in held.erased.items()}])


def _unpack_list(raw: bytes | None) -> AccessList:
    if raw is None:
        return AccessList()
    version, entries, erased = cbor2.loads(raw)[:3]
    return AccessList(version, entries, {number: Erased(*one) for number, one in erased.items()})


def _pack_memory(remembered: Remembered) -> bytes:
    return cbor2.dumps(list(astuple(remembered)))


def _unpack_memory(raw: bytes | None) -> Remembered:
    if raw is None:
        return Remembered()
    boot, contact, floor, unset, uncounted, told, *later = cbor2.loads(raw)[:8]
    counted = tuple((tuple(key), count) for key, count in uncounted)
    return Remembered(boot, contact, floor, unset, counted, told, *later)
