"""Checks of docs/protocol/commands.md: fresh, once, and in words. A lock that names no `commands` has none of them to pass."""

from anmen.conformance.counterpart import Manners
from anmen.conformance.orders import COMMANDS, Orders, is_of
from anmen.conformance.registry import Profile, checks, declared
from anmen.conformance.stand import ANSWER_S, Stand
from anmen.conformance.verdict import Failed
from firmware_protocol.commands import CommandFailure, CommandKind, CommandState
from firmware_protocol.vocabulary import EventType, Field

FAILED, DONE, EXPIRED = CommandState.FAILED, CommandState.DONE, CommandState.EXPIRED

declared(
    {
        "ANM-CMD-013": "Where the bolt is shows at the door only, and a bolt that sticks or a battery that is too weak has to be "
        "brought about by hand: the maker's word.",
        "ANM-CMD-017": "How long the bolt stays back shows at the door only, not on the link: the maker's word.",
    }
)


@checks("ANM-CMD-004", feature=COMMANDS)
def unknown_kinds(stand: Stand) -> str:
    """A kind of a later version fails as unsupported; arguments outside the limits, or one that is not there, as bad."""
    orders = Orders(stand)
    orders.ends(orders.give(99), FAILED, CommandFailure.UNSUPPORTED)
    orders.needs(CommandKind.IDENTIFY)
    orders.ends(orders.give(CommandKind.IDENTIFY, seconds=61), FAILED, CommandFailure.BAD_ARGUMENTS)
    orders.ends(orders.give(CommandKind.READ_BACK, expires_in_s=-1001), FAILED, CommandFailure.BAD_ARGUMENTS)
    if orders.can(CommandKind.SET_PARAMETERS):
        number = stand.draw(16)
        orders.ends(orders.parameters(number, orders.nonce(number), ajar_s=0), FAILED, CommandFailure.BAD_ARGUMENTS)
    return (
        "kind 99 unsupported; 61 s of identify, an end before the issue, one parameter of two refused as bad arguments"
    )


@checks("ANM-CMD-025", feature=COMMANDS)
def first_reason_first(stand: Stand) -> str:
    """Where several hold: unsupported before expired, bad arguments before a wrong nonce, expired before it too."""
    orders = Orders(stand)
    orders.ends(orders.give(99, nonce=bytes(16), expires_in_s=-500), FAILED, CommandFailure.UNSUPPORTED)
    orders.needs(CommandKind.SET_PARAMETERS)
    wrong = orders.parameters(stand.draw(16), bytes(16), relock_s=1)
    orders.ends(wrong, FAILED, CommandFailure.BAD_ARGUMENTS)
    orders.needs(CommandKind.REBOOT)
    orders.ends(orders.give(CommandKind.REBOOT, nonce=bytes(16), expires_in_s=-500), EXPIRED)
    return "unsupported, bad arguments and expired each named before the wrong nonce"


@checks("ANM-CMD-005", feature=COMMANDS)
def nonces(stand: Stand) -> str:
    """Fresh for each question; a second one makes the first worthless; a known command is answered by what came of it."""
    orders = Orders(stand)
    orders.needs(CommandKind.SET_PARAMETERS)
    number = stand.draw(16)
    first, second = orders.nonce(number), orders.nonce(number)
    if first == second or not any(first):
        raise Failed(expected="two different nonces for two questions", seen=f"{first.hex()}, {second.hex()}")
    orders.ends(orders.parameters(number, first), FAILED, CommandFailure.WRONG_NONCE)
    known = orders.give(CommandKind.READ_BACK)
    orders.ends(known, DONE)
    stand.answered({})
    since = stand.mark()
    orders.ask_nonce(known)
    orders.result(known, since, lambda one: one.repeated, "its result, repeated, instead of a nonce")
    return "two questions, two nonces, the first worthless; a known command answered by its result"


@checks("ANM-CMD-006", feature=COMMANDS, unseen="that the 30 seconds are those of its own uptime")
def nonce_once_and_soon(stand: Stand) -> str:
    """Without the nonce nothing; with it once; after 30 seconds no more."""
    orders = Orders(stand)
    orders.needs(CommandKind.SET_PARAMETERS)
    orders.ends(orders.parameters(stand.draw(16), bytes(16)), FAILED, CommandFailure.WRONG_NONCE)
    number = stand.draw(16)
    nonce = orders.nonce(number)
    orders.ends(orders.parameters(number, nonce), DONE)
    orders.ends(orders.parameters(stand.draw(16), nonce), FAILED, CommandFailure.WRONG_NONCE)
    late = stand.draw(16)
    nonce = orders.nonce(late)
    stand.listen(32.0)
    orders.ends(orders.parameters(late, nonce), EXPIRED)
    return "a made-up nonce and a used one refused, a right one taken, one of 32 s expired"


@checks("ANM-CMD-007", feature=COMMANDS)
def expired_commands(stand: Stand) -> str:
    """Nothing is done after the expiry time."""
    orders = Orders(stand)
    orders.ends(orders.give(CommandKind.READ_BACK, expires_in_s=-500), EXPIRED)
    return "a command whose time was over did nothing, and said so"


@checks("ANM-CMD-008", profile=Profile.FULL, feature=COMMANDS)
def without_a_clock(stand: Stand) -> str:
    """Without a set clock only identify and read back."""
    orders = Orders(stand)
    orders.needs(CommandKind.SET_PARAMETERS)
    stand.restart(clock_kept=False, manners=Manners(times=False))
    stand.until(lambda: stand.service.welcomed == stand.birth.birth_number, ANSWER_S)
    orders.ends(orders.give(CommandKind.READ_BACK), DONE)
    number = stand.draw(16)
    orders.ends(orders.parameters(number, orders.nonce(number)), FAILED, CommandFailure.CLOCK_UNSET)
    return "read back answered, set parameters refused: the clock is not set"


@checks("ANM-CMD-009", feature=COMMANDS, unseen="how many it holds; that the floor decides what is forgotten")
def written_down_first(stand: Stand) -> str:
    """A command that was done is known after a power cut."""
    orders = Orders(stand)
    number = orders.give(CommandKind.READ_BACK)
    orders.ends(number, DONE)
    stand.restart()
    stand.until(lambda: stand.service.welcomed == stand.birth.birth_number, ANSWER_S)
    since = stand.mark()
    orders.give(CommandKind.READ_BACK, number=number)
    orders.result(number, since, lambda one: one.repeated, "the result, repeated, of a command of the boot before")
    return "a command of the boot before was known, and not done again"


@checks("ANM-CMD-010", feature=COMMANDS)
def never_twice(stand: Stand) -> str:
    """The same id again is answered by what came of it, and records nothing."""
    orders = Orders(stand)
    number = orders.give(CommandKind.READ_BACK)
    orders.ends(number, DONE)
    stand.await_event(EventType.COMMAND_DONE, 0, where=is_of(number))
    stand.answered({})
    since = stand.mark()
    orders.give(CommandKind.READ_BACK, number=number)
    again = orders.result(number, since, lambda one: one.repeated, "the result again, marked repeated")
    stand.listen(1.0)
    if again.state != DONE or any(event.type == EventType.COMMAND_DONE for _, event in stand.transcript.events(since)):
        raise Failed(
            expected="state 3 (done), repeated, and no event", seen=f"state {again.state}, {stand.told(since)}"
        )
    return "answered with its result, repeated; no event"


@checks("ANM-CMD-011", feature=COMMANDS)
def results_are_said(stand: Stand) -> str:
    """Accepted when it is taken up, and how it ended."""
    orders = Orders(stand)
    since = stand.mark()
    number = orders.give(CommandKind.READ_BACK)
    orders.ends(number, DONE)
    states = orders.states(number, since)
    if states[0] != CommandState.ACCEPTED or states[-1] != DONE:
        raise Failed(expected="state 1 (accepted) first and 3 (done) last", seen=f"states {states}")
    return f"states {', '.join(map(str, states))}"


@checks("ANM-CMD-012", feature=COMMANDS)
def commands_are_recorded(stand: Stand) -> str:
    """Event 22 with id, kind and state; the reason where it failed."""
    orders = Orders(stand)
    for kind, state, code in ((CommandKind.READ_BACK, DONE, None), (99, FAILED, CommandFailure.UNSUPPORTED)):
        since = stand.mark()
        number = orders.give(kind)
        orders.ends(number, state, code)
        event = stand.await_event(EventType.COMMAND_DONE, since, where=is_of(number))[1]
        told = (event.get(Field.COMMAND_KIND), event.get(Field.COMMAND_STATE), event.get(Field.CODE))
        if told != (kind, state, code):
            raise Failed(
                expected=f"kind {int(kind)}, state {int(state)}, code {code}", seen=f"fields {dict(event.fields)}"
            )
    return "one that was done and one that failed recorded, with kind, state and reason"
