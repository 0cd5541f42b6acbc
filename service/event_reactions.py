"""What the events in a batch cause as soon as they are heard: the register, receipts, and news of lists and commands in them."""

from collections.abc import Sequence

from firmware_protocol.messages import Events
from firmware_protocol.vocabulary import EventType, Field
from service import birth_reactions, command_reactions, key_reactions, share_reactions
from service.batches import Batch
from service.delivery.rules import HeldList
from service.entry import actions as entry
from service.entry.rules import HeardEvents, StoredEntry, kept_field
from service.hearing import Said

_OPERATED = int(EventType.LOCK_OPERATED)


def record(batch: Batch, said: Sequence[Said[Events]]) -> None:
    """Into the register, once each; the receipts for them, and what the log itself tells of lists and commands."""
    heard = []
    for one in said:
        message, session = one.message, one.session
        # A new log begins with the birth that names it: nobody fills the register with epochs made up on the way.
        trusted = session.proven and session.log_epoch == message.log_epoch
        heard.append(HeardEvents(one.lock, session.session, message.log_epoch, trusted, message.live, message.events))
    taken = share_reactions.within_share(batch, heard)
    recorded = entry.record(batch.session, taken, batch.memory.cursors, batch.now)
    share_reactions.note_stored(batch, recorded.stored)
    key_reactions.doubt_forks(batch, recorded.forked)
    batch.stored = recorded.stored
    # Nearly all events are openings, and of these only presence has something to learn.
    batch.telling = [one for one in recorded.stored if one.entry.type != _OPERATED]
    if batch.telling:
        _note_applied(batch, batch.telling)
        command_reactions.note_ended(batch)
    batch.outcome.stored += len(recorded.stored)
    batch.outcome.duplicates += recorded.duplicates
    for one, one_heard in zip(said, heard, strict=True):
        receipt = recorded.receipts.get(one_heard.lock)
        if receipt is not None:
            _, events = batch.outcome.receipts.get(one_heard.lock, (receipt, 0))
            batch.outcome.receipts[one_heard.lock] = (receipt, events + len(one_heard.events))
        if not one_heard.live:
            # A lock that is filling up the past waits for room in its window.
            batch.outcome.at_once.add(one_heard.lock)
            per_s = batch.memory.pace.go_on(one.lock, one_heard.log_epoch, receipt.up_to) if receipt else None
            if per_s is not None and one.session.proven:
                birth_reactions.say_pace(batch, one, per_s)


def _note_applied(batch: Batch, stored: Sequence[StoredEntry]) -> None:
    for new, _ in stored:
        if new.type == EventType.ACCESS_LIST_APPLIED and new.list_version is not None:
            digest = kept_field(new, Field.DIGEST)
            held = batch.memory.held.get(new.lock_id)
            # A stored event may tell of a list long gone; only what is ahead of what we know is news.
            if isinstance(digest, bytes) and (held is None or new.list_version >= held.version):
                batch.says_it_holds[new.lock_id] = HeldList(new.list_version, digest)
