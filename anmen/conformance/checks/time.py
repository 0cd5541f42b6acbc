"""Checks of docs/protocol/time-and-door.md, first half: the clock, and what counts as contact."""

from anmen.conformance.counterpart import Manners
from anmen.conformance.lists import CARD
from anmen.conformance.registry import Profile, checks
from anmen.conformance.stand import ANSWER_S, SLACK_S, Stand
from anmen.conformance.verdict import Failed
from firmware_protocol.messages import Birth, Rebirth, TimeAnswer, TimeRequest
from firmware_protocol.vocabulary import EventType, Field, RefusalReason

UNANSWERED = Manners(times=False)
# A lie that a lock must not believe, and that does no lasting harm if it does.
LIE_MS = 600_000
ROUND_TRIP_S = 2.0
# For a lease of 30 s: a clock that another check set ahead may be set right by some seconds meanwhile.
LONG_ENOUGH_S = 45.0


@checks("ANM-TIM-002", unseen="that half the round trip is added")
def only_the_right_answer(stand: Stand) -> str:
    """Another nonce, a late answer and a second answer are not believed; the right one is."""
    question = _question(stand)
    stand.say(TimeAnswer(bytes(8), stand.line.unix_ms() + LIE_MS))
    _not_believed(stand, "an answer with another nonce")
    question = _question(stand)
    stand.listen(ROUND_TRIP_S + 0.5)
    stand.say(TimeAnswer(question, stand.line.unix_ms() + LIE_MS))
    _not_believed(stand, f"an answer {ROUND_TRIP_S + 0.5:g} s after the question")
    offset = _offset_ms(stand)
    question = _question(stand)
    told = stand.line.unix_ms() + offset + 5000
    stand.say(TimeAnswer(question, told, stand.service.wanted.version))
    stand.say(TimeAnswer(question, told + LIE_MS, stand.service.wanted.version))
    moved = _offset_ms(stand) - offset
    if not 3500 <= moved <= 6500:
        raise Failed(
            expected="the clock 5 s further: the first answer believed, a second one not",
            seen=f"{moved / 1000:.1f} s further",
        )
    return "another nonce, a late answer and a second answer ignored; the right one believed"


@checks("ANM-TIM-003", unseen="that it asks every hour (the kit does not wait for it)")
def asks_after_every_welcome(stand: Stand) -> str:
    """A question follows each welcome, also one that follows a rebirth."""
    began = stand.line.now()
    for _ in range(2):
        since = stand.mark()
        stand.say(Rebirth())
        stand.await_message(Birth, since)
        said, _asked = stand.await_message(
            TimeRequest, since, SLACK_S * 2, expected="a question for the time after a welcome"
        )
    return f"asked after each of two welcomes, {said.at - began:.2f} s in all"


@checks("ANM-TIM-006")
def clock_set_is_told(stand: Stand) -> str:
    """Event 18 with the uptime when the clock moves by more than two seconds."""
    offset = _offset_ms(stand)
    since = stand.mark()
    stand.behave(Manners(clock_ahead_ms=offset + 10_000))
    stand.say(Rebirth())
    _, event = stand.await_event(EventType.CLOCK_SET, since)
    if not isinstance(event.get(Field.UPTIME_MS), int):
        raise Failed(expected="the field 12, uptime in milliseconds", seen=f"fields {dict(event.fields)}")
    seen = "moved by 10 s: told"
    if stand.profile is Profile.FULL:
        since = stand.mark()
        stand.restart(clock_kept=False)
        _, event = stand.await_event(
            EventType.CLOCK_SET, since, where=lambda one: one.boot_number == stand.birth.boot_number
        )
        if not isinstance(event.get(Field.UPTIME_MS), int):
            raise Failed(expected="the field 12, uptime in milliseconds", seen=f"fields {dict(event.fields)}")
        seen += "; set after the clock had stopped: told"
    return f"{seen}, with the uptime"


@checks("ANM-TIM-007", profile=Profile.FULL)
def only_time_answers_are_contact(stand: Stand) -> str:
    """A lease of 30 s runs out while receipts go on; an answer that names a newer list does not renew it, a right one does."""
    stand.give(stand.issuer().card(31, offline_lease_s=30))
    _contact(stand)
    stand.behave(Manners(times=False))
    stand.listen(LONG_ENOUGH_S)
    since = stand.mark()
    if stand.operator.show_card(CARD):
        raise Failed(
            expected="the card refused 45 s after the last time answer (lease 30 s)",
            seen="it opened: something else counts as contact",
        )
    over = RefusalReason.OFFLINE_LEASE_OVER
    stand.await_event(EventType.ACCESS_REFUSED, since, where=lambda one: one.get(Field.CODE) == over)
    stand.behave(Manners(version=stand.service.wanted.version + 1))
    stand.say(Rebirth())
    stand.listen(1.0)
    if stand.operator.show_card(CARD):
        raise Failed(expected="the card refused: the time answer names a newer list", seen="it opened")
    _contact(stand)
    if not stand.operator.show_card(CARD):
        raise Failed(expected="the card to open after a time answer that names the list held", seen="it was refused")
    return "receipts and an answer that names a newer list renewed nothing; the right answer did"


@checks("ANM-TIM-008", profile=Profile.FULL)
def contact_outlives_a_restart(stand: Stand) -> str:
    """After a restart without any answer a long lease still holds, and a short one is over when it is over."""
    issuer = stand.issuer()
    stand.give(issuer.card(32, offline_lease_s=6 * 3600))
    _contact(stand)
    stand.restart(manners=UNANSWERED)
    if not stand.operator.show_card(CARD):
        raise Failed(
            expected="a lease of 6 h to hold after a restart", seen="the card was refused: the contact was forgotten"
        )
    stand.settle()
    stand.give(issuer.card(33, offline_lease_s=30))
    _contact(stand)
    stand.operator.power_off()
    stand.listen(LONG_ENOUGH_S)
    stand.behave(UNANSWERED)
    stand.operator.power_on()
    stand.listen(1.0)
    if stand.operator.show_card(CARD):
        raise Failed(
            expected="a lease of 30 s over after 45 s without power",
            seen="the card opened: the restart counted as contact",
        )
    return "6 h held over a restart, 30 s did not outlive 45 s without power"


@checks("ANM-TIM-004")
def never_below_the_floor(stand: Stand) -> str:
    """Told a time three minutes ahead and then the right one, the clock does not go back; nor after a restart."""
    told = stand.line.unix_ms() + 180_000
    question = _question(stand)
    stand.say(TimeAnswer(question, told, stand.service.wanted.version))
    _above(stand, told, "after a later answer with an earlier time", ask=True)
    stand.restart()
    stand.until(lambda: stand.service.welcomed == stand.birth.birth_number, ANSWER_S)
    stand.listen(1.0)
    _above(stand, told, "after a restart and a right answer", ask=False)
    return "an earlier time was not believed, nor after a restart"


def _above(stand: Stand, floor_ms: int, when: str, *, ask: bool) -> None:
    if ask:
        question = _question(stand)
        stand.say(TimeAnswer(question, stand.line.unix_ms(), stand.service.wanted.version))
    since = stand.mark()
    stand.say(Rebirth())
    birth = stand.await_message(Birth, since)[1]
    if birth.clock_quality and birth.clock_ms < floor_ms:
        raise Failed(expected=f"no time below {floor_ms} {when}", seen=f"{birth.clock_ms}")


def _question(stand: Stand) -> bytes:
    """Have the lock ask for the time, and leave the question unanswered."""
    stand.behave(UNANSWERED)
    stand.answered({})
    since = stand.mark()
    stand.say(Rebirth())
    stand.await_message(TimeRequest, since, expected="a question for the time after a welcome")
    stand.answered({})
    return [asked.nonce for _, asked in stand.transcript.of(TimeRequest, since)][-1]


def _contact(stand: Stand) -> None:
    """Answer a question in the usual way."""
    stand.behave(Manners())
    since = stand.mark()
    stand.say(Rebirth())
    stand.await_message(TimeRequest, since, expected="a question for the time after a welcome")
    stand.answered({})


def _offset_ms(stand: Stand) -> int:
    """How far the lock's clock is ahead of the right time."""
    since = stand.mark()
    stand.say(Rebirth())
    birth = stand.await_message(Birth, since)[1]
    if not birth.clock_quality:
        raise Failed(expected="a clock that is set, after answers", seen="clock quality 0 in a birth")
    return birth.clock_ms - stand.line.unix_ms()


def _not_believed(stand: Stand, what: str) -> None:
    offset = _offset_ms(stand)
    if offset > LIE_MS // 2:
        raise Failed(expected=f"{what} ignored", seen=f"the clock is {offset / 1000:.0f} s ahead: it was believed")
