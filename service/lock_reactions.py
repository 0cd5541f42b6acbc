"""What each message of a lock causes: one table, from the kind of message to the action for all of a batch's of that kind."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from firmware_protocol.cursor import Receipt
from firmware_protocol.firmware_messages import FirmwareWanted
from firmware_protocol.list_messages import ListAnswer
from firmware_protocol.messages import (
    AccessListRefused,
    Birth,
    Challenge,
    Events,
    Heartbeat,
    Proof,
    TimeAnswer,
    TimeRequest,
    UpMessage,
    Welcome,
    Will,
)
from firmware_protocol.topics import LockId
from firmware_protocol.transitions import next_link
from firmware_protocol.vocabulary import EventType, Field
from service import (
    certificate_reactions,
    command_reactions,
    firmware_reactions,
    heartbeat_reactions,
    key_reactions,
    list_reactions,
    share_reactions,
)
from service import hearing as hearings
from service.alarms import actions as alarms
from service.batches import Batch, Outcome
from service.delivery import actions as delivery
from service.delivery.rules import HeldList
from service.edges.inbox import Delivery
from service.entry import actions as entry
from service.entry.rules import HeardEvents, StoredEntry, kept_field, visitors_openings
from service.hearing import Memory, Said
from service.locks import actions as locks
from service.locks.rules import HEARTBEAT_S, link_after_will, link_event_of_birth
from service.presence import actions as presence
from service.visits import actions as visits


def react(
    session: Session, deliveries: Sequence[Delivery], senders: Sequence[LockId | None], memory: Memory, now: datetime
) -> Outcome:
    """Everything a batch causes, in the running transaction."""
    batch = Batch(session, memory, now, hearings.hear(session, deliveries, senders, memory))
    key_reactions.answer_claims(batch)
    for kind, action in REACTIONS.items():
        said = batch.hearing.said.get(kind)
        if said:
            action(batch, said)
    if batch.says_it_holds:
        _believe_lists(batch)
    visits.note_openings(session, visitors_openings(batch.stored))
    # After the lists: whoever grants holds a lock's list first and the counts after it, too.
    presence.follow_entries(session, batch.stored, now, also=alarms.raise_from(session, batch.stored, now))
    firmware_reactions.follow(batch, batch.stored)
    locks.remember(session, batch.hearing.heard, memory.listened, now)
    batch.outcome.refused = batch.hearing.heard.refused.total()
    return batch.outcome


def put_aside(
    session: Session, deliveries: Sequence[Delivery], memory: Memory, *, problem: str, now: datetime
) -> dict[LockId, tuple[Receipt, int]]:
    """Quarantine the events of frames that cannot be recorded; receipts as in an Outcome."""
    receipts = {}
    for said in hearings.hear(session, deliveries, hearings.locks_of(deliveries, memory), memory).of(Events):
        message = said.message
        heard = HeardEvents(said.lock, said.session.session, message.log_epoch, True, False, message.events)
        recorded = entry.quarantine(session, heard, memory.cursors, problem=problem, keyring=memory.keyring, now=now)
        receipts[said.lock] = recorded.receipts[said.lock], len(heard.events)
    return receipts


def _births(batch: Batch, said: Sequence[Said[Birth]]) -> None:
    # In one statement: after a power cut a whole batch is births.
    batch.memory.cursors.load(batch.session, {one.lock for one in said})
    for one in said:
        listened = batch.memory.listened[one.lock]
        listened.birth_number = max(listened.birth_number, one.message.birth_number)
        link = next_link(listened.link, link_event_of_birth(one.session))
        hearings.note(batch.hearing.heard, one.lock, listened, link)
        # While it was away its list may have been changed: what it holds is compared again, known or not.
        batch.memory.held.pop(one.lock, None)
        if one.session.proven:
            _welcome(batch, one, one.message)
            _believe_birth(batch, one, one.message)
        elif one.session.challenge is not None:
            _remember_claim(batch.memory, one)
            batch.outcome.replies.append((one.lock, one.session.session, Challenge(one.session.challenge)))


def _remember_claim(memory: Memory, one: Said[Birth]) -> None:
    """A replayed birth is an older one; it must not stand in for the birth that is about to be proven."""
    claimed = memory.claimed.get(one.lock)
    if claimed is None or claimed.message.birth_number <= one.message.birth_number:
        memory.claimed[one.lock] = one


def _believe_birth(batch: Batch, one: Said[Any], birth: Birth) -> None:
    lock, session = one.lock, one.session
    notes = batch.hearing.heard.notes
    notes[lock] = replace(notes[lock], birth=birth)
    batch.says_it_holds[lock] = HeldList(birth.list_version, birth.list_digest)
    key_reactions.doubt_split_keys(batch, lock, session, birth)


def _proofs(batch: Batch, said: Sequence[Said[Proof]]) -> None:
    key_reactions.take_new_keys(batch, said)
    key_reactions.note_boots(batch, said)
    batch.memory.cursors.load(batch.session, {one.lock for one in said})
    unknown: list[LockId] = []
    for one in said:
        listened = batch.memory.listened[one.lock]
        hearings.note_proof(batch.hearing.heard, one, listened)
        batch.outcome.at_once.add(one.lock)
        # What the birth said is believed only now.
        claimed = batch.memory.claimed.pop(one.lock, None)
        believed = claimed is not None and claimed.session.session == one.session.session
        _welcome(batch, one, claimed.message if claimed is not None and believed else None)
        if claimed is not None and believed:
            _believe_birth(batch, one, claimed.message)
        elif one.lock not in batch.says_it_holds and one.lock not in batch.memory.held:
            unknown.append(one.lock)
    if unknown:
        list_reactions.owe(batch.session, unknown, batch.memory, batch.outcome)


def _welcome(batch: Batch, one: Said[Any], birth: Birth | None) -> None:
    """With the pace at which it may fill up the past, from how much there is and how many others are at it."""
    epoch = one.session.log_epoch
    stored = entry.cursor_of(batch.session, one.lock, epoch, batch.memory.cursors).up_to
    last = birth.next_sequence - 1 if birth else 0
    _say_pace(batch, one, batch.memory.pace.come_back(one.lock, epoch, stored=stored, last=last))


def _say_pace(batch: Batch, one: Said[Any], per_s: int) -> None:
    slot_ms = batch.memory.pace.slot_ms(one.lock)
    welcome = Welcome(one.session.birth_number, HEARTBEAT_S, per_s, slot_ms)
    batch.outcome.replies.append((one.lock, one.session.session, welcome))


def _events(batch: Batch, said: Sequence[Said[Events]]) -> None:
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
    _note_applied(batch, recorded.stored)
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
                _say_pace(batch, one, per_s)


def _note_applied(batch: Batch, stored: Sequence[StoredEntry]) -> None:
    for new, _ in stored:
        if new.type == EventType.ACCESS_LIST_APPLIED and new.list_version is not None:
            digest = kept_field(new, Field.DIGEST)
            held = batch.memory.held.get(new.lock_id)
            # A stored event may tell of a list long gone; only what is ahead of what we know is news.
            if isinstance(digest, bytes) and (held is None or new.list_version >= held.version):
                batch.says_it_holds[new.lock_id] = HeldList(new.list_version, digest)


def _list_refusals(batch: Batch, said: Sequence[Said[AccessListRefused]]) -> None:
    for one in said:
        if one.session.proven:
            batch.memory.held.pop(one.lock, None)
            batch.says_it_holds[one.lock] = HeldList(one.message.list_version, one.message.list_digest)


def _time_requests(batch: Batch, said: Sequence[Said[TimeRequest]]) -> None:
    proven = [one for one in said if one.session.proven]
    wanted = delivery.wanted_versions(batch.session, [one.lock for one in proven]) if proven else {}
    now_ms = round(batch.now.timestamp() * 1000)
    for one in proven:
        # Its offline leases count from the answer, so the register must know that it was there to get one.
        listened = batch.memory.listened[one.lock]
        hearings.note(batch.hearing.heard, one.lock, listened, listened.link)
        answer = TimeAnswer(one.message.nonce, now_ms, wanted.get(one.lock, 0))
        batch.outcome.replies.append((one.lock, one.session.session, answer))
    command_reactions.outstanding(batch, [one.lock for one in proven])


def _wills(batch: Batch, said: Sequence[Said[Will]]) -> None:
    for one in said:
        listened = batch.memory.listened[one.lock]
        link = link_after_will(listened.link, one.message.birth_number, listened.birth_number)
        if link is not listened.link:
            batch.memory.pace.end(one.lock)
            hearings.note(batch.hearing.heard, one.lock, listened, link)


def _believe_lists(batch: Batch) -> None:
    """Only what a lock says of its list for the first time, or newly, costs a statement."""
    news = {lock: held for lock, held in batch.says_it_holds.items() if batch.memory.held.get(lock) != held}
    if not news:
        return
    differ = delivery.confirm(batch.session, news, batch.now)
    batch.memory.held.update({lock: held for lock, held in news.items() if lock not in differ})
    list_reactions.owe(batch.session, differ, batch.memory, batch.outcome)


# Each action takes the messages of its own key; a dict's type cannot say so.
Action = Callable[[Batch, Sequence[Any]], None]

# In this order: a birth says which session the rest of the batch belongs to.
REACTIONS: dict[type[UpMessage], Action] = {
    Birth: _births,
    Proof: _proofs,
    Events: _events,
    Heartbeat: heartbeat_reactions.beat,
    TimeRequest: _time_requests,
    AccessListRefused: _list_refusals,
    **command_reactions.REACTIONS,
    **key_reactions.REACTIONS,
    **certificate_reactions.REACTIONS,
    Will: _wills,
    FirmwareWanted: firmware_reactions.hand_out,
    ListAnswer: list_reactions.hear_answers,
}
