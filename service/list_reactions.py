"""What is owed to locks whose lists differ: the change, or, where a whole list would be larger, questions first.

A comparison lives in memory only. Where it is forgotten, the lock's next heartbeat begins another.
"""

from collections.abc import Iterable, Sequence

from sqlmodel import Session

from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.list_compare import begin, follow
from firmware_protocol.list_messages import ListAnswer, ListQuestion
from firmware_protocol.topics import LockId
from service.batches import Batch, Outcome
from service.delivery import actions as delivery
from service.hearing import Memory, Said


def owe(session: Session, locks: Iterable[LockId], memory: Memory, outcome: Outcome, *, compare: bool = True) -> None:
    """Send each of these locks what brings it to its list, or ask it first what it holds."""
    due = delivery.due(session, locks, memory.keyring, compare=compare)
    outcome.changes.update(due.changes)
    for lock, held in due.to_compare.items():
        before = memory.comparing.get(lock)
        comparison, questions = begin(held.version, held.digest, before.number if before else 0)
        memory.comparing[lock] = comparison
        _ask(memory, outcome, lock, questions)


def hear_answers(batch: Batch, said: Sequence[Said[ListAnswer]]) -> None:
    """Narrow each comparison further; at its end the lock gets exactly what differs."""
    proven = [one for one in said if one.session.proven and one.lock in batch.memory.comparing]
    wanted = delivery.wanted_hashes(batch.session, {one.lock for one in proven}) if proven else {}
    for one in proven:
        _hear_answer(batch, one, wanted.get(one.lock, {}))


def _hear_answer(batch: Batch, one: Said[ListAnswer], wanted: dict[int, bytes]) -> None:
    memory, outcome = batch.memory, batch.outcome
    comparison = memory.comparing.pop(one.lock, None)
    if comparison is None:
        return
    try:
        comparison, questions = follow(comparison, one.message, wanted)
    except RemoteProtocolError:
        owe(batch.session, [one.lock], memory, outcome, compare=False)
        return
    if not comparison.is_done:
        memory.comparing[one.lock] = comparison
        _ask(memory, outcome, one.lock, questions)
        return
    change = delivery.found(batch.session, one.lock, comparison, memory.keyring)
    if change is not None:
        outcome.changes[one.lock] = change


def _ask(memory: Memory, outcome: Outcome, lock: LockId, questions: Iterable[ListQuestion]) -> None:
    side = memory.side_of(lock)
    if side is not None and side.current is not None:
        outcome.afterwards += [(lock, side.current.session, question) for question in questions]
