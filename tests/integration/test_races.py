"""Two at once: whoever comes second finds what the first one left, and nothing is given or kept twice."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from service.access import actions as access
from service.accounts.actions import scope_of
from service.consent import actions as consent
from service.consent.rules import GivenBy, Purpose, Standing
from service.edges.elevation import as_system
from service.edges.face_work import FaceWork
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, Scope, transaction
from service.errors import AnmenError, Conflict, Gone, TooMany
from service.reactions import react
from service.tenancy import actions as tenancy
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living


@pytest.fixture
def place(database: Database, keyring: Keyring, now: Any) -> Living:
    return living.living(database.serve, keyring, now)


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each came to, an error of ours being a result too; all begin together."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        start.wait()
        try:
            return work()
        except AnmenError as refused:
            return refused

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result(timeout=30) for done in [pool.submit(run, work) for work in works]]


def _of(results: Sequence[object], kind: type) -> int:
    return sum(isinstance(one, kind) for one in results)


def test_one_link_opens_for_one_of_many(place: Living) -> None:
    with transaction(place.database, scope_of(place.landlord)) as session:
        link = tenancy.invite(
            session,
            place.landlord,
            unit_id=place.unit_id,
            starts_on=living.FIRST_DAY,
            ends_on=living.LAST_DAY,
            lifetime_s=3600,
            now=place.now,
        )

    def open_it() -> str:
        with transaction(place.database, SYSTEM) as session:
            return tenancy.open_invitation(
                session, link.token, keyring=place.keyring, form_lifetime_s=60, now=place.now
            )

    results = at_once(*[open_it] * 6)
    assert (_of(results, str), _of(results, Gone)) == (1, 5)


def test_one_form_is_sent_once(place: Living) -> None:
    form_token = living.invited(place)

    def send() -> object:
        with transaction(place.database, SYSTEM) as session:
            return tenancy.register_tenant(
                session, form_token, living.form(), None, keyring=place.keyring, now=place.now
            )

    assert _of(at_once(*[send] * 4), Conflict) == 3


def test_the_last_place_is_given_once(database: Database, keyring: Keyring, now: Any) -> None:
    place = living.living(database.serve, keyring, now, capacity=1)
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE unit SET capacity = 3"))
    waiting = [living.registered(place).registration_id for _ in range(3)]
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE unit SET capacity = 1"))
    results = at_once(*[lambda one=one: living.confirmed(place, one) for one in waiting])
    assert _of(results, Conflict) == 2


def test_a_registration_is_decided_once(place: Living) -> None:
    waiting = living.registered(place).registration_id

    def refuse() -> None:
        with transaction(place.database, scope_of(place.landlord)) as session:
            tenancy.refuse(session, place.landlord, waiting, now=place.now)

    results = at_once(lambda: living.confirmed(place, waiting), refuse, lambda: living.confirmed(place, waiting))
    assert _of(results, Conflict) == 2


@pytest.mark.parametrize("attempt", range(5))
def test_a_consent_withdrawn_during_the_decision_leaves_no_face_anywhere(place: Living, attempt: int) -> None:
    waiting = living.registered(place, face=living.prepared()).registration_id
    with transaction(place.database, SYSTEM) as session:
        person_id = session.execute(text("SELECT person_id FROM registration")).scalar_one()

    def withdraw() -> None:
        with transaction(place.database, SYSTEM) as session:
            event = consent.withdraw(session, person_id, Purpose.FACE, by=GivenBy.PERSON, place="page", now=place.now)
            react(session, event, place.now)

    results = at_once(lambda: living.confirmed(place, waiting), withdraw)
    assert _of(results, AnmenError) == 0
    with transaction(place.database, SYSTEM) as session:
        assert consent.standing(session, person_id)[Purpose.FACE] is Standing.ERASED
        assert not access.opens_by_face(session, person_id)
        kept = (
            "SELECT (SELECT count(template_sealed) FROM enrolment) + (SELECT count(template_sealed) FROM registration)"
        )
        assert session.execute(text(kept)).scalar_one() == 0


def test_pins_replaced_at_once_leave_one_pin_and_a_true_digest(place: Living) -> None:
    begun = living.tenant(place)

    def replace() -> str:
        with transaction(place.database, SYSTEM) as session:
            return access.replace_pin(session, begun.grant_id, keyring=place.keyring, now=place.now)

    assert _of(at_once(*[replace] * 4), str) == 4
    with transaction(place.database, SYSTEM) as session:
        live = session.execute(
            text("SELECT count(*) FROM credential WHERE type = 1 AND removed_version IS NULL")
        ).scalar_one()
        version = session.execute(text("SELECT version FROM access_list")).scalar_one()
    assert (live, version) == (1, 5)


def _scope(session: Session) -> tuple[str, str]:
    row = session.execute(text("SELECT current_setting('anmen.scope'), current_setting('anmen.person')")).one()
    return row[0], row[1]


def test_raised_rights_end_with_their_block_however_it_ends(place: Living) -> None:
    with transaction(place.database, Scope(person=7)) as session:
        with as_system(session):
            assert _scope(session) == ("system", "")
            with as_system(session):
                pass
            assert _scope(session) == ("system", "")
        assert _scope(session) == ("", "7")
        with pytest.raises(Gone):
            _raise_half_way(session)
        assert _scope(session) == ("", "7")
    with transaction(place.database, SYSTEM) as session:
        assert session.execute(text("SELECT capacity FROM unit")).scalar_one() == 2


def _raise_half_way(session: Session) -> None:
    with as_system(session):
        session.execute(text("UPDATE unit SET capacity = 50"))
        raise Gone


def test_pictures_are_looked_at_in_turns() -> None:
    work = FaceWork(at_once=1, patience_s=0.05)
    with work.turn():
        assert _of(at_once(*[lambda: _take_turn(work)] * 4), TooMany) == 4
    _take_turn(work)


def _take_turn(work: FaceWork) -> None:
    with work.turn():
        pass
