"""Delivery per lock, how long a silent lock honours what was taken back, and PINs that nobody tries first."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.decisions import Admitted, Moment, decide
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import ClockQuality, CredentialType
from service.access.pins import is_trivial_pin
from service.access.rules import (
    DEFAULT_LIST_ENTRIES,
    LIST_ENTRIES_CAPABILITY,
    CredentialRecord,
    DeliveryState,
    Materials,
    Terms,
    credential_state,
    for_lock,
    held_until,
    list_entries_of,
    list_entry,
    lock_deliveries,
    materials_for,
    worst_state,
)
from service.people.rules import PersonId
from service.premises.rules import UnitId

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
INSTANTS = st.integers(-(10**7), 10**7).map(lambda s: NOW + timedelta(seconds=s))
MAYBE_INSTANTS = st.none() | INSTANTS
LEASES_S = st.integers(3600, 90 * 86400)
RECORDS = st.builds(
    CredentialRecord,
    lock_id=st.sampled_from([LockId("L-A00000000000"), LockId("L-B00000000000")]),
    type=st.sampled_from(CredentialType),
    removed=st.booleans(),
    on_lock_at=MAYBE_INSTANTS,
    off_lock_at=MAYBE_INSTANTS,
    last_contact_at=MAYBE_INSTANTS,
)


def _terms(ends_at: datetime = NOW + timedelta(days=90), lease_s: int = 30 * 86400) -> Terms:
    return Terms(
        unit_id=UnitId(1),
        person_id=PersonId(1),
        starts_at=ends_at - timedelta(days=365),
        ends_at=ends_at,
        offline_lease_s=lease_s,
    )


@given(RECORDS)
def test_only_the_locks_own_word_ends_waiting(record: CredentialRecord) -> None:
    state = credential_state(record)
    assert (state is DeliveryState.ON_LOCK) == (not record.removed and record.on_lock_at is not None)
    assert (state is DeliveryState.REMOVED) == (record.removed and record.off_lock_at is not None)


@given(st.lists(RECORDS))
def test_a_lock_is_settled_only_when_all_its_credentials_are(records: list[CredentialRecord]) -> None:
    for lock in lock_deliveries(records, _terms()):
        states = {one.state for one in lock.credentials}
        waiting = {DeliveryState.PENDING, DeliveryState.REMOVING}
        assert (lock.state in waiting) == bool(states & waiting)
        assert (lock.held_until is not None) == (DeliveryState.REMOVING in states)
    assert [one.lock_id for one in lock_deliveries(records, _terms())] == sorted({one.lock_id for one in records})


def test_what_has_not_arrived_is_told_before_what_is_not_gone() -> None:
    assert worst_state(list(DeliveryState)) is DeliveryState.PENDING
    assert worst_state([DeliveryState.ON_LOCK, DeliveryState.REMOVING]) is DeliveryState.REMOVING
    assert worst_state([]) is DeliveryState.REMOVED


@given(INSTANTS, INSTANTS, LEASES_S, INSTANTS)
def test_the_lock_itself_refuses_from_the_instant_the_screen_names(
    ends_at: datetime, contact: datetime, lease_s: int, at: datetime
) -> None:
    """The screen's promise and the lock's own decision are the same rule: neither is a second late."""
    entry = list_entry(1, CredentialType.PIN, b"m" * 16, _terms(ends_at, lease_s))
    moment = Moment(int(at.timestamp()), ClockQuality.SYNCED, int(contact.timestamp()))
    opens = isinstance(decide([entry], moment), Admitted)
    assert opens == (entry.starts_at <= moment.now_s and at < held_until(ends_at, contact, lease_s))


def test_a_lock_never_heard_of_is_trusted_with_nothing() -> None:
    assert held_until(NOW, None, 3600) == NOW


@given(st.integers(0, 999_999).map("{:06d}".format))
def test_a_trivial_pin_is_one_with_a_pattern(pin: str) -> None:
    runs = {"".join(str((start + step * at) % 10) for at in range(6)) for start in range(10) for step in (1, -1)}
    patterned = pin in runs or len(set(pin)) < 3 or pin[:3] * 2 == pin or pin[:2] * 3 == pin
    assert is_trivial_pin(pin) == patterned


def test_few_pins_are_given_up() -> None:
    # Every seventh of a million, which is no period of the digits.
    trivial = sum(is_trivial_pin(f"{number:06d}") for number in range(0, 10**6, 7))
    assert 0 < trivial < 10_000 / 7


@pytest.mark.parametrize("pin", ["000000", "123456", "654321", "890123", "121212", "123123", "112211", "210987"])
def test_the_pins_that_are_tried_first_are_trivial(pin: str) -> None:
    assert is_trivial_pin(pin)


@pytest.mark.parametrize(
    ("said", "entries"),
    [
        (500, 500),
        (0, DEFAULT_LIST_ENTRIES),
        (-1, DEFAULT_LIST_ENTRIES),
        ("many", DEFAULT_LIST_ENTRIES),
        (True, DEFAULT_LIST_ENTRIES),
    ],
)
def test_a_lock_that_talks_nonsense_has_the_usual_list(said: object, entries: int) -> None:
    assert list_entries_of({LIST_ENTRIES_CAPABILITY: said}) == entries
    assert list_entries_of({}) == DEFAULT_LIST_ENTRIES


def test_card_and_pin_differ_from_lock_to_lock_and_no_number_is_in_them() -> None:
    materials = Materials(document_number="11010519491231002X", pin="427913")
    one, other = materials_for(materials, b"k" * 32), materials_for(materials, b"l" * 32)
    assert [kind for kind, _ in one] == [CredentialType.RFID, CredentialType.PIN]
    assert not {material for _, material in one} & {material for _, material in other}
    assert "11010519491231002X" not in repr(materials)
    assert "427913" not in repr(materials)


def test_a_face_comes_beside_card_and_pin() -> None:
    materials = Materials(document_number="E12345678", pin="427913", template=b"t" * 144)
    kinds = [kind for kind, _ in materials_for(materials, b"k" * 32)]
    assert kinds == [CredentialType.RFID, CredentialType.PIN, CredentialType.FACE]
    assert "ttt" not in repr(materials)


@pytest.mark.parametrize(
    ("capabilities", "gets_face"),
    [
        ({}, True),
        ({"face_engine": 1, "face_model": "01020304"}, True),
        ({"face_engine": 0, "face_model": ""}, False),
        ({"face_engine": 2, "face_model": "01020304"}, False),
        ({"face_engine": 1, "face_model": "ffffffff"}, False),
        ({"face_engine": "1"}, False),
    ],
)
def test_a_face_goes_only_to_locks_that_can_read_it(capabilities: dict[str, object], gets_face: bool) -> None:
    packed = bytes([0xA7, 1, 1, 0, 1, 2, 3, 4]) + bytes(136)
    fitting = for_lock(Materials(document_number="E12345678", pin="427913", template=packed), capabilities)
    assert (fitting.template == packed) == gets_face
    assert fitting.pin == "427913"
