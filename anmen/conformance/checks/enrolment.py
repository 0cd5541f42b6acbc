"""Checks of docs/protocol/enrolment.md. A lock that does not name kind 7 in `commands` has none of them to pass."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from anmen.conformance.lists import CARD, OTHER_CARD, PIN, STRANGE_CARD
from anmen.conformance.orders import Orders
from anmen.conformance.registry import Profile, checks, declared
from anmen.conformance.stand import ANSWER_S, SLACK_S, Stand, within_tolerance
from anmen.conformance.verdict import Failed
from firmware_protocol.commands import FINAL, CommandFailure, CommandKind, CommandState
from firmware_protocol.enrolment import FACE_WITHIN_S, SAID_AGAIN_S, WINDOW_S, Enrolled, EnrolledHeard, EnrolmentVerdict
from firmware_protocol.lockout import LOCKED_OUT_S, WRONG_TRIES
from firmware_protocol.vocabulary import EventType, Field, RefusalReason

FULL, KIND = Profile.FULL, CommandKind.START_ENROLMENT
FAILED, DONE = CommandState.FAILED, CommandState.DONE
SHORTEST_S, LONG_S, LOOKS = WINDOW_S[0], 300, 3
WRONG = {RefusalReason.FACE_NOT_RECOGNISED, RefusalReason.NOT_LIVE}
OWN, OTHER, FORCED = 91, 92, 93

declared(
    {
        "ANM-ENR-008": "The kit has no card whose chip gives a portrait: that a face which is not on it is never sent is the maker's word.",
    }
)


def _begun(stand: Stand, *, seconds: int = LONG_S, entries: tuple[int, ...] = (OWN, FORCED)) -> bytes:
    """A list with the person's card and another's, and the command; its id."""
    issuer = stand.issuer()
    stand.give(issuer.card(OWN), issuer.card(OTHER, OTHER_CARD), issuer.pin(FORCED, duress=True))
    return Orders(stand).enrol(seconds, entries)


@contextmanager
def _running(stand: Stand, *, seconds: int = LONG_S) -> Iterator[bytes]:
    """An open window; what is left of it, and of wrong tries in it, is not for the checks that follow."""
    since, orders = stand.mark(), Orders(stand)
    number = _begun(stand, seconds=seconds)
    try:
        stand.until(lambda: CommandState.RUNNING in orders.states(number, 0), ANSWER_S)
        yield number
    finally:
        stand.say(EnrolledHeard(number, EnrolmentVerdict.NOT_WANTED))
        if not stand.until(lambda: any(one in FINAL for one in orders.states(number, 0)), 1.0):
            stand.restart()
            # Wrong tries that it cannot date count as of its boot (ANM-DOR-013).
            stand.listen(LOCKED_OUT_S + SLACK_S)
        if any(one.get(Field.CODE) in WRONG for _, one in stand.transcript.events(since)):
            _clear_tries(stand)


def _present_card(stand: Stand) -> None:
    if not stand.operator.show_card(CARD):
        raise Failed(expected="the card of an entry that is named to open, as always", seen="the door stayed shut")


def _look(stand: Stand, times: int = LOOKS) -> None:
    for _ in range(times):
        stand.operator.show_face()


def _clear_tries(stand: Stand) -> None:
    """A lock-out, after which the count of wrong tries begins with none."""
    for _ in range(WRONG_TRIES):
        stand.operator.show_card(STRANGE_CARD)
    stand.listen(LOCKED_OUT_S + SLACK_S)


def _taken(stand: Stand, since: int) -> list[Enrolled]:
    return [one for _, one in stand.transcript.of(Enrolled, since)]


def _await_template(stand: Stand, number: bytes, since: int) -> Enrolled:
    return stand.await_message(
        Enrolled, since, where=lambda one: one.id == number, expected="the template of the face that was shown"
    )[1]


@checks("ANM-ENR-003", kind=KIND)
def what_cannot_be_begun(stand: Stand) -> str:
    """Another engine, nobody's entries, and a second one beside the first."""
    orders = Orders(stand)
    stand.give(stand.issuer().card(OWN))
    engine, model = orders.engine()
    orders.ends(orders.enrol(LONG_S, (OWN,), engine=engine + 1), FAILED, CommandFailure.ENGINE_DIFFERS)
    orders.ends(orders.enrol(LONG_S, (OWN,), model=bytes(len(model))), FAILED, CommandFailure.ENGINE_DIFFERS)
    orders.ends(orders.enrol(LONG_S, (999_999,)), FAILED, CommandFailure.BAD_ARGUMENTS)
    with _running(stand):
        orders.ends(orders.enrol(LONG_S, (OWN,)), FAILED, CommandFailure.BUSY)
    return "another engine and model, entries it does not hold, and a second window refused, each with its reason"


@checks("ANM-ENR-004", kind=KIND)
def the_window_ends(stand: Stand) -> str:
    """Running at once; failed when its seconds are over."""
    orders, began = Orders(stand), stand.line.now()
    with _running(stand, seconds=SHORTEST_S) as number:
        if orders.states(number, 0) != [CommandState.ACCEPTED, CommandState.RUNNING]:
            raise Failed(expected="states 1 (accepted) and 2 (running)", seen=f"states {orders.states(number, 0)}")
        stand.until(lambda: FAILED in orders.states(number, 0), SHORTEST_S * 1.1 + SLACK_S)
        took = stand.line.now() - began
        orders.ends(number, FAILED, CommandFailure.NOBODY_CAME)
    if not within_tolerance(took, SHORTEST_S):
        raise Failed(expected=f"the end after {SHORTEST_S} s", seen=f"after {took:.1f} s")
    return f"running, and failed (20, nobody came) after {took:.1f} s"


@checks("ANM-ENR-005", profile=FULL, kind=KIND)
def first_the_card(stand: Stand) -> str:
    """Looks without it, and a minute after it, bring nothing."""
    since = stand.mark()
    with _running(stand):
        _look(stand)
        stand.listen(1.0)
        before = len(_taken(stand, since))
    with _running(stand):
        _present_card(stand)
        stand.listen(FACE_WITHIN_S + SLACK_S)
        _look(stand)
        stand.listen(1.0)
    late = len(_taken(stand, since)) - before
    if before or late:
        raise Failed(expected="no template", seen=f"{before} without a card, {late} a minute after it")
    return "three looks without a card and three looks 62 s after it brought nothing"


@checks("ANM-ENR-006", profile=FULL, kind=KIND, unseen="that a listed neighbour's face opens")
def others_come_home(stand: Stand) -> str:
    """Another's card opens in the window, begins nothing, and is what the window ends with."""
    orders, since = Orders(stand), stand.mark()
    with _running(stand, seconds=SHORTEST_S) as number:
        if not stand.operator.show_card(OTHER_CARD):
            raise Failed(expected="another tenant's card to open as always", seen="the door stayed shut")
        _look(stand)
        stand.listen(SHORTEST_S + SLACK_S)
        orders.ends(number, FAILED, CommandFailure.ANOTHER_PERSON)
    if _taken(stand, since):
        raise Failed(expected="no template", seen="a template behind another's card")
    return "another's card opened, its holder's face was not taken; failed (21, another person)"


@checks("ANM-ENR-007", profile=FULL, kind=KIND, unseen="quality, and that all looks are of one person")
def three_looks(stand: Stand) -> str:
    """Nothing after two; after the third a template of the engine and model asked for, with the entry presented."""
    orders, since = Orders(stand), stand.mark()
    with _running(stand) as number:
        _present_card(stand)
        _look(stand, LOOKS - 1)
        stand.listen(1.0)
        if _taken(stand, since):
            raise Failed(expected=f"nothing before look {LOOKS}", seen=f"a template after {LOOKS - 1}")
        _look(stand, 1)
        said = _await_template(stand, number, since)
    if ((said.engine, said.model), said.entry, said.liveness) != (orders.engine(), OWN, 1):
        raise Failed(expected=f"engine and model of its birth, entry {OWN}, liveness 1", seen=str(said)[:200])
    return f"a template of {len(said.template)} bytes after look {LOOKS}, with entry {said.entry}"


@checks("ANM-ENR-009", profile=FULL, kind=KIND, unseen="that nothing at the door shows it")
def under_duress(stand: Stand) -> str:
    """Nobody is enrolled behind a duress PIN."""
    since = stand.mark()
    with _running(stand):
        if not stand.operator.enter_pin(PIN):
            raise Failed(expected="the duress PIN to open like any other", seen="the door stayed shut")
        _look(stand)
        stand.listen(SAID_AGAIN_S[0] * 2)
    if _taken(stand, since):
        raise Failed(expected="no template behind a duress PIN", seen="a template")
    return "a duress PIN and three looks brought no template"


@checks("ANM-ENR-010", profile=FULL, kind=KIND, unseen="that no picture is kept; what lies in its flash")
def nothing_outlives_a_power_cut(stand: Stand) -> str:
    """Failed, interrupted; and no template is said by the boot that follows."""
    with _running(stand) as number:
        _present_card(stand)
        _look(stand)
        _await_template(stand, number, 0)
        since = stand.mark()
        stand.restart()
        event = stand.await_event(
            EventType.COMMAND_DONE, since, 30.0, where=lambda one: one.get(Field.COMMAND) == number
        )[1]
        stand.listen(SAID_AGAIN_S[0] * 3)
    told = (event.get(Field.COMMAND_STATE), event.get(Field.CODE))
    if told != (FAILED, CommandFailure.INTERRUPTED) or _taken(stand, since):
        raise Failed(
            expected="failed, interrupted, and no template", seen=f"{told}, {len(_taken(stand, since))} templates"
        )
    return "the boot after a power cut said failed, interrupted, and no template"


@checks("ANM-ENR-011", kind=KIND)
def events_say_nothing_of_a_face(stand: Stand) -> str:
    """Id, kind, state and reason, and nothing else."""
    since = stand.mark()
    with _running(stand, seconds=SHORTEST_S) as number:
        event = stand.await_event(
            EventType.COMMAND_DONE, since, SHORTEST_S * 4.0, where=lambda one: one.get(Field.COMMAND) == number
        )[1]
    allowed = {int(one) for one in (Field.COMMAND, Field.COMMAND_KIND, Field.COMMAND_STATE, Field.CODE)}
    if set(event.fields) != allowed:
        raise Failed(expected=f"the fields {sorted(allowed)}", seen=f"fields {dict(event.fields)}")
    return "id, kind, state and reason"


@checks("ANM-ENR-012", profile=FULL, kind=KIND, unseen="waits longer than 20 s; that the expiry time ends it")
def said_again(stand: Stand) -> str:
    """After 5 and 10 seconds, and after a new welcome."""
    with _running(stand) as number:
        _present_card(stand)
        _look(stand)
        since = stand.mark()
        _await_template(stand, number, 0)
        stand.listen(SAID_AGAIN_S[0] * 3 + SLACK_S)
        heard = [said.at for said, one in stand.transcript.of(Enrolled) if one.id == number]
        waits = [later - earlier for earlier, later in pairwise(heard)]
        if len(waits) < 2 or not within_tolerance(waits[0], 5.0) or not within_tolerance(waits[1], 10.0):
            raise Failed(expected="the template again after 5 and after 10 s", seen=f"after {waits or 'no'} s")
        since = stand.mark()
        stand.reconnect()
        _await_template(stand, number, since)
    return "said again after 5 and 10 s, and after a new connect"


@checks("ANM-ENR-013", profile=FULL, kind=KIND, unseen="that the template is gone from its memory")
def heard_and_forgotten(stand: Stand) -> str:
    """Kept is done, not wanted is failed; neither is said again, and neither changes the list."""
    orders = Orders(stand)
    for verdict, state, failure in (
        (EnrolmentVerdict.KEPT, DONE, None),
        (EnrolmentVerdict.NOT_WANTED, FAILED, CommandFailure.INTERRUPTED),
    ):
        with _running(stand) as number:
            held = stand.service.held
            _present_card(stand)
            _look(stand)
            _await_template(stand, number, 0)
            stand.say(EnrolledHeard(number, verdict))
            orders.ends(number, state, failure)
            since = stand.mark()
            stand.listen(SAID_AGAIN_S[0] * 3)
        if _taken(stand, since) or stand.service.held != held:
            raise Failed(expected="silence, and the list as it was", seen=f"{len(_taken(stand, since))} templates more")
    return "kept: done; not wanted: failed, interrupted; then silence, and the list as it was"
