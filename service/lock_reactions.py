"""What each message of a lock causes: one table, from the kind of message to the action for all of a batch's of that kind."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from firmware_protocol.cursor import Receipt
from firmware_protocol.firmware_messages import FirmwareWanted
from firmware_protocol.list_messages import ListAnswer
from firmware_protocol.messages import (
    AccessListRefused,
    Birth,
    Events,
    Heartbeat,
    Proof,
    TimeAnswer,
    TimeRequest,
    UpMessage,
    Will,
)
from firmware_protocol.topics import LockId
from service import (
    birth_reactions,
    certificate_reactions,
    command_reactions,
    event_reactions,
    firmware_reactions,
    heartbeat_reactions,
    key_reactions,
    list_reactions,
)
from service import hearing as hearings
from service.alarms import actions as alarms
from service.batches import Batch, Outcome
from service.delivery import actions as delivery
from service.delivery.rules import HeldList
from service.edges.inbox import Delivery
from service.entry import actions as entry
from service.entry.rules import HeardEvents, visitors_openings
from service.hearing import Memory, Said
from service.locks import actions as locks
from service.locks.rules import link_after_will
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
    presence.follow_entries(session, batch.stored, now, also=alarms.raise_from(session, batch.telling, now))
    firmware_reactions.follow(batch, batch.telling)
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
    Birth: birth_reactions.take_births,
    Proof: birth_reactions.take_proofs,
    Events: event_reactions.record,
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
