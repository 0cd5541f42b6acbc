"""Roles, logins and throttling, without any database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.accounts.rules import (
    FAILURE_WINDOW,
    FAILURES_ALLOWED,
    STRANGERS_FAILURES_ALLOWED,
    AreaId,
    Failure,
    PersonId,
    Role,
    Source,
    check_new_password,
    check_role,
    read_login,
    wait_after_failures,
)
from service.errors import BadInput

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ME, OTHER, STRANGER = Source(b"me", known=True), Source(b"other", known=True), Source(b"stranger", known=False)
SOURCES = st.sampled_from([ME, OTHER, STRANGER, Source(b"another", known=False)])
FAILURES = st.lists(
    st.builds(Failure, st.integers(0, 3600).map(lambda ago: NOW - timedelta(seconds=ago)), SOURCES), max_size=80
)


@given(FAILURES, SOURCES)
def test_a_source_waits_for_its_own_failures_and_strangers_for_those_of_all(
    failures: list[Failure], source: Source
) -> None:
    young = [one for one in failures if one.at > NOW - FAILURE_WINDOW]
    own = sum(one.source == source for one in young)
    strangers = sum(not one.source.known for one in young)
    waits = own >= FAILURES_ALLOWED or (not source.known and strangers >= STRANGERS_FAILURES_ALLOWED)
    assert (wait_after_failures(failures, source, NOW) > timedelta(0)) == waits


@given(FAILURES, SOURCES)
def test_after_the_wait_one_attempt_is_free(failures: list[Failure], source: Source) -> None:
    later = NOW + wait_after_failures(failures, source, NOW)
    assert wait_after_failures(failures, source, later) == timedelta(0)


def test_fifty_strangers_make_strangers_wait_and_nobody_else() -> None:
    failures = [Failure(NOW, Source(b"%d" % number, known=False)) for number in range(STRANGERS_FAILURES_ALLOWED)]
    assert wait_after_failures(failures[1:], STRANGER, NOW) == timedelta(0)
    assert wait_after_failures(failures, STRANGER, NOW) == FAILURE_WINDOW
    assert wait_after_failures(failures, ME, NOW) == timedelta(0)


@given(st.text())
def test_a_read_login_reads_the_same_again(text: str) -> None:
    try:
        login = read_login(text)
    except BadInput:
        return
    assert read_login(login) == login


@pytest.mark.parametrize("text", ["", " ", "a", "x" * 101, "a\x00b", "a\nb"])
def test_what_is_no_login(text: str) -> None:
    with pytest.raises(BadInput):
        read_login(text)


@pytest.mark.parametrize("password", ["", "123456789", "x" * 201])
def test_what_is_no_new_password(password: str) -> None:
    with pytest.raises(BadInput, match="10 to 200"):
        check_new_password(password)


@pytest.mark.parametrize(
    ("role", "areas", "person"),
    [
        (Role.TENANT, (), None),
        (Role.LANDLORD, (), PersonId(1)),
        (Role.OFFICER, (), None),
        (Role.GRID_WORKER, (), None),
        (Role.LANDLORD, (AreaId(1),), None),
    ],
)
def test_roles_that_do_not_fit(role: Role, areas: tuple[AreaId, ...], person: PersonId | None) -> None:
    with pytest.raises(BadInput):
        check_role(role, areas=areas, person_id=person)


@pytest.mark.parametrize(
    "written", ["13800138000", "+8613800138000", "+86 138 0013 8000", "0086-138-0013-8000", "１３８００１３８０００"]
)
def test_a_mobile_number_is_one_login_however_it_is_written(written: str) -> None:
    assert read_login(written) == "+8613800138000"
