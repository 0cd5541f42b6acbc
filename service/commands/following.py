"""The locks' side of commands: what goes out, and what is believed of what comes back. All of it for the ingest process."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from firmware_protocol.commands import (
    NEEDS_NONCE,
    Command,
    CommandDown,
    CommandKind,
    CommandNonce,
    CommandResult,
    CommandState,
    NonceAsked,
    ReadBackAnswer,
)
from firmware_protocol.commands_followed import ENDED, TOLD_AGAIN, OrderEvent, OrderState, event_of_result, next_order
from firmware_protocol.commands_wiped import proves_wipe
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.commands import records
from service.commands.records import Change, Kept

TOLD_AGAIN_AFTER_S = 10.0
# A lock that was told in the last second may still be at it, and its word on the way.
PATIENCE_S = 90.0
# Kinds that say how long.
TIMED = frozenset({CommandKind.UNLOCK_DOOR, CommandKind.IDENTIFY})

Told = tuple[LockId, CommandDown]
WipeKeys = Callable[[LockId], bytes]


class Word(NamedTuple):
    """What a lock says of a command. `proof` and `log_epoch` where it says that it has wiped itself."""

    lock: LockId
    command: bytes
    state: int
    failure: int = 0
    proof: bytes = b""
    log_epoch: int = 0


def due(session: Session, shards: Iterable[int], now: datetime) -> list[Told]:
    """What live locks of these shards are to be told now; and what has come to its end without them is ended."""
    held = list(shards)
    _end_overdue(session, held, now)
    before = now - timedelta(seconds=TOLD_AGAIN_AFTER_S)
    return _tell(session, records.hold_untold(session, held, told_before=before, now=now), now)


def due_of(session: Session, locks: Sequence[LockId], now: datetime) -> list[Told]:
    """What these locks are to be told after a birth, whenever they were told before: they may have forgotten it."""
    return _tell(session, records.hold_outstanding(session, locks, now), now) if locks else []


def give(session: Session, nonces: Sequence[tuple[LockId, CommandNonce, int]], now: datetime) -> list[Told]:
    """Locks have drawn nonces (with the epoch of their log): the commands that these were asked for."""
    held = records.hold_meant(session, [nonce.id for _, nonce, _ in nonces])
    told: list[Told] = []
    changes = []
    for lock, nonce, epoch in nonces:
        kept = held.get(nonce.id)
        if kept is None or kept.lock_id != lock or OrderState(kept.state) not in TOLD_AGAIN or kept.expires_at <= now:
            continue
        state = next_order(OrderState(kept.state), OrderEvent.SENT)
        changes.append(Change(kept.id, state, told_at=now, told_epoch=epoch))
        told.append((lock, _command(session, kept, nonce.nonce)))
    records.write(session, changes)
    return told


def note(session: Session, words: Sequence[Word], wipe_key: WipeKeys, now: datetime) -> None:
    """Believe what locks say of their own commands, each as far as the table lets it."""
    held = records.hold(session, [one.command for one in words])
    changes: dict[bytes, Change] = {}
    for word in words:
        kept, event = held.get(word.command), event_of_result(word.state)
        if kept is None or event is None or kept.lock_id != word.lock or not _credible(kept, word, wipe_key):
            continue
        before = OrderState(changes[kept.id].state if kept.id in changes else kept.state)
        after = next_order(before, event)
        if after is not before:
            wiped = word.proof if kept.kind == CommandKind.FACTORY_WIPE and word.proof else None
            ended_at = now if after in ENDED else None
            changes[kept.id] = Change(kept.id, after, min(word.failure, 32_767), ended_at=ended_at, proof=wiped)
    records.write(session, list(changes.values()))


def note_answers(session: Session, answers: Sequence[tuple[LockId, ReadBackAnswer]]) -> None:
    """What locks hold, as they tell it."""
    held = records.hold(session, [answer.id for _, answer in answers])
    changes = []
    for lock, answer in answers:
        kept = held.get(answer.id)
        if kept is not None and kept.lock_id == lock and kept.kind == CommandKind.READ_BACK:
            changes.append(Change(kept.id, kept.state, kept.failure, answer=_readable(answer)))
    records.write(session, changes)


def word_of(lock: LockId, result: CommandResult) -> Word:
    """A result as a word. Only the event carries a wipe's proof with the log it stands in, so a result never ends a wipe well."""
    return Word(lock, result.id, result.state, result.failure)


def _credible(kept: Kept, word: Word, wipe_key: WipeKeys) -> bool:
    """A lock counts as wiped only with the proof, for the challenge it was given and for a log it did not have then."""
    if kept.kind != CommandKind.FACTORY_WIPE or word.state != CommandState.DONE:
        return True
    if not word.proof or kept.told_epoch is None:
        return False
    key = wipe_key(word.lock)
    return proves_wipe(key, word.proof, kept.challenge, old_epoch=kept.told_epoch, new_epoch=word.log_epoch)


def _tell(session: Session, commands: Iterable[Kept], now: datetime) -> list[Told]:
    told: list[Told] = []
    changes = []
    for kept in commands:
        state = OrderState(kept.state)
        if kept.kind in NEEDS_NONCE:
            told.append((LockId(kept.lock_id), NonceAsked(kept.id)))
        else:
            state = next_order(state, OrderEvent.SENT)
            told.append((LockId(kept.lock_id), _command(session, kept, b"")))
        changes.append(Change(kept.id, state, kept.failure, told_at=now))
    records.write(session, changes)
    return told


def _command(session: Session, kept: Kept, nonce: bytes) -> Command:
    kind = CommandKind(kept.kind)
    command = Command(
        kept.id,
        kept.kind,
        int(kept.issued_at.timestamp()),
        -int(-kept.expires_at.timestamp() // 1),
        nonce,
        challenge=bytes(kept.challenge),
    )
    if kind in TIMED:
        return replace(command, seconds=kept.seconds)
    if kind is CommandKind.SET_PARAMETERS:
        return replace(command, relock_s=kept.relock_s, ajar_s=kept.ajar_s)
    if kind is CommandKind.START_ENROLMENT:
        return replace(
            command,
            seconds=kept.seconds,
            takes=CredentialType.FACE,
            entries=tuple(records.entries_of(session, kept.lock_id, kept.person_id)),
            engine=kept.face_engine or 0,
            model=bytes(kept.face_model or b""),
        )
    return command


def _end_overdue(session: Session, shards: Sequence[int], now: datetime) -> None:
    silent_before = now - timedelta(seconds=PATIENCE_S)
    overdue = records.hold_overdue(session, shards, unsent_before=now, silent_before=silent_before)
    changes = []
    for kept in overdue:
        state = next_order(OrderState(kept.state), OrderEvent.TIME_OVER)
        changes.append(Change(kept.id, state, kept.failure, ended_at=now if state in ENDED else None))
    records.write(session, changes)


def _readable(answer: ReadBackAnswer) -> Mapping[str, int | str]:
    # Not where its log stands: a landlord who asked every minute would know when the tenant comes and goes. Nor how many
    # ways in it holds: one more than a card and a PIN is a visitor's, or one that calls for help.
    return {
        "list_version": answer.list_version,
        "list_digest": answer.list_digest.hex(),
        "capacity": answer.capacity,
        "log_epoch": answer.log_epoch,
        "boot_number": answer.boot_number,
        "relock_s": answer.relock_s,
        "ajar_s": answer.ajar_s,
        "clock_ms": answer.clock_ms,
        "clock_quality": answer.clock_quality,
        "firmware": answer.firmware,
    }
