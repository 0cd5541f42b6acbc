"""Checks of docs/protocol/session.md, "Coming back": each lock's turn, alarms out of turn, and the pace after it."""

from collections.abc import Callable

from anmen.conformance.counterpart import UNPAID, Manners
from anmen.conformance.registry import Profile, checks
from anmen.conformance.stand import ANSWER_S, BOOT_S, SLACK_S, Stand
from anmen.conformance.transcript import Said, holds
from anmen.conformance.verdict import Failed
from firmware_protocol.lock_side import LONGEST_SLOT_S
from firmware_protocol.messages import Birth, Events, Heartbeat, Welcome
from firmware_protocol.sending import WINDOW
from firmware_protocol.vocabulary import EventType

SLOT_S, LONG_SLOT_S = 20.0, 60.0
TOO_LONG_S = 900.0
# Clocks of two machines and of a cheap crystal.
EARLY_S = 0.5
PAST = 20


@checks("ANM-SES-022")
def slots_are_kept(stand: Stand) -> str:
    """Over two power cuts; a welcome without one is a slot of 0; one above ten minutes is ten minutes (full profile)."""
    waits = _two_waits(stand)
    if min(waits) < SLOT_S - EARLY_S:
        raise Failed(expected=f"no birth within {SLOT_S:g} s of power, twice", seen=f"births after {_shown(waits)} s")
    stand.settle()
    at_once = _away_s(stand, Manners())
    if at_once > max(waits) - SLOT_S / 2:
        raise Failed(expected="a birth sooner after a welcome without a slot", seen=f"after {at_once:.1f} s")
    seen = (
        f"born {_shown(waits)} s after power with a slot of {SLOT_S:g} s, {at_once:.1f} s after a welcome without one"
    )
    return f"{seen}; {_longest(stand)}" if stand.profile is Profile.FULL else seen


@checks("ANM-SES-023", unseen="that chance decides within the second where the slot is 0")
def nobody_before_its_turn(stand: Stand) -> str:
    """Neither after power nor (full profile) after the network, counted from when it went."""
    waits = {"power came back": min(_two_waits(stand))}
    if stand.profile is Profile.FULL:
        usual = Manners(slot_ms=round(SLOT_S * 1000))
        stand.settle(usual)
        stand.until(lambda: stand.service.welcomed == stand.birth.birth_number, ANSWER_S)
        waits["the connection was lost"] = _took_s(stand, lambda: stand.reconnect(usual))
    for when, wait in waits.items():
        if wait < SLOT_S - EARLY_S:
            raise Failed(expected=f"no birth within {SLOT_S:g} s after {when}", seen=f"a birth after {wait:.1f} s")
    return ", ".join(f"{wait:.1f} s after {when}" for when, wait in waits.items())


@checks("ANM-SES-024", profile=Profile.FULL)
def alarms_do_not_wait(stand: Stand) -> str:
    """With an alarm that nobody has stored the slot is passed over; an alarm in the middle of the wait ends it."""
    slow = Manners(slot_ms=round(LONG_SLOT_S * 1000))
    stand.settle(slow)
    stand.behave(unpaid := Manners(receipts=False, slot_ms=slow.slot_ms))
    _alarm(stand)
    held = _away_s(stand, unpaid)
    stand.settle(slow)
    stand.operator.power_off()
    stand.listen(0.2)
    since, began = stand.mark(), stand.line.now()
    stand.operator.power_on()
    stand.listen(3.0)
    stand.operator.lift_plate()
    raised = stand.await_message(Birth, since, BOOT_S)[0].at - began
    if max(held, raised) > LONG_SLOT_S - SLACK_S:
        raise Failed(
            expected=f"a birth before the slot of {LONG_SLOT_S:g} s",
            seen=f"{held:.1f} s after power with an alarm held, {raised:.1f} s with one raised meanwhile",
        )
    return f"slot of {LONG_SLOT_S:g} s; born after {held:.1f} s with an alarm held, {raised:.1f} s with one raised meanwhile"


@checks("ANM-SES-027")
def a_second_welcome_changes_the_pace(stand: Stand) -> str:
    """Heartbeat and back-fill at the new pace from then on, and nothing is sent twice for it."""
    stand.settle(Manners(backfill_per_s=4, receipts=False))
    first = stand.service.up_to + 1
    since = stand.mark()
    stand.cause_events(PAST)
    # On a slow link some would otherwise come only now, and count as sent twice.
    stand.await_frame(holds(first + PAST - 1), since, ANSWER_S, f"{PAST} events")
    since = stand.mark()
    stand.announce()
    stand.listen(1.0)
    before = sum(1 for _ in stand.transcript.events(since))
    stand.say(Welcome(stand.birth.birth_number, 1, 200))
    stand.listen(2.4)
    numbers = [event.sequence for _, event in stand.transcript.events(since) if event.sequence >= first]
    beats = sum(1 for _ in stand.transcript.of(Heartbeat, since))
    if len(set(numbers)) != len(numbers) or not before < PAST <= len(numbers):
        raise Failed(
            expected=f"{PAST} stored events, each once, most of them after the second welcome",
            seen=f"{len(numbers)}, {len(numbers) - len(set(numbers))} of them twice, {before} before it",
        )
    if beats < 2:
        raise Failed(expected="heartbeats a second apart after it", seen=f"{beats} in 2.4 s")
    return (
        f"{before} before a second welcome, {len(numbers) - before} after it, none twice; {beats} heartbeats in 2.4 s"
    )


@checks("ANM-SES-029", profile=Profile.FULL)
def alarms_first(stand: Stand) -> str:
    """After the birth of a new connect the alarm comes before the stored events that are older than it."""
    stand.behave(UNPAID)
    stand.cause_events(WINDOW)
    # Over a broker a plate is lifted sooner than 32 changes of the list have arrived.
    stand.until(lambda: stand.service.held[0] == stand.service.wanted.version, ANSWER_S)
    number = _alarm(stand)
    slow = Manners(receipts=False, backfill_per_s=4)
    since = stand.mark()
    stand.restart(manners=slow)
    stand.await_frame(_past, since, ANSWER_S, "stored events after the birth")
    first = next(one for one in stand.transcript.said[since:] if _past(one))
    if number not in [event.sequence for event in first.events]:
        raise Failed(
            expected=f"the alarm, event {number}, before other stored events",
            seen=f"events {[event.sequence for event in first.events]} first",
        )
    return f"event {number}, the alarm, came before {WINDOW} older ones"


@checks("ANM-SES-030", profile=Profile.FULL)
def a_new_alarm_at_once(stand: Stand) -> str:
    """With 32 live events on their way that nobody has stored."""
    stand.behave(Manners(receipts=False, backfill_per_s=1))
    stand.cause_events(WINDOW + 4)
    began = stand.line.now()
    since = stand.mark()
    stand.operator.lift_plate()
    said = stand.await_frame(_tells_alarm, since, 1.0 + SLACK_S, "the alarm, live")
    return f"heard after {said.at - began:.2f} s, with {WINDOW} live events on their way"


def _two_waits(stand: Stand) -> list[float]:
    """From power to birth with a slot, over two power cuts: the first is an ordinary one, the second shows that the slot was kept."""

    def observe() -> list[float]:
        stand.settle(Manners(slot_ms=round(SLOT_S * 1000)))
        mute = Manners(challenges=False, welcomes=False)
        return [_away_s(stand, mute) for _ in range(2)]

    return stand.once("waits in a slot", observe)


def _alarm(stand: Stand) -> int:
    """Raise one; its number."""
    since = stand.mark()
    stand.operator.lift_plate()
    return stand.await_event(EventType.ALARM_RAISED, since)[1].sequence


def _past(said: Said) -> bool:
    return isinstance(said.message, Events) and not said.message.live


def _tells_alarm(said: Said) -> bool:
    is_live = isinstance(said.message, Events) and said.message.live
    return is_live and any(event.type == EventType.ALARM_RAISED for event in said.events)


def _longest(stand: Stand) -> str:
    """With a slot of a quarter of an hour. Waits until the lock is there, so that no later check finds it away."""
    stand.until(lambda: stand.service.welcomed == stand.birth.birth_number, ANSWER_S)
    stand.say(Welcome(stand.birth.birth_number, 60, 200, round(TOO_LONG_S * 1000)))
    stand.answered({})
    wait = _away_s(stand, Manners(), within=TOO_LONG_S + BOOT_S)
    if not LONGEST_SLOT_S - EARLY_S <= wait < LONGEST_SLOT_S + BOOT_S:
        raise Failed(
            expected=f"{LONGEST_SLOT_S:g} s for a slot of {TOO_LONG_S:g} s", seen=f"a birth after {wait:.0f} s"
        )
    return f"{wait:.0f} s with one of {TOO_LONG_S:g} s"


def _away_s(stand: Stand, manners: Manners, within: float = BOOT_S) -> float:
    """Take the power away and give it back: seconds from power to birth."""
    stand.operator.power_off()
    stand.listen(0.2)
    since = stand.mark()
    stand.behave(manners)
    began = stand.line.now()
    stand.operator.power_on()
    return stand.await_message(Birth, since, within, expected="a birth after power came back")[0].at - began


def _took_s(stand: Stand, act: Callable[[], Birth]) -> float:
    began = stand.line.now()
    act()
    return stand.line.now() - began


def _shown(waits: list[float]) -> str:
    return ", ".join(f"{wait:.1f}" for wait in waits)
