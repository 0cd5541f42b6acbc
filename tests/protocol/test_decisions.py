"""The decision at the door."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.access_list import ListEntry
from firmware_protocol.credentials import card_material, pin_material, same_material
from firmware_protocol.decisions import (
    UNSET_CLOCK_GRACE_S,
    Admitted,
    Moment,
    Refused,
    decide,
    stands_open,
    why_not,
    with_material,
)
from firmware_protocol.schedules import DateSchedule, WeeklySchedule
from firmware_protocol.vocabulary import ClockQuality, CredentialType, RefusalReason

SECONDS = st.integers(0, 1000)
# The first seconds of 1970 are a Thursday morning in Shanghai, from eight o'clock on.
MINUTES = st.integers(470, 500)
SHANGHAI = ZoneInfo("Asia/Shanghai")
ENTRIES = st.builds(
    ListEntry,
    st.integers(1, 9),
    st.sampled_from(CredentialType),
    st.just(b"m"),
    SECONDS,
    SECONDS,
    SECONDS,
    st.booleans(),
    st.booleans(),
    st.lists(
        st.builds(DateSchedule, SECONDS, SECONDS) | st.builds(WeeklySchedule, st.integers(0, 127), MINUTES, MINUTES),
        max_size=2,
    ).map(tuple),
    st.booleans(),
)
MOMENTS = st.builds(
    Moment,
    SECONDS,
    st.sampled_from(ClockQuality),
    SECONDS,
    st.integers(0, 2 * UNSET_CLOCK_GRACE_S),
    st.frozensets(st.integers(1, 9), max_size=3),
    st.booleans(),
    SECONDS,
)
ENTRY = ListEntry(1, CredentialType.RFID, b"m", 100, 200, 50)
AT = Moment(150, ClockQuality.SYNCED, 140)


def opens(entry: ListEntry, moment: Moment) -> bool:
    """The same, said once more in one breath."""
    if moment.private or (entry.one_time and entry.credential_id in moment.spent):
        return False
    if moment.clock_quality is ClockQuality.UNSET:
        bound = entry.visitor or entry.one_time or bool(entry.schedules)
        return not bound and moment.unset_uptime_s < UNSET_CLOCK_GRACE_S and entry.ends_at > moment.floor_s
    if entry.schedules and not any(one.holds(moment.now_s) for one in entry.schedules):
        return False
    return entry.starts_at <= moment.now_s < min(entry.ends_at, moment.last_contact_s + entry.offline_lease_s)


@given(st.lists(ENTRIES, max_size=5), MOMENTS)
def test_opens_if_and_only_if_an_entry_holds_now(entries: list[ListEntry], moment: Moment) -> None:
    decision = decide(entries, moment)
    holding = [entry for entry in entries if opens(entry, moment)]
    if holding:
        assert decision == Admitted(holding[0])
    else:
        assert isinstance(decision, Refused)
        assert (decision.entry in entries) if entries else (decision.entry is None)
    for entry in entries:
        assert (why_not(entry, moment) is None) == opens(entry, moment)


@given(ENTRIES, MOMENTS, SECONDS)
def test_an_end_is_an_end(entry: ListEntry, moment: Moment, later: int) -> None:
    """Once it has ended or its lease is over, no later moment without contact opens."""
    told = replace(moment, clock_quality=ClockQuality.SYNCED)
    if why_not(entry, told) in {RefusalReason.NO_LONGER_VALID, RefusalReason.OFFLINE_LEASE_OVER}:
        assert why_not(entry, replace(told, now_s=told.now_s + later)) is not None


@given(st.integers(0, 4_000_000_000), st.integers(0, 127), st.integers(0, 1440), st.integers(0, 1440))
def test_weekly_hours_are_those_of_the_wall_clock_at_the_door(now: int, days: int, start: int, end: int) -> None:
    """Against the calendar of another library: no schedule opens outside itself in local time, and none stays shut in it."""
    at = datetime.fromtimestamp(now, SHANGHAI)
    entry = replace(ENTRY, starts_at=0, ends_at=1 << 40, schedules=(WeeklySchedule(days, start, end),))
    today = bool(days >> (at.isoweekday() % 7) & 1)
    within = today and start <= at.hour * 60 + at.minute < end
    reason = why_not(entry, Moment(now, ClockQuality.KEPT, now))
    assert reason is (None if within else RefusalReason.OUTSIDE_SCHEDULE)


@given(ENTRIES, MOMENTS, st.sampled_from(ClockQuality))
def test_what_says_more_about_when_never_opens_more(entry: ListEntry, moment: Moment, quality: ClockQuality) -> None:
    """Schedules, one time, visitor: each only takes away."""
    told = replace(moment, clock_quality=quality)
    if why_not(entry, told) is None:
        assert why_not(replace(entry, schedules=(), one_time=False, visitor=False), told) is None


@given(ENTRIES, MOMENTS)
def test_once_is_once(entry: ListEntry, moment: Moment) -> None:
    once = replace(entry, one_time=True)
    assert why_not(once, replace(moment, spent=moment.spent | {once.credential_id})) is not None


@given(st.lists(ENTRIES, max_size=5), MOMENTS)
def test_in_privacy_nobody_comes_in_from_outside(entries: list[ListEntry], moment: Moment) -> None:
    assert isinstance(decide(entries, replace(moment, private=True)), Refused)
    assert not stands_open(entries, replace(moment, private=True))


@given(st.lists(ENTRIES, max_size=5), MOMENTS)
def test_a_door_stands_open_by_a_schedule_only(entries: list[ListEntry], moment: Moment) -> None:
    passages = [one for one in entries if one.type is CredentialType.PASSAGE and opens(one, moment)]
    assert stands_open(entries, moment) == any(one.schedules for one in passages)
    if moment.clock_quality is ClockQuality.UNSET:
        assert not stands_open(entries, moment)


@given(ENTRIES, MOMENTS)
def test_duress_opens_as_well(entry: ListEntry, moment: Moment) -> None:
    """Whoever stands behind must see no difference; the alarm is sent, not shown."""
    assert why_not(replace(entry, duress=True), moment) == why_not(replace(entry, duress=False), moment)


EDGES = [
    (99, 99, RefusalReason.NOT_YET_VALID),
    (100, 100, None),
    (199, 190, None),
    (200, 190, RefusalReason.NO_LONGER_VALID),
    (150, 101, None),
    (150, 100, RefusalReason.OFFLINE_LEASE_OVER),
]


@pytest.mark.parametrize(("now", "contact", "reason"), EDGES)
def test_spans_are_half_open(now: int, contact: int, reason: RefusalReason | None) -> None:
    assert why_not(ENTRY, Moment(now, ClockQuality.KEPT, contact)) is reason


@pytest.mark.parametrize(
    ("uptime", "visitor", "reason"),
    [
        (0, False, None),
        (UNSET_CLOCK_GRACE_S - 1, False, None),
        (UNSET_CLOCK_GRACE_S, False, RefusalReason.CLOCK_UNSET),
        (0, True, RefusalReason.CLOCK_UNSET),
    ],
)
def test_without_the_time_tenants_are_honoured_for_a_day(
    uptime: int, visitor: bool, reason: RefusalReason | None
) -> None:
    moment = Moment(5, ClockQuality.UNSET, 0, uptime)
    assert why_not(replace(ENTRY, visitor=visitor), moment) is reason


@given(ENTRIES, MOMENTS, SECONDS)
def test_without_the_time_what_had_ended_when_the_lock_was_last_told_it_stays_shut(
    entry: ListEntry, moment: Moment, later: int
) -> None:
    unset = replace(moment, clock_quality=ClockQuality.UNSET, floor_s=entry.ends_at + later, spent=frozenset())
    assert why_not(entry, unset) is RefusalReason.NO_LONGER_VALID
    assert decide([entry], unset) == Refused(RefusalReason.NO_LONGER_VALID, entry)


@given(ENTRIES, MOMENTS, SECONDS)
def test_a_floor_never_opens(entry: ListEntry, moment: Moment, floor: int) -> None:
    if why_not(entry, replace(moment, floor_s=floor)) is None:
        assert why_not(entry, replace(moment, floor_s=0)) is None


def test_the_reason_is_the_one_that_tells_most() -> None:
    early, late = replace(ENTRY, starts_at=180), replace(ENTRY, ends_at=120)
    assert decide([early, late], AT) == decide([late, early], AT) == Refused(RefusalReason.NO_LONGER_VALID, late)
    assert decide([], AT) == Refused(RefusalReason.INVALID_CREDENTIAL)


def test_material_is_looked_for_in_its_own_kind_and_everywhere() -> None:
    entries = [replace(ENTRY, credential_id=number, type=kind) for number, kind in enumerate(CredentialType)]
    looked_at: list[bytes] = []

    def fits(material: bytes) -> bool:
        looked_at.append(material)
        return True

    found = with_material(entries * 2, CredentialType.RFID, fits)
    assert [entry.type for entry in found] == [CredentialType.RFID] * 2
    assert len(looked_at) == 2


@given(
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    st.text("0123456789X", min_size=4, max_size=18),
)
def test_verifiers_hold_on_one_lock_and_for_one_purpose(one: bytes, other: bytes, secret: str) -> None:
    assert same_material(card_material(one, secret), card_material(one, secret))
    assert not same_material(card_material(one, secret), pin_material(one, secret))
    assert same_material(pin_material(one, secret), pin_material(other, secret)) == (one == other)
