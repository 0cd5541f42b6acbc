"""Commands, the pure part: what a lock obeys, what it remembers, how the service follows it, and the proof of a wipe."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.access_list import AccessList
from firmware_protocol.commands import (
    FINAL,
    NEEDS_NONCE,
    Command,
    CommandFailure,
    CommandKind,
    CommandState,
    can,
    capability,
)
from firmware_protocol.commands_followed import (
    ENDED,
    ORDER_TRANSITIONS,
    OrderEvent,
    OrderState,
    event_of_result,
    next_order,
)
from firmware_protocol.commands_judged import (
    IDS_HELD,
    NONCE_FRESH_S,
    NONCES_HELD,
    CommandBook,
    CommandMoment,
    Decline,
    Nonces,
    Obey,
    Obeyed,
    Repeat,
    after_power_cut,
    begin,
    judge,
    settled,
)
from firmware_protocol.commands_wiped import proves_wipe, wipe_proof, without_faces
from firmware_protocol.vocabulary import CredentialType
from tests.protocol import vector_parts as parts

ABLE = frozenset(CommandKind)
NONCE, NAME = b"n" * 16, b"c" * 16
NOW_S = 1_790_000_000
KINDS = st.sampled_from(sorted(ABLE))


def command(kind: int, **more: Any) -> Command:
    seconds = 60 if kind == CommandKind.START_ENROLMENT else 8
    said = Command(
        NAME, int(kind), NOW_S - 5, NOW_S + 55, NONCE, seconds, 8, 60, b"x" * 16, takes=5, entries=(1,), model=b"mmmm"
    )
    return replace(said, **more)


def asked(at: float = 100.0) -> Nonces:
    return Nonces().with_one(NAME, NONCE, at)


MOMENT = CommandMoment(100.0, NOW_S)


@given(KINDS)
def test_what_is_fresh_and_possible_is_obeyed(kind: CommandKind) -> None:
    assert judge(command(kind), CommandBook(), asked(), MOMENT, able=ABLE) == Obey(kind)


@given(KINDS)
def test_a_life_of_one_second_is_one(kind: CommandKind) -> None:
    short = command(kind, issued_at=NOW_S, expires_at=NOW_S + 1)
    assert judge(short, CommandBook(), asked(), MOMENT, able=ABLE) == Obey(kind)
    none = replace(short, expires_at=NOW_S)
    assert judge(none, CommandBook(), asked(), MOMENT, able=ABLE) != Obey(kind)


@given(KINDS, st.integers(0, 10**6))
def test_what_has_expired_is_not(kind: CommandKind, late: int) -> None:
    moment = CommandMoment(100.0, NOW_S + 55 + late)
    assert judge(command(kind), CommandBook(), asked(), moment, able=ABLE) == Decline(CommandState.EXPIRED)


@given(KINDS, st.floats(0, 1000))
def test_a_nonce_holds_for_half_a_minute_of_uptime_whatever_the_clock_shows(kind: CommandKind, age: float) -> None:
    moment = CommandMoment(100.0 + age, NOW_S)
    stale = kind in NEEDS_NONCE and moment.uptime - 100.0 > NONCE_FRESH_S
    expected = Decline(CommandState.EXPIRED) if stale else Obey(kind)
    assert judge(command(kind), CommandBook(), asked(), moment, able=ABLE) == expected


@given(st.sampled_from(sorted(NEEDS_NONCE)), st.sampled_from([b"", b"m" * 16, b"n" * 15]))
def test_another_nonce_or_none_opens_nothing(kind: CommandKind, nonce: bytes) -> None:
    wrong = Decline(CommandState.FAILED, CommandFailure.WRONG_NONCE)
    assert judge(command(kind, nonce=nonce), CommandBook(), asked(), MOMENT, able=ABLE) == wrong
    assert judge(command(kind, nonce=nonce), CommandBook(), Nonces(), MOMENT, able=ABLE) == wrong
    assert judge(command(kind), CommandBook(), asked().without(NAME), MOMENT, able=ABLE) == wrong


@given(KINDS)
def test_without_a_clock_only_what_shows_or_tells_something(kind: CommandKind) -> None:
    verdict = judge(command(kind), CommandBook(), asked(), CommandMoment(100.0, None), able=ABLE)
    if kind in (CommandKind.IDENTIFY, CommandKind.READ_BACK):
        assert verdict == Obey(kind)
    else:
        assert verdict == Decline(CommandState.FAILED, CommandFailure.CLOCK_UNSET)


@given(st.sampled_from([0, 9, 63, 1 << 40]))
def test_an_unknown_kind_is_unsupported(kind: int) -> None:
    verdict = judge(command(kind), CommandBook(), asked(), MOMENT, able=ABLE)
    assert verdict == Decline(CommandState.FAILED, CommandFailure.UNSUPPORTED)


def test_what_cannot_be_is_refused() -> None:
    wrong = [
        command(CommandKind.UNLOCK_DOOR, seconds=0),
        command(CommandKind.UNLOCK_DOOR, seconds=61),
        command(CommandKind.IDENTIFY, seconds=61),
        command(CommandKind.SET_PARAMETERS, relock_s=1),
        command(CommandKind.SET_PARAMETERS, ajar_s=9),
        command(CommandKind.FACTORY_WIPE, challenge=b""),
        command(CommandKind.START_ENROLMENT, seconds=29),
        command(CommandKind.START_ENROLMENT, seconds=601),
        command(CommandKind.START_ENROLMENT, takes=2),
        command(CommandKind.START_ENROLMENT, entries=()),
        command(CommandKind.START_ENROLMENT, entries=tuple(range(17))),
        command(CommandKind.START_ENROLMENT, model=b""),
        command(CommandKind.REBOOT, issued_at=NOW_S + 55),
        command(CommandKind.REBOOT, expires_at=NOW_S + 31 * 86_400),
    ]
    refused = Decline(CommandState.FAILED, CommandFailure.BAD_ARGUMENTS)
    assert {judge(one, CommandBook(), asked(), MOMENT, able=ABLE) for one in wrong} == {refused}


@given(KINDS, st.sampled_from(CommandState), st.integers(0, 10**9))
def test_what_was_taken_up_is_never_done_again(kind: CommandKind, state: CommandState, later: int) -> None:
    """Whatever became of it, as long as any clock of this lock could still take the command for unexpired."""
    book = CommandBook().with_one(begin(command(kind))._replace(state=state))
    floor = NOW_S + 54
    moment = CommandMoment(100.0, max(floor, NOW_S - 5 + later % 120))
    assert judge(command(kind), book.pruned(floor), asked(), moment, able=ABLE) == Repeat(book.obeyed[NAME])


@given(KINDS, st.integers(0, 1000))
def test_what_is_forgotten_can_only_be_expired(kind: CommandKind, past: int) -> None:
    done = settled(begin(command(kind)), CommandState.DONE)
    floor = done.expires_at + past
    book = CommandBook().with_one(done).pruned(floor)
    assert book.find(NAME) is None
    # The clock never shows less than its floor.
    verdict = judge(command(kind), book, asked(), CommandMoment(100.0, floor), able=ABLE)
    assert verdict == Decline(CommandState.EXPIRED)


def test_what_has_not_ended_is_not_forgotten() -> None:
    book = CommandBook().with_one(begin(command(CommandKind.FACTORY_WIPE)))
    assert book.pruned(NOW_S * 2) is book
    assert [one.id for one in book.unfinished()] == [NAME]


def test_a_full_book_refuses_and_does_not_forget() -> None:
    book = CommandBook({bytes([n]) * 16: Obeyed(bytes([n]) * 16, 2, NOW_S + 55) for n in range(IDS_HELD)})
    busy = Decline(CommandState.FAILED, CommandFailure.BUSY)
    assert judge(command(CommandKind.UNLOCK_DOOR), book, asked(), MOMENT, able=ABLE) == busy


def test_few_nonces_are_held_and_each_command_has_one() -> None:
    nonces = Nonces()
    for number in range(10):
        nonces = nonces.with_one(bytes([number]) * 16, NONCE, float(number))
    assert len(nonces.given) == NONCES_HELD
    renewed = asked().with_one(NAME, b"m" * 16, 101.0)
    assert judge(command(CommandKind.REBOOT), CommandBook(), renewed, MOMENT, able=ABLE) != Obey(CommandKind.REBOOT)


@given(KINDS, st.lists(st.sampled_from(CommandState), max_size=6))
def test_a_final_state_stays(kind: CommandKind, states: list[CommandState]) -> None:
    one = begin(command(kind))
    for state in states:
        before, one = one, settled(one, state)
        assert before.state not in FINAL or one == before


def test_what_a_power_cut_has_interrupted() -> None:
    assert after_power_cut(begin(command(CommandKind.REBOOT))).state is CommandState.DONE
    opened = after_power_cut(begin(command(CommandKind.UNLOCK_DOOR)))
    assert (opened.state, opened.failure) == (CommandState.FAILED, CommandFailure.INTERRUPTED)


@given(st.lists(st.sampled_from(OrderEvent), max_size=12))
def test_the_service_shows_as_done_only_what_the_lock_has_said(events: list[OrderEvent]) -> None:
    state, told = OrderState.WAITING, set()
    for event in events:
        before, state = state, next_order(state, event)
        told.add(event)
        assert before not in ENDED or state is before
        assert state is not OrderState.DONE or OrderEvent.DONE in told
        if state is OrderState.EXPIRED and OrderEvent.EXPIRED not in told:
            assert OrderEvent.SENT not in told or before is OrderState.EXPIRED
        assert state is not OrderState.SILENT or OrderEvent.TIME_OVER in told


def test_every_state_is_reached_and_every_word_of_a_lock_has_a_meaning() -> None:
    assert set(ORDER_TRANSITIONS.values()) | {OrderState.WAITING} == set(OrderState)
    assert {event_of_result(one) for one in CommandState} == set(OrderEvent) - {OrderEvent.SENT, OrderEvent.TIME_OVER}
    assert event_of_result(77) is None


def test_a_capability_says_what_a_lock_can_do() -> None:
    assert [kind for kind in CommandKind if can(capability(ABLE), kind)] == sorted(ABLE)
    assert not any(can(none, CommandKind.REBOOT) for none in (None, True, "all", 0, -1 << 70))


def test_a_proof_of_a_wipe_holds_for_its_challenge_and_its_logs_only() -> None:
    key, challenge = b"k" * 32, b"x" * 16
    proof = wipe_proof(key, challenge, old_epoch=1, new_epoch=2)
    assert proves_wipe(key, proof, challenge, old_epoch=1, new_epoch=2)
    assert not proves_wipe(key, proof, b"y" * 16, old_epoch=1, new_epoch=2)
    assert not proves_wipe(key, proof, challenge, old_epoch=3, new_epoch=2)
    assert not proves_wipe(key, proof, challenge, old_epoch=1, new_epoch=3)
    assert not proves_wipe(b"K" * 32, proof, challenge, old_epoch=1, new_epoch=2)
    same = wipe_proof(key, challenge, old_epoch=2, new_epoch=2)
    assert not proves_wipe(key, same, challenge, old_epoch=2, new_epoch=2)


def test_erasing_faces_leaves_the_digest_and_everything_else() -> None:
    before = parts.LIST_1
    after = without_faces(before)
    assert (after.version, after.digest) == (before.version, before.digest)
    faces = {one.credential_id for one in parts.ENTRIES if one.type is CredentialType.FACE}
    assert set(after.erased) == faces
    assert dict(after.entries) == {number: raw for number, raw in before.entries.items() if number not in faces}
    assert without_faces(AccessList()) == AccessList()
