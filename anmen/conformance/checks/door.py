"""Checks of docs/protocol/time-and-door.md, second half: the decision, the record, the lock-out. Somebody stands at the door."""

from anmen.conformance.counterpart import Manners
from anmen.conformance.lists import CARD, DAY_S, OTHER_CARD, PIN
from anmen.conformance.registry import Profile, checks
from anmen.conformance.stand import ANSWER_S, BOOT_S, Stand
from anmen.conformance.verdict import Failed
from firmware_protocol.list_entry import ONE_TIME_CAPABILITY
from firmware_protocol.lockout import WRONG_TRIES
from firmware_protocol.messages import Birth, Event
from firmware_protocol.vocabulary import AlarmCode, EventType, Field, Operation, OperationSource, RefusalReason

FULL = Profile.FULL


@checks("ANM-DOR-001", profile=FULL)
def handle_always_opens(stand: Stand) -> str:
    """With power, without the network, and without power."""
    _free(stand, "with power and network")
    stand.operator.cut_network()
    try:
        _free(stand, "without the network")
    finally:
        stand.operator.restore_network()
    stand.operator.power_off()
    try:
        _free(stand, "without power")
    finally:
        since = stand.mark()
        stand.operator.power_on()
        stand.await_message(Birth, since, BOOT_S, expected="a birth after power came back")
    return "free with power, without the network, without power"


@checks("ANM-DOR-002", profile=FULL)
def no_link_needed(stand: Stand) -> str:
    """With the network cut a lawful card opens and a strange one does not."""
    stand.give(stand.issuer().card(41))
    stand.operator.cut_network()
    stand.listen(1.0)
    opened = stand.operator.show_card(CARD)
    stand.operator.restore_network()
    if not opened:
        raise Failed(expected="a lawful card to open without the network", seen="the door stayed shut")
    return "a lawful card opened with the network cut"


@checks("ANM-DOR-003", profile=FULL)
def span_of_an_entry(stand: Stand) -> str:
    """Half-open: refused before its start and after its end, with the reason; open between."""
    issuer = stand.issuer()
    now = issuer.now_s
    _refuses(stand, issuer.card(42, starts_at=now + DAY_S), RefusalReason.NOT_YET_VALID)
    _refuses(stand, issuer.card(43, starts_at=now - 9 * DAY_S, ends_at=now - DAY_S), RefusalReason.NO_LONGER_VALID)
    stand.give(issuer.card(44), issuer.pin(45))
    if not (stand.operator.show_card(CARD) and stand.operator.enter_pin(PIN)):
        raise Failed(expected="card and PIN to open within their span", seen="the door stayed shut")
    return "refused before and after the span, with the right reasons; card and PIN opened within"


@checks("ANM-DOR-004", profile=FULL)
def without_a_clock(stand: Stand) -> str:
    """A tenant's card opens, a visitor's does not, nor one that had ended when the lock was last told the time."""
    issuer = stand.issuer()
    stand.give(issuer.card(46), issuer.card(47, OTHER_CARD, visitor=True))
    birth = stand.restart(clock_kept=False, manners=Manners(times=False))
    if birth.clock_quality:
        raise Failed(
            expected="clock quality 0 after the clock had stopped", seen=f"clock quality {birth.clock_quality}"
        )
    if not stand.operator.show_card(CARD):
        raise Failed(expected="a tenant's card to open without a clock", seen="the door stayed shut")
    if stand.operator.show_card(OTHER_CARD):
        raise Failed(expected="a visitor's card refused without a clock", seen="the door opened")
    ended = issuer.card(192, starts_at=issuer.now_s - 9 * DAY_S, ends_at=issuer.now_s - DAY_S)
    _refuses(stand, ended, RefusalReason.NO_LONGER_VALID)
    return "without a clock a tenant's card opened; a visitor's and one that had ended did not"


@checks("ANM-DOR-005", profile=FULL)
def most_telling_reason(stand: Stand) -> str:
    """Of two entries of one card one that opens is enough; of two that do not, a lease that is over tells more than a late start."""
    issuer = stand.issuer()
    early = issuer.card(48, starts_at=issuer.now_s + DAY_S)
    stand.give(early, issuer.card(50))
    if not stand.operator.show_card(CARD):
        raise Failed(expected="the card to open: one of its two entries holds", seen="the door stayed shut")
    if stand.birth.capabilities.get(ONE_TIME_CAPABILITY) is True:
        stand.give(issuer.card(305, one_time=True), issuer.card(306))
        since = stand.mark()
        stand.operator.show_card(CARD)
        taken = stand.await_event(EventType.LOCK_OPERATED, since)[1].get(Field.CREDENTIAL_ID)
        if taken != 306:
            raise Failed(expected="306 taken, which is not one-time", seen=f"credential {taken}")
    stand.give(early, issuer.card(49, offline_lease_s=1))
    stand.behave(Manners(times=False))
    stand.listen(15.0)
    since = stand.mark()
    stand.operator.show_card(CARD)
    event = stand.await_event(EventType.ACCESS_REFUSED, since)[1]
    if event.get(Field.CODE) != RefusalReason.OFFLINE_LEASE_OVER:
        raise Failed(
            expected="reason 18 (lease over), which tells more than 16", seen=f"reason {event.get(Field.CODE)}"
        )
    return "one that opens is enough; otherwise the lease that is over is named"


@checks("ANM-DOR-006", profile=FULL, unseen="that nothing at the door shows it")
def duress(stand: Stand) -> str:
    """Opens like any other, and raises alarm 8."""
    stand.give(stand.issuer().pin(51, duress=True))
    since = stand.mark()
    if not stand.operator.enter_pin(PIN):
        raise Failed(expected="a PIN marked duress to open", seen="the door stayed shut")
    stand.await_event(EventType.ALARM_RAISED, since, where=lambda one: one.get(Field.CODE) == AlarmCode.FORCED_USER)
    return "opened, alarm 8 raised"


@checks("ANM-DOR-007", profile=FULL, unseen="score band and liveness of a face; that no image is kept")
def what_is_recorded(stand: Stand) -> str:
    """An entry with credential, list version, source; a refusal with its reason and the credential that was recognised."""
    issuer = stand.issuer()
    stand.give(issuer.card(52), issuer.card(53, OTHER_CARD, starts_at=issuer.now_s + DAY_S))
    since = stand.mark()
    stand.operator.show_card(CARD)
    entry = stand.await_event(EventType.LOCK_OPERATED, since)[1]
    wanted = {
        Field.OPERATION: Operation.UNLOCK,
        Field.SOURCE: OperationSource.RFID,
        Field.CREDENTIAL_ID: 52,
        Field.LIST_VERSION: stand.service.wanted.version,
    }
    _has(entry, {int(key): int(value) for key, value in wanted.items()})
    stand.operator.show_card(OTHER_CARD)
    refusal = stand.await_event(EventType.ACCESS_REFUSED, since)[1]
    _has(refusal, {int(Field.CODE): int(RefusalReason.NOT_YET_VALID), int(Field.CREDENTIAL_ID): 53})
    return "an entry with credential id, list version and source; a refusal with reason and credential id"


@checks("ANM-DOR-009", profile=FULL)
def recognised_is_not_wrong(stand: Stand) -> str:
    """Six tries with a card that has not begun lock nobody out."""
    issuer = stand.issuer()
    stand.give(issuer.card(54, starts_at=issuer.now_s + DAY_S), issuer.card(55, OTHER_CARD))
    for _ in range(WRONG_TRIES + 1):
        stand.operator.show_card(CARD)
    if not stand.operator.show_card(OTHER_CARD):
        raise Failed(
            expected="another card to open: tries with a recognised one are not wrong ones", seen="the door stayed shut"
        )
    return "six tries with a recognised card, and another card opened"


def _free(stand: Stand, when: str) -> None:
    if not stand.operator.turn_handle():
        raise Failed(expected=f"the inside handle to open {when}", seen="the way was not free")


def _refuses(stand: Stand, entry: bytes, reason: RefusalReason) -> None:
    stand.give(entry)
    since = stand.mark()
    if stand.operator.show_card(CARD):
        raise Failed(expected=f"the card refused ({reason.name.lower().replace('_', ' ')})", seen="the door opened")
    event = stand.await_event(EventType.ACCESS_REFUSED, since, ANSWER_S)[1]
    erased = reason is RefusalReason.NO_LONGER_VALID and event.get(Field.CODE) == RefusalReason.INVALID_CREDENTIAL
    if event.get(Field.CODE) != reason and not erased:
        raise Failed(expected=f"reason {int(reason)}", seen=f"reason {event.get(Field.CODE)}")


def _has(event: Event, wanted: dict[int, int]) -> None:
    missing = {key: value for key, value in wanted.items() if event.fields.get(key) != value}
    if missing:
        raise Failed(expected=f"the fields {wanted} in event type {event.type}", seen=f"fields {dict(event.fields)}")
