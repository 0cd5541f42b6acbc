"""The access list that a lock holds: applied whole, refused with a reason, erased entry by entry when they end."""

from device_sim.faces import KnownFaces, why_unusable
from device_sim.flash.chip import Flash
from device_sim.presentation import Holding
from face_engine.engine import FaceEngine
from firmware_protocol import list_compare
from firmware_protocol.access_list import AccessList, ListChange, ListEntry, decode_entry
from firmware_protocol.commands_wiped import without_faces
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.list_compare import LIST_COMPARE_CAPABILITY
from firmware_protocol.list_entry import ONE_TIME_CAPABILITY, PASSAGE_CAPABILITY, SCHEDULES_CAPABILITY
from firmware_protocol.list_messages import ListAnswer, ListQuestion
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType, Field

LIST_ENTRIES = 200


def can_hold(engine: FaceEngine | None) -> dict[str, int | bool | str]:
    """What of a list this lock understands, as it says in its birth."""
    return {
        "list_entries": LIST_ENTRIES,
        LIST_COMPARE_CAPABILITY: True,
        SCHEDULES_CAPABILITY: True,
        ONE_TIME_CAPABILITY: True,
        PASSAGE_CAPABILITY: True,
        "face_engine": engine.engine_id if engine else 0,
        "face_model": engine.model_hash.hex() if engine else "",
    }


class ListRefused(Exception):
    """A change that this lock will not hold; the text goes to the service and names no person."""


class HeldList:
    """The list in flash, and ready to decide from."""

    def __init__(self, flash: Flash, engine: FaceEngine | None, credential_key: bytes) -> None:
        self._flash = flash
        self._engine = engine
        self._credential_key = credential_key
        self._hold(flash.access_list)

    @property
    def version(self) -> int:
        """The version held."""
        return self._flash.access_list.version

    @property
    def spent(self) -> frozenset[int]:
        """The one-time credentials that were used."""
        return self._flash.spent

    def spend(self, entry: ListEntry) -> None:
        """Its opening is in the log: a one-time credential has opened its last time. Before the bolt moves."""
        if entry.one_time:
            self._flash.spend(entry.credential_id)

    def spend_what_was_cut_off(self) -> None:
        """A power cut between an opening's event and this mark: the event counts, and it is the last there is."""
        last = self._flash.log.next_sequence - 1
        opened = {one.get(Field.CREDENTIAL_ID) for one in self._flash.log.read(last, 1) if _is_opening(one)}
        for entry in self.holding.entries:
            if entry.credential_id in opened:
                self.spend(entry)

    def answer(self, question: ListQuestion) -> ListAnswer | None:
        """What of the list lies in the spans that the service asks about."""
        return list_compare.answer(self._flash.access_list, question)

    def holds_already(self, change: ListChange) -> bool:
        """Whether the change leads to exactly what is held: it came twice."""
        return (change.to_version, change.digest) == (self.version, self.digest)

    def apply(self, change: ListChange) -> None:
        """Hold the list after the change, safe when this returns; ListRefused leaves the old one in place."""
        try:
            after = self._flash.access_list.changed(change)
        except RemoteProtocolError as refused:
            raise ListRefused(str(refused)[:200]) from refused
        held = len(after.entries) + len(after.erased)
        if held > LIST_ENTRIES:
            raise ListRefused(f"the list is full: {held} entries, room for {LIST_ENTRIES}")
        unusable = why_unusable(self._engine, (decode_entry(raw) for raw in change.upserts))
        if unusable:
            raise ListRefused(unusable)
        self._flash.switch_list(after)
        self._hold(after)

    @property
    def has_material(self) -> bool:
        """Whether an entry holds what was made under the lock's keys, or a face."""
        return any(entry.material for entry in self.holding.entries)

    def change_key(self, credential_key: bytes) -> None:
        """What comes to the list from now on was made under this key."""
        self._credential_key = credential_key
        self._hold(self._flash.access_list)

    def erase_ended(self, now_s: int) -> None:
        """Erase the material of what has ended; the digest stays."""
        after = self._flash.access_list.without_ended(now_s)
        if after is not self._flash.access_list:
            self._flash.switch_list(after)
            self._hold(after)

    def erase_faces(self) -> None:
        """Erase every face, from older copies of the list too; the digest stays."""
        after = without_faces(self._flash.access_list)
        # Once for each slot: the other one still holds the list as it was.
        for _ in range(2):
            self._flash.switch_list(after)
        self._hold(after)

    def disown_if_erased_too_early(self, now_s: int) -> bool:
        """Whether entries were erased by a clock that was ahead. Then the list is no version any more: the service must
        send the whole of it, and until then what is left goes on opening.
        """
        held = self._flash.access_list
        if all(one.ends_at <= now_s for one in held.erased.values()):
            return False
        self._flash.switch_list(AccessList(0, held.entries))
        self._hold(self._flash.access_list)
        return True

    def _hold(self, held: AccessList) -> None:
        entries: list[ListEntry] = [decode_entry(raw) for raw in held.entries.values()]
        self.digest = held.digest
        self.erased = len(held.erased)
        self.holding = Holding(entries, KnownFaces(self._engine, entries), self._credential_key)


def _is_opening(event: Event) -> bool:
    return event.type == EventType.LOCK_OPERATED and event.get(Field.CREDENTIAL_ID) is not None
