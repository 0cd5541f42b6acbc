"""What locks say that bears on their keys and their identity: boots, forks, and signed heads of the event chain."""

from collections.abc import Iterable, Sequence

from firmware_protocol.errors import FrameRefusal
from firmware_protocol.key_messages import ChainHead
from firmware_protocol.messages import Proof
from firmware_protocol.topics import LockId
from service.batches import Batch
from service.completeness import actions as completeness
from service.custody import actions as custody
from service.doubts import actions as doubts
from service.doubts.rules import DoubtKind, ProvenBoot
from service.hearing import Said
from service.locks.actions import refusal


def answer_claims(batch: Batch) -> None:
    """Locks that say their keys under a claim's secret are known from now on, by these keys and no others."""
    if batch.hearing.claims:
        answers = custody.answer_claims(batch.session, batch.hearing.claims, batch.memory.keyring, batch.now)
        batch.outcome.as_sealed += answers
        batch.memory.forget({lock for lock, _ in answers})
        unopened = len(batch.hearing.claims) - len(answers)
        batch.hearing.heard.refused[refusal(FrameRefusal.NOT_AUTHENTIC, None)] += unopened


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
    heads = [(one.lock, one.message, batch.memory.listened[one.lock].side.key_epoch) for one in spoken]
    completeness.note_heads(batch.session, heads, batch.now)
