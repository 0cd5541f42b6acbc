"""Checks of time-and-door.md and firmware.md whose waits overlap: lock-outs of 90 s, and the trial of 600 s in which they pass."""

from anmen.conformance.falling_back import UNWELCOME, fallen_back
from anmen.conformance.lists import CARD, STRANGE_CARD
from anmen.conformance.meanwhile import tell
from anmen.conformance.registry import Profile, checks
from anmen.conformance.releases import Role
from anmen.conformance.stand import BOOT_S, SLACK_S, Stand
from anmen.conformance.updates import FIRMWARE, Updates
from anmen.conformance.verdict import Failed
from firmware_protocol.firmware import TRIAL_BOOTS, TRIAL_S
from firmware_protocol.lockout import LOCKED_OUT_S, WRONG_TRIES
from firmware_protocol.messages import Birth
from firmware_protocol.vocabulary import AlarmCode, EventType, Field

FULL, LOCK_OUT = Profile.FULL, "ANM-DOR-008"
WATCHDOG_S = 10.0


@checks("ANM-DOR-013", profile=FULL)
def tries_outlive_power(stand: Stand) -> str:
    """Four wrong tries before a power cut and one after it lock out; the lock-out is there after another one."""
    stand.give(stand.issuer().card(85))
    try:
        for _ in range(WRONG_TRIES - 1):
            stand.operator.show_card(STRANGE_CARD)
        stand.restart()
        stand.operator.show_card(STRANGE_CARD)
        if stand.operator.show_card(CARD):
            raise Failed(expected="locked out: the fifth wrong try came after a power cut", seen="a right card opened")
        stand.restart()
        if stand.operator.show_card(CARD):
            raise Failed(expected="locked out after a power cut, as before it", seen="a right card opened")
    finally:
        # What comes next needs no door at first; whoever does waits (await_open).
        stand.locked_out_at = stand.line.now()
    return "four wrong tries, a power cut, a fifth: locked out, and still after another power cut"


@checks("ANM-FWU-019", profile=FULL, feature=FIRMWARE, unseen="an image that is damaged in its slot")
def the_way_back(stand: Stand) -> str:
    """Started three times without a welcome; hanging; and running for 600 s without a welcome."""
    updates = Updates(stand)
    fallen_back(stand)
    seen = [f"at start {TRIAL_BOOTS + 1} of one that nobody welcomed"]
    hung, before = updates.release(Role.HANGS), updates.model().sequence
    updates.calm()
    mark = stand.mark()
    updates.whole(hung, updates.offer(hung))
    began, since = stand.line.now(), stand.mark()
    stand.until(lambda: _born_of(stand, before, since), TRIAL_BOOTS * (WATCHDOG_S + BOOT_S))
    if not _born_of(stand, before, since):
        raise Failed(expected=f"sequence {before} again, after {TRIAL_BOOTS} starts that hung", seen=stand.told(mark))
    seen.append(f"from one that hung, {stand.line.now() - began:.0f} s after its last chunk")
    stand.settle()
    updates.calm()
    mute = updates.release()
    stand.give(stand.issuer().card(56))
    started = updates.started(updates.install(mute, manners=UNWELCOME))
    since = stand.mark()
    if stand.wants(LOCK_OUT):
        stand.once(LOCK_OUT, lambda: tell(lambda: _lock_out(stand)))
    stand.until(lambda: _born_of(stand, before, since), started + TRIAL_S + BOOT_S - stand.line.now())
    waited = stand.line.now() - started
    if not _born_of(stand, before, since) or waited < TRIAL_S - SLACK_S:
        raise Failed(
            expected=f"sequence {before} again {TRIAL_S:g} s after the start",
            seen=f"{waited:.0f} s: {stand.told(since)}",
        )
    updates.spend(mute)
    seen.append(f"from one that was not welcomed, after {waited:.0f} s")
    return "went back " + ", ".join(seen)


@checks(LOCK_OUT, profile=FULL)
def five_wrong_tries(stand: Stand) -> str:
    """After the fifth wrong try alarm 4 and 90 s of nothing, but for the inside handle."""

    def story() -> str:
        stand.give(stand.issuer().card(56))
        return _lock_out(stand)

    return str(stand.once(LOCK_OUT, lambda: tell(story)))


def _lock_out(stand: Stand) -> str:
    """The story of ANM-DOR-008, with the card 56 held: alarm 4 after the fifth wrong try, 90 s of nothing but the inside handle."""
    stand.await_open()
    since = stand.mark()
    for number in range(WRONG_TRIES):
        if number == WRONG_TRIES - 1 and not stand.operator.show_card(CARD):
            raise Failed(expected="a right card to open after four wrong tries", seen="the door stayed shut")
        stand.operator.show_card(STRANGE_CARD)
    began = stand.line.now()
    stand.await_event(
        EventType.ALARM_RAISED, since, where=lambda one: one.get(Field.CODE) == AlarmCode.WRONG_CODE_ENTRY_LIMIT
    )
    if stand.operator.show_card(CARD):
        raise Failed(expected="nothing tried for 90 s after the fifth wrong try", seen="a right card opened at once")
    if not stand.operator.turn_handle():
        raise Failed(expected="the inside handle to open during the lock-out", seen="the way was not free")
    stand.listen(began + LOCKED_OUT_S - 10.0 - stand.line.now())
    if stand.operator.show_card(CARD):
        raise Failed(expected="nothing tried for 90 s", seen=f"a right card opened after {LOCKED_OUT_S - 10:g} s")
    stand.listen(began + LOCKED_OUT_S + SLACK_S - stand.line.now())
    if not stand.operator.show_card(CARD):
        raise Failed(expected="a right card to open after 90 s", seen="the door stayed shut")
    return "alarm 4 at the fifth wrong try; a right card refused for 90 s, then opened; the handle free throughout"


def _born_of(stand: Stand, sequence: int, since: int) -> bool:
    return any(one.capabilities.get(FIRMWARE) == sequence for _, one in stand.transcript.of(Birth, since))
