"""What is taken of what locks say, so that none fills the register: within its daily share all, over it nothing but alarms."""

from collections import Counter
from collections.abc import Sequence

from firmware_protocol.vocabulary import EventType
from service.batches import Batch
from service.entry.rules import HeardEvents, StoredEntry


def within_share(batch: Batch, heard: Sequence[HeardEvents]) -> list[HeardEvents]:
    """What may be recorded; what may not is counted, and gets no receipt."""
    if batch.memory.shares.nobody_is_short:
        return [*heard]
    return [one for one in (_within(batch, each) for each in heard) if one.events]


def note_stored(batch: Batch, stored: Sequence[StoredEntry]) -> None:
    """So much of each lock's share is used up."""
    alarm = int(EventType.ALARM_RAISED)
    spent = Counter([(new.lock_id, new.type == alarm) for new, _ in stored])
    batch.memory.shares.spend(spent, batch.now)


def _within(batch: Batch, heard: HeardEvents) -> HeardEvents:
    shares = batch.memory.shares
    if not shares.is_over(heard.lock, batch.now, alarm=False):
        return heard
    alarms = () if shares.is_over(heard.lock, batch.now, alarm=True) else heard.events
    taken = tuple(event for event in alarms if event.type == EventType.ALARM_RAISED)
    shares.held_back[heard.lock] += len(heard.events) - len(taken)
    return heard._replace(events=taken)
