"""What locks say of firmware, batch by batch: questions for chunks, and event 20 in their logs."""

from collections.abc import Sequence

from firmware_protocol.firmware_messages import FirmwareWanted
from firmware_protocol.vocabulary import EventType, Field
from service.batches import Batch
from service.entry.rules import NewEntry, StoredEntry, kept_field
from service.hearing import Said
from service.rollout import actions as rollout
from service.rollout.actions import Told


def hand_out(batch: Batch, said: Sequence[Said[FirmwareWanted]]) -> None:
    """Chunks for those who asked, behind everything else that goes down; of several questions of a lock the last."""
    proven = {one.lock: one for one in said if one.session.proven}
    asked = {lock: one.message for lock, one in proven.items()}
    for lock, message in rollout.answer(batch.session, asked, batch.memory.shelf, batch.now):
        batch.outcome.afterwards.append((lock, proven[lock].session.session, message))


def follow(batch: Batch, stored: Sequence[StoredEntry]) -> None:
    """New entries that tell of a firmware that was tried, kept or given up."""
    told = [_told(new) for new, _ in stored if new.type == EventType.FIRMWARE_CHANGED]
    if told:
        rollout.follow(batch.session, told, batch.now)


def _told(new: NewEntry) -> Told:
    keys = (Field.FIRMWARE_FROM, Field.FIRMWARE_TO, Field.OUTCOME, Field.CAUSE)
    values = [kept_field(new, key) for key in keys]
    was, to, outcome, cause = (value if type(value) is int else -1 for value in values)
    return Told(new.lock_id, was, to, outcome, max(cause, 0))
