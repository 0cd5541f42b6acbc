"""What the locks' words about commands cause; lock_reactions puts these beside its own."""

from collections.abc import Sequence
from typing import Any

from firmware_protocol.commands import CommandKind, CommandNonce, CommandResult, CommandState, ReadBackAnswer
from firmware_protocol.enrolment import Enrolled
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import EventType, Field
from service.batches import Batch
from service.commands import following as commands
from service.enrolling import actions as enrolling
from service.entry.rules import kept_field
from service.hearing import Said
from service.locks import actions as locks


def outstanding(batch: Batch, proven: Sequence[LockId]) -> None:
    """These locks have asked for the time, so they can tell what has expired: tell them what is outstanding."""
    batch.outcome.orders += commands.due_of(batch.session, sorted(set(proven)), batch.now)


def note_ended(batch: Batch) -> None:
    """The log says how commands ended; a result that was lost on the way is thereby made good."""
    words = [
        commands.Word(
            new.lock_id,
            _bytes(kept_field(new, Field.COMMAND)),
            _number(kept_field(new, Field.COMMAND_STATE)),
            new.code or 0,
            _bytes(kept_field(new, Field.DIGEST)),
            new.log_epoch,
        )
        for new, _ in batch.telling
        if new.type == EventType.COMMAND_DONE
    ]
    _note(batch, words)
    erased = [
        (new.lock_id, new.occurred_at)
        for new, _ in batch.telling
        if new.type == EventType.COMMAND_DONE and kept_field(new, Field.COMMAND_KIND) == CommandKind.ERASE_BIOMETRIC
        if kept_field(new, Field.COMMAND_STATE) == CommandState.DONE
    ]
    enrolling.note_erased(batch.session, erased)


def _nonces(batch: Batch, said: Sequence[Said[CommandNonce]]) -> None:
    drawn = [(one.lock, one.message, one.session.log_epoch) for one in said if one.session.proven]
    batch.outcome.orders += commands.give(batch.session, drawn, batch.now)


def _results(batch: Batch, said: Sequence[Said[CommandResult]]) -> None:
    _note(batch, [commands.word_of(one.lock, one.message) for one in said if one.session.proven])


def _answers(batch: Batch, said: Sequence[Said[ReadBackAnswer]]) -> None:
    commands.note_answers(batch.session, [(one.lock, one.message) for one in said if one.session.proven])


def _taken(batch: Batch, said: Sequence[Said[Enrolled]]) -> None:
    """Faces that locks have taken. Answered once the batch is committed, so that what is safe is not said again."""
    heard = [(one.lock, one.message) for one in said if one.session.proven]
    batch.outcome.orders += enrolling.arrive(batch.session, heard, keyring=batch.memory.keyring, now=batch.now)


def _note(batch: Batch, words: Sequence[commands.Word]) -> None:
    if words:
        session, keyring = batch.session, batch.memory.keyring
        commands.note(session, words, lambda lock: locks.wipe_key(session, lock, keyring), batch.now)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


REACTIONS: dict[Any, Any] = {CommandNonce: _nonces, CommandResult: _results, ReadBackAnswer: _answers, Enrolled: _taken}
