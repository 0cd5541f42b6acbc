"""What a heartbeat causes: the link is live, a receipt goes down, and what a restored register lacks is asked for or given up."""

from collections.abc import Sequence
from dataclasses import replace

from firmware_protocol.cursor import Receipt, StoredCursor
from firmware_protocol.messages import Heartbeat
from service import birth_reactions
from service import hearing as hearings
from service.batches import Batch
from service.delivery.rules import HeldList
from service.entry import actions as entry
from service.hearing import Said


def beat(batch: Batch, said: Sequence[Said[Heartbeat]]) -> None:
    """Take the heartbeats of proven sessions."""
    proven = [one for one in said if one.session.proven]
    logs = [(one.lock, one.session.log_epoch, one.message.oldest_sequence, one.message.next_sequence) for one in proven]
    entry.certify_lost(batch.session, logs, batch.memory.cursors, batch.now)
    for one in proven:
        listened = batch.memory.listened[one.lock]
        noted = hearings.note(batch.hearing.heard, one.lock, listened, listened.link)
        batch.hearing.heard.notes[one.lock] = replace(noted, heartbeat=one.message)
        batch.says_it_holds[one.lock] = HeldList(one.message.list_version, one.message.list_digest)
        # Every heartbeat is answered, so that a lock knows whether anybody listens.
        epoch = one.session.log_epoch
        cursor = entry.cursor_of(batch.session, one.lock, epoch, batch.memory.cursors)
        gap = cursor.gap() or _stood_still(batch, one, cursor)
        batch.outcome.receipts[one.lock] = (Receipt(one.session.session, epoch, cursor.up_to, gap), 0)
        batch.outcome.at_once.add(one.lock)
        # Locks come one by one, over months: who was told its turn when there were ten would still come first.
        per_s = batch.memory.pace.outgrown(one.lock)
        if per_s is not None:
            birth_reactions.say_pace(batch, one, per_s)


def _stood_still(batch: Batch, one: Said[Heartbeat], cursor: StoredCursor) -> tuple[int, int] | None:
    """The numbers behind the prefix, where neither side has moved since the heartbeat before.

    A lock that was told "stored" by the register as it was before a restore has no reason to send them again by itself.
    """
    following = one.message.next_sequence
    stands = (one.session.log_epoch, cursor.up_to, following)
    stood, batch.memory.stands[one.lock] = batch.memory.stands.get(one.lock), stands
    return (cursor.up_to + 1, following - 1) if stood == stands and following > cursor.up_to + 1 else None
