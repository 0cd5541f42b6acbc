"""What locks say that bears on their keys and their identity: boots, forks, and signed heads of the event chain."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from firmware_protocol.errors import FrameRefusal
from firmware_protocol.key_change import KEY_EPOCH_CAPABILITY
from firmware_protocol.key_messages import ChainHead, KeyAnswer
from firmware_protocol.messages import Birth, Proof, UpMessage
from firmware_protocol.service_side import SessionState
from firmware_protocol.topics import LockId
from service.batches import Batch
from service.completeness import actions as completeness
from service.custody import actions as custody
from service.doubts import actions as doubts
from service.doubts.rules import DoubtKind, ProvenBoot
from service.hearing import Said
from service.locks.actions import refusal
from service.rekeying import actions as rekeying


def answer_claims(batch: Batch) -> None:
    """Locks that say their keys under a claim's secret are known from now on, by these keys and no others."""
    if batch.hearing.claims:
        answers = custody.answer_claims(batch.session, batch.hearing.claims, batch.memory.keyring, batch.now)
        batch.outcome.as_sealed += answers
        batch.memory.forget({lock for lock, _ in answers})
        unopened = len(batch.hearing.claims) - len(answers)
        batch.hearing.heard.refused[refusal(FrameRefusal.NOT_AUTHENTIC, None)] += unopened


class KeysCalledOff(Exception):
    """A lock has proven itself under keys that were called off while the frame was on its way: what is remembered of it is old."""


def take_new_keys(batch: Batch, said: Sequence[Said[Proof]]) -> None:
    """Locks that have proven themselves under the pair they were offered have it from now on, and no other; KeysCalledOff."""
    for one in said:
        listened = batch.memory.listened[one.lock]
        if one.session.key_epoch == listened.key_epoch:
            continue
        if not rekeying.take(batch.session, one.lock, one.session.key_epoch, batch.memory.keyring, batch.now):
            raise KeysCalledOff(one.lock)
        listened.key_epoch = one.session.key_epoch


def note_key_answers(batch: Batch, said: Sequence[Said[KeyAnswer]]) -> None:
    """From now on births of these locks are tried under the new pair, too."""
    for one in said:
        if not one.session.proven:
            continue
        answer, side = one.message, batch.memory.listened[one.lock].side
        if rekeying.is_unheard_of(batch.session, one.lock, answer.key_epoch):
            doubts.raise_doubts(batch.session, [(one.lock, DoubtKind.KEYS_SPLIT)], batch.now)
        pending = rekeying.answered(batch.session, one.lock, answer, batch.memory.keyring, batch.now)
        if pending is not None:
            side.expect(pending)


def doubt_split_keys(batch: Batch, lock: LockId, session: SessionState, birth: Birth) -> None:
    """A lock says under which keys it speaks; they cannot be others than those its birth was opened with."""
    said = birth.capabilities.get(KEY_EPOCH_CAPABILITY, session.key_epoch)
    if said != session.key_epoch:
        doubts.raise_doubts(batch.session, [(lock, DoubtKind.KEYS_SPLIT)], batch.now)


def note_boots(batch: Batch, said: Sequence[Said[Proof]]) -> None:
    """These boots have proven themselves."""
    sessions = [(one.lock, one.session) for one in said]
    boots = [(lock, ProvenBoot(one.session, one.boot_number, one.log_epoch)) for lock, one in sessions]
    doubts.note_boots(batch.session, boots, batch.now)


def doubt_forks(batch: Batch, forked: Iterable[LockId]) -> None:
    """These locks gave a number to two events."""
    doubts.raise_doubts(batch.session, [(lock, DoubtKind.EVENTS_FORK) for lock in forked], batch.now)


def note_heads(batch: Batch, said: Sequence[Said[ChainHead]]) -> None:
    """Signed heads are kept, to be checked when all below them has arrived."""
    spoken = [one for one in said if one.session.proven and one.session.log_epoch == one.message.log_epoch]
    heads = [(one.lock, one.message, one.session.key_epoch) for one in spoken]
    completeness.note_heads(batch.session, heads, batch.now)


REACTIONS: dict[type[UpMessage], Callable[[Batch, Sequence[Any]], None]] = {
    ChainHead: note_heads,
    KeyAnswer: note_key_answers,
}
