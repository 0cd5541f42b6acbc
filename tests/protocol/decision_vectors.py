"""What a lock decides by itself: at the door, about a command, and how it cuts its list. Made from the rules; fixed names and numbers."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from firmware_protocol.access_list import AccessList, Erased, ListEntry, encode_entry
from firmware_protocol.codec import encode
from firmware_protocol.commands import Command, CommandKind
from firmware_protocol.commands_judged import (
    IDS_HELD,
    CommandBook,
    CommandMoment,
    Decline,
    Nonces,
    Obeyed,
    Repeat,
    begin,
    judge,
)
from firmware_protocol.decisions import Admitted, Moment, decide
from firmware_protocol.list_compare import answer
from firmware_protocol.list_messages import ListQuestion
from firmware_protocol.schedules import DateSchedule, WeeklySchedule
from firmware_protocol.vocabulary import ClockQuality, RefusalReason
from tests.protocol import vector_parts as parts

# Saturday 2026-09-26, 00:00 at the door (UTC+8).
SATURDAY = 1_790_352_000
NOW = SATURDAY + 12 * 3600
CARD = replace(parts.ENTRIES[0], starts_at=NOW - 1000, ends_at=NOW + 1000, offline_lease_s=500)
PIN, DURESS = replace(parts.ENTRIES[1], ends_at=NOW + 1000), replace(parts.ENTRIES[3], ends_at=NOW + 1000)
ONCE = replace(CARD, credential_id=40, one_time=True)
AT_NOON = Moment(NOW, ClockQuality.SYNCED, NOW - 100)
UNSET = Moment(0, ClockQuality.UNSET, 0, unset_uptime_s=60)
# A duress PIN is heard where it opens, and where privacy alone keeps it from it.
_RAISES = (None, RefusalReason.PRIVACY_MODE)
Case = tuple[str, tuple[ListEntry, ...], Moment]


def decision_cases() -> Iterator[Case]:
    """Name, the entries that fit what was presented, and what the lock knows."""
    yield "nothing fits", (), AT_NOON
    yield "nothing fits, privacy", (), replace(AT_NOON, private=True)
    yield "the first second", (CARD,), replace(AT_NOON, now_s=CARD.starts_at)
    yield "a second too soon", (CARD,), replace(AT_NOON, now_s=CARD.starts_at - 1)
    yield "the second in which it ends", (CARD,), replace(AT_NOON, now_s=CARD.ends_at, last_contact_s=CARD.ends_at)
    yield "the last second of the lease", (CARD,), replace(AT_NOON, last_contact_s=NOW - 499)
    yield "the lease over", (CARD,), replace(AT_NOON, last_contact_s=NOW - 500)
    yield "never any contact", (CARD,), replace(AT_NOON, last_contact_s=0)
    yield "used", (ONCE,), replace(AT_NOON, spent=frozenset({40}))
    yield "used and ended: used", (ONCE,), replace(AT_NOON, now_s=NOW + 9999, spent=frozenset({40}))
    yield "privacy", (CARD,), replace(AT_NOON, private=True)
    yield "privacy and ended: ended", (CARD,), replace(AT_NOON, now_s=CARD.ends_at, private=True)
    yield "not one-time before one-time", (ONCE, CARD), AT_NOON
    yield "the lower id", (replace(PIN, credential_id=60), PIN), AT_NOON
    yield "duress before anything else", (PIN, DURESS), AT_NOON
    yield "a duress entry that has ended gives way", (PIN, replace(DURESS, ends_at=NOW)), AT_NOON
    early, over = replace(CARD, credential_id=50, starts_at=NOW + 1), replace(CARD, offline_lease_s=1)
    yield "lease over tells more than not begun", (early, over), AT_NOON
    yield "a duress PIN in privacy", (DURESS,), replace(AT_NOON, private=True)
    yield "two PINs in privacy, one of them duress", (PIN, DURESS), replace(AT_NOON, private=True)
    yield "a duress PIN that has ended, in privacy", (replace(DURESS, ends_at=NOW),), replace(AT_NOON, private=True)
    yield from _without_a_clock()
    yield from _by_schedules()


def _without_a_clock() -> Iterator[Case]:
    yield "no clock, a tenant's", (CARD,), UNSET
    yield "no clock, the last second of 24 hours", (CARD,), replace(UNSET, unset_uptime_s=86_399)
    yield "no clock, 24 hours over", (CARD,), replace(UNSET, unset_uptime_s=86_400)
    yield "no clock, a visitor's", (replace(CARD, visitor=True),), UNSET
    yield "no clock, one-time", (ONCE,), UNSET
    yield "no clock, with schedules", (replace(CARD, schedules=(DateSchedule(0, NOW * 2),)),), UNSET
    yield "no clock, ended by the floor", (CARD,), replace(UNSET, floor_s=CARD.ends_at)
    yield "no clock, privacy", (CARD,), replace(UNSET, private=True)


def _by_schedules() -> Iterator[Case]:
    long = replace(CARD, starts_at=SATURDAY - 9999, ends_at=SATURDAY + 999_999, offline_lease_s=999_999)
    mornings = replace(long, schedules=(WeeklySchedule(0b100_0000, 540, 720),))
    for name, at_s in (("8:59:59", 540 * 60 - 1), ("9:00", 540 * 60), ("11:59:59", 720 * 60 - 1), ("12:00", 720 * 60)):
        yield f"Saturday from nine to twelve, {name}", (mornings,), replace(AT_NOON, now_s=SATURDAY + at_s)
    yield "Saturday, on Sunday at ten", (mornings,), replace(AT_NOON, now_s=SATURDAY + 34 * 3600)
    friday = replace(long, schedules=(WeeklySchedule(0b010_0000, 0, 1440),))
    yield "Friday, its last second", (friday,), replace(AT_NOON, now_s=SATURDAY - 1)
    yield "Friday, the midnight after", (friday,), replace(AT_NOON, now_s=SATURDAY)
    yield "a schedule without time", (replace(long, schedules=(WeeklySchedule(127, 720, 720),)),), AT_NOON
    yield "a schedule backwards", (replace(long, schedules=(WeeklySchedule(127, 1320, 360),)),), AT_NOON
    dates = replace(long, schedules=(WeeklySchedule(0, 0, 1440), DateSchedule(NOW, NOW + 60)))
    yield "dates, the first second", (dates,), AT_NOON
    yield "dates, their end", (dates,), replace(AT_NOON, now_s=NOW + 60)


def decisions() -> list[dict[str, Any]]:
    """Every case with what a lock does."""
    return [_decided(*one) for one in decision_cases()]


def _decided(name: str, fitting: tuple[ListEntry, ...], moment: Moment) -> dict[str, Any]:
    verdict = decide(fitting, moment)
    reason = None if isinstance(verdict, Admitted) else verdict.reason
    known = moment.clock_quality is not ClockQuality.UNSET
    return {
        "name": name,
        "fitting": [encode_entry(one).hex() for one in fitting],
        "now": moment.now_s if known else None,
        "last_contact": moment.last_contact_s or None,
        "unset_uptime": moment.unset_uptime_s,
        "floor": moment.floor_s,
        "used": sorted(moment.spent),
        "privacy": moment.private,
        "opens": reason is None,
        "reason": int(reason or 0),
        "credential_id": verdict.entry.credential_id if verdict.entry else None,
        "alarm_8": bool(verdict.entry and verdict.entry.duress and reason in _RAISES),
    }


def comparisons() -> dict[str, Any]:
    """The hashes of a list of seventy entries, and what a lock answers about spans of it."""
    hashes = {1000 + 3 * number: parts.fixed(f"entry {number}", 32) for number in range(70)}
    held = AccessList(9, {}, {number: Erased(0, one) for number, one in hashes.items()})
    questions = {
        "everything: 32 runs of two or three": (0, 2**62 - 1),
        "two spans: 16 runs each": (1000, 1100, 1101, 9000),
        "three spans: 10 runs each, one span with nothing": (0, 999, 1000, 1029, 1150, 1300),
        "fewer entries than runs": (1003, 1010),
        "sixteen spans": tuple(bound for at in range(16) for bound in (1000 + 12 * at, 1010 + 12 * at)),
    }
    said = {name: answer(held, ListQuestion(5, spans)) for name, spans in questions.items()}
    return {
        "hashes": {str(number): one.hex() for number, one in hashes.items()},
        "answers": [
            {
                "name": name,
                "spans": list(questions[name]),
                "runs": list(one.runs),
                "digests": [each.hex() for each in one.digests],
            }
            for name, one in said.items()
            if one is not None
        ],
    }


def judged() -> list[dict[str, Any]]:
    """A command, what the lock knows when it comes, and what it says: state 0 where it obeys."""
    return [_judged(*one) for one in _command_cases()]


CommandCase = tuple[str, Command, CommandMoment, Nonces, CommandBook]


def _command_cases() -> Iterator[CommandCase]:
    good = Command(
        parts.COMMAND, CommandKind.UNLOCK_DOOR, parts.ISSUED_AT, parts.ISSUED_AT + 60, parts.COMMAND_NONCE, 8
    )
    at, given, none = (
        CommandMoment(100.0, parts.ISSUED_AT + 5),
        Nonces().with_one(good.id, good.nonce, 90.0),
        CommandBook(),
    )
    yield "obeyed", good, at, given, none
    yield "the 30th second of its nonce", good, replace(at, uptime=120.0), given, none
    yield "the 31st", good, replace(at, uptime=121.0), given, none
    yield "another nonce", replace(good, nonce=parts.fixed("other", 16)), at, given, none
    yield "no nonce given", good, at, Nonces(), none
    yield "a second before its end", good, replace(at, now_s=good.expires_at - 1), given, none
    yield "its end", good, replace(at, now_s=good.expires_at), given, none
    yield "issued in what is the future here", good, replace(at, now_s=good.issued_at - 999), given, none
    yield "no clock", good, replace(at, now_s=None), given, none
    yield "no clock and no nonce: no clock", good, replace(at, now_s=None), Nonces(), none
    yield "ended and no nonce: expired", good, replace(at, now_s=good.expires_at), Nonces(), none
    yield "0 s", replace(good, seconds=0), at, given, none
    yield "61 s and no clock: bad arguments", replace(good, seconds=61), replace(at, now_s=None), given, none
    yield "ends when it is issued", replace(good, expires_at=good.issued_at), at, given, none
    yield "lives 30 days", replace(good, expires_at=good.issued_at + 30 * 86_400), at, given, none
    yield "lives a second longer", replace(good, expires_at=good.issued_at + 30 * 86_400 + 1), at, given, none
    yield "a kind nobody knows, wrong in everything else", replace(good, kind=99, seconds=0), at, Nonces(), none
    identify = replace(good, kind=int(CommandKind.IDENTIFY), nonce=b"")
    yield "identify without a clock, whatever its end", identify, replace(at, now_s=None), Nonces(), none
    yield "identify, ended", identify, replace(at, now_s=good.expires_at), Nonces(), none
    both = replace(good, kind=int(CommandKind.SET_PARAMETERS), seconds=0, relock_s=2, ajar_s=3600)
    yield "both parameters", both, at, given, none
    yield "one of two parameters", replace(both, ajar_s=0), at, given, none
    wipe = replace(good, kind=int(CommandKind.FACTORY_WIPE), seconds=0, challenge=parts.WIPE_CHALLENGE)
    yield "a wipe with a challenge of 15 bytes", replace(wipe, challenge=wipe.challenge[:15]), at, given, none
    full = {bytes([number]) * 16: Obeyed(bytes([number]) * 16, 3, good.expires_at) for number in range(IDS_HELD)}
    yield "32 others written down", good, at, given, CommandBook(full)
    known = CommandBook({good.id: begin(good)})
    yield "written down already, without a nonce", replace(good, nonce=b""), at, Nonces(), known


def _judged(name: str, command: Command, moment: CommandMoment, nonces: Nonces, book: CommandBook) -> dict[str, Any]:
    verdict = judge(command, book, nonces, moment, able=frozenset(CommandKind))
    given = nonces.given.get(command.id)
    declined = verdict if isinstance(verdict, Decline) else None
    return {
        "name": name,
        "plain": encode(command).hex(),
        "now": moment.now_s,
        "nonce_given": given[0].hex() if given else None,
        "nonce_age": moment.uptime - given[1] if given else None,
        "written_down": sorted(one.hex() for one in book.obeyed),
        "state": int(declined.state) if declined else 0,
        "failure": int(declined.failure) if declined else 0,
        "repeated": isinstance(verdict, Repeat),
    }
