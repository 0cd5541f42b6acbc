"""Leases in days and instants, room for one more against a day-by-day model, invitations, and who may speak in a form."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.accounts.rules import AccountId
from service.consent.rules import GivenBy, Purpose
from service.errors import BadInput, Conflict
from service.people.documents import DocumentType, check_character
from service.people.rules import Verdict
from service.premises.rules import AreaId, UnitId
from service.tenancy.rules import (
    EndedBy,
    EndReason,
    Identity,
    Invitation,
    InvitationId,
    InvitationState,
    Notice,
    RegistrationForm,
    Span,
    TenancyId,
    accept,
    check_lease,
    check_room,
    check_seen,
    decide_end,
    identity_of,
    invitation_state,
    lease_span,
    most_at_once,
    site_day,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
TODAY = date(2026, 3, 2)
TENANCY = TenancyId(1)
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DAYS = st.dates(date(2026, 1, 1), date(2026, 3, 31))
SPANS = st.tuples(DAYS, DAYS).map(lambda pair: lease_span(min(pair), max(pair)))
INSTANTS = st.integers(-400 * 86400, 400 * 86400).map(lambda s: START + timedelta(seconds=s))


@given(DAYS, DAYS, INSTANTS)
def test_a_lease_holds_on_exactly_its_days(first: date, last: date, at: datetime) -> None:
    assume(first <= last)
    span = lease_span(first, last)
    assert (span.starts_at <= at < span.ends_at) == (first <= site_day(at) <= last)


@given(DAYS, DAYS)
def test_the_next_lease_may_begin_the_day_after(first: date, last: date) -> None:
    assume(first <= last)
    after = lease_span(last + timedelta(days=1), last + timedelta(days=9))
    assert not lease_span(first, last).overlaps(after)
    assert lease_span(first, last).ends_at == after.starts_at


def test_days_are_those_of_the_place_not_of_the_machine() -> None:
    assert site_day(datetime(2026, 2, 28, 16, 0, tzinfo=UTC)) == date(2026, 3, 1)
    assert lease_span(TODAY, TODAY).starts_at == datetime(2026, 3, 2, tzinfo=ZoneInfo("Asia/Shanghai"))


@given(st.lists(SPANS, max_size=6), SPANS)
def test_most_at_once_equals_a_count_day_by_day(spans: list[Span], within: Span) -> None:
    days = int((within.ends_at - within.starts_at).days)
    each_day = (within.starts_at + timedelta(days=day) for day in range(days))
    counted = max(sum(span.starts_at <= at < span.ends_at for span in spans) for at in each_day)
    assert most_at_once(spans, within) == counted


@given(st.integers(1, 4), st.lists(SPANS, max_size=6), SPANS)
def test_a_room_never_takes_more_than_it_holds(capacity: int, taken: list[Span], lease: Span) -> None:
    assume(most_at_once(taken, lease_span(date(2026, 1, 1), date(2026, 3, 31))) <= capacity)
    fits = most_at_once([*taken, lease], lease) <= capacity
    with nullcontext() if fits else pytest.raises(Conflict):
        check_room(capacity, taken, lease)


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        (date(2026, 3, 5), date(2026, 3, 4), "lease_reversed"),
        (date(2026, 1, 1), date(2026, 3, 1), "lease_over"),
        (date(2026, 3, 2), date(2046, 5, 1), "lease_too_long"),
        (date(2027, 3, 5), date(2027, 9, 1), "lease_start"),
        (date(1999, 1, 1), date(2026, 9, 1), "lease_too_long"),
    ],
)
def test_days_that_cannot_be_are_refused(first: date, last: date, code: str) -> None:
    with pytest.raises(BadInput) as wrong:
        check_lease(first, last, today=TODAY)
    assert wrong.value.code == code


@pytest.mark.parametrize(
    ("first", "last"),
    [(TODAY, TODAY), (date(2026, 1, 1), TODAY), (date(2027, 3, 2), date(2040, 1, 1)), (date(2016, 1, 1), TODAY)],
)
def test_days_that_can_be_are_taken(first: date, last: date) -> None:
    check_lease(first, last, today=TODAY)


def _invitation(**more: object) -> Invitation:
    made = Invitation(
        id=InvitationId(1),
        unit_id=UnitId(1),
        area_id=AreaId(1),
        landlord_id=AccountId(1),
        span=Span(START, START + timedelta(days=30)),
        created_at=START,
        expires_at=START + timedelta(days=7),
        opened_at=None,
        form_expires_at=None,
        withdrawn_at=None,
        registered=False,
    )
    return replace(made, **more)  # type: ignore[arg-type]  # fields by name


@given(st.booleans(), st.booleans(), st.booleans(), st.integers(-1, 40))
def test_an_invitation_is_in_one_state(registered: bool, withdrawn: bool, opened: bool, day: int) -> None:
    now = START + timedelta(days=day)
    invitation = _invitation(
        registered=registered,
        withdrawn_at=START if withdrawn else None,
        opened_at=START if opened else None,
        form_expires_at=START + timedelta(hours=1) if opened else None,
    )
    state = invitation_state(invitation, now)
    if registered or withdrawn:
        assert state is (InvitationState.REGISTERED if registered else InvitationState.WITHDRAWN)
    elif day >= 7:
        assert state is InvitationState.EXPIRED
    else:
        assert state is (InvitationState.OPENED if opened else InvitationState.WAITING)


def test_a_form_that_is_open_outlives_its_link_but_not_the_lease() -> None:
    late = _invitation(opened_at=START, form_expires_at=START + timedelta(days=40))
    assert invitation_state(late, START + timedelta(days=29)) is InvitationState.OPENED
    assert invitation_state(late, START + timedelta(days=30)) is InvitationState.EXPIRED


def _form(birth: date, *, by: GivenBy, face: bool = False) -> RegistrationForm:
    number = f"330481{birth:%Y%m%d}123"
    return RegistrationForm(
        document_type=DocumentType.RESIDENT_ID,
        document_number=number + check_character(number),
        name="李小明",
        phone="13800138000",
        password="a short sentence",
        consents=frozenset({Purpose.REGISTER, Purpose.FACE}) if face else frozenset({Purpose.REGISTER}),
        declared_by=by,
    )


@given(st.dates(date(1930, 1, 1), TODAY), st.sampled_from([GivenBy.PERSON, GivenBy.GUARDIAN]), st.booleans())
def test_minors_are_registered_by_guardians_and_nobody_else_is(birth: date, by: GivenBy, face: bool) -> None:
    under_16 = birth.replace(year=birth.year + 16) > TODAY if (birth.month, birth.day) != (2, 29) else None
    assume(under_16 is not None)
    refused = "guardian_needed" if by is GivenBy.PERSON else "guardian_not_needed"
    fits = under_16 == (by is GivenBy.GUARDIAN)
    with nullcontext() if fits else pytest.raises(BadInput, check=lambda wrong: wrong.code == refused):
        accept(_form(birth, by=by, face=face), has_face=face, now=NOW)


@pytest.mark.parametrize(("face", "has_face", "code"), [(True, False, "frames"), (False, True, "consent_face")])
def test_pictures_and_consent_come_together(face: bool, has_face: bool, code: str) -> None:
    with pytest.raises(BadInput) as wrong:
        accept(_form(date(1990, 1, 1), by=GivenBy.PERSON, face=face), has_face=has_face, now=NOW)
    assert wrong.value.code == code


def test_a_form_shows_nothing_of_a_person_in_a_log() -> None:
    shown = repr(_form(date(1990, 1, 1), by=GivenBy.PERSON))
    for secret in ("李小明", "13800138000", "19900101", "a short sentence"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("verdict", "identity"),
    [
        (Verdict.MATCH.value, Identity.MATCHED),
        (Verdict.REVIEW.value, Identity.UNCERTAIN),
        (None, Identity.NOT_COMPARED),
    ],
)
def test_the_landlord_is_told_how_the_comparison_came_out(verdict: str | None, identity: Identity) -> None:
    assert identity_of(verdict) is identity


def test_nothing_spares_the_landlords_eyes() -> None:
    check_seen(saw_document=True)
    with pytest.raises(BadInput) as wrong:
        check_seen(saw_document=False)
    assert wrong.value.field == "saw_document"


@given(INSTANTS, st.sampled_from(EndReason))
def test_a_landlord_alone_ends_nothing_at_once_where_somebody_lives(now: datetime, reason: EndReason) -> None:
    lease = lease_span(date(2026, 3, 1), date(2026, 6, 30))
    assume(now < lease.ends_at)
    assert decide_end(TENANCY, EndedBy.TENANT, lease, reason=None, said=None, now=now) is None
    with pytest.raises(BadInput):
        decide_end(TENANCY, EndedBy.LANDLORD, lease, reason=None, said=None, now=now)
    notice = decide_end(TENANCY, EndedBy.LANDLORD, lease, reason=reason, said=None, now=now)
    if now < lease.starts_at:
        assert notice is None
    else:
        assert notice is not None
        later = None if reason is EndReason.AGREED else min(now + timedelta(days=1), lease.ends_at)
        assert (notice.takes_effect_at, notice.stands) == (later, True)


@pytest.mark.parametrize(
    ("reason", "contradicted", "withdrawn", "hours", "code"),
    [
        (EndReason.MOVED_OUT, None, None, 5, "end_stated"),
        (EndReason.AGREED, None, None, 5, None),
        (EndReason.MOVED_OUT, 1, None, 72, "end_contradicted"),
        (EndReason.AGREED, 1, None, 72, "end_contradicted"),
        (EndReason.AGREED, 1, None, 73, None),
        (EndReason.MOVED_OUT, 1, None, 73, None),
        (EndReason.MOVED_OUT, None, 1, 2, None),
    ],
)
def test_what_was_said_before_counts(
    reason: EndReason, contradicted: int | None, withdrawn: int | None, hours: int, code: str | None
) -> None:
    lease = lease_span(date(2026, 3, 1), date(2026, 6, 30))
    at = lease.starts_at + timedelta(days=3)
    said = Notice(
        tenancy_id=TENANCY,
        reason=EndReason.MOVED_OUT,
        stated_at=at,
        takes_effect_at=at + timedelta(days=1),
        contradicted_at=at + timedelta(hours=contradicted) if contradicted else None,
        withdrawn_at=at + timedelta(hours=withdrawn) if withdrawn else None,
    )
    refused = pytest.raises(Conflict) if code else nullcontext()
    with refused as raised:
        decide_end(TENANCY, EndedBy.LANDLORD, lease, reason=reason, said=said, now=at + timedelta(hours=hours))
    assert code == (raised.value.code if raised else None)
