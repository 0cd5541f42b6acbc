"""Roles, logins and throttling, without any database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.accounts.rules import (
    FAILURE_WINDOW,
    FAILURES_ALLOWED,
    AreaId,
    PersonId,
    Role,
    check_new_password,
    check_role,
    read_login,
    wait_after_failures,
)
from service.errors import BadInput

NOW = datetime(2026, 3, 2, tzinfo=UTC)
failures = st.lists(st.integers(0, 3600).map(lambda ago: NOW - timedelta(seconds=ago)), max_size=20)


@given(failures)
def test_a_login_is_refused_exactly_while_five_failures_are_young(ago: list[datetime]) -> None:
    young = [at for at in ago if at > NOW - FAILURE_WINDOW]
    assert (wait_after_failures(ago, NOW) > timedelta(0)) == (len(young) >= FAILURES_ALLOWED)


@given(failures)
def test_after_the_wait_one_attempt_is_free(ago: list[datetime]) -> None:
    assert wait_after_failures(ago, NOW + wait_after_failures(ago, NOW)) == timedelta(0)


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
