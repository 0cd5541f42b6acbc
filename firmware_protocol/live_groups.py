"""Which new events share a frame: each goes by itself, and a call for help with the opening it belongs to."""

from collections.abc import Sequence

from firmware_protocol.codec import encoded_event
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import AlarmCode, EventType, Field

# What two events may have together, so that a message of them is one block whatever its numbers.
ONE_BLOCK_BYTES = 172


def together(live: Sequence[Event]) -> list[tuple[Event, ...]]:
    """Live events as they go out: one by one, and a call for help with the opening before it, so that nobody can count it (ANM-DOR-021)."""
    groups: list[tuple[Event, ...]] = []
    for event in live:
        before = groups[-1][0] if groups and len(groups[-1]) == 1 else None
        if before is not None and _belongs_to(event, before):
            groups[-1] = (before, event)
        else:
            groups.append((event,))
    return groups


def _belongs_to(event: Event, before: Event) -> bool:
    if event.type != EventType.ALARM_RAISED or event.get(Field.CODE) != AlarmCode.FORCED_USER:
        return False
    follows = event.sequence == before.sequence + 1
    return follows and len(encoded_event(before)) + len(encoded_event(event)) <= ONE_BLOCK_BYTES
