"""What a form says in the name of somebody already known waits for the landlord, as everything else of it does."""

import json
from datetime import datetime

import pytest
from sqlalchemy import text

from service.accounts.actions import scope_of
from service.consent import actions as consent
from service.consent.rules import ConsentAct, GivenBy, Purpose, Standing
from service.edges.keyring import Keyring, Root
from service.edges.transaction import SYSTEM, transaction
from service.people.rules import Document, PersonId
from service.reactions import react
from service.tenancy import actions as tenancy
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living


@pytest.fixture
def place(database: Database, keyring: Keyring, now: datetime) -> Living:
    return living.living(database.serve, keyring, now, capacity=4)


@pytest.fixture
def elsewhere(database: Database, keyring: Keyring, now: datetime) -> Living:
    return living.living(database.serve, keyring, now)


def _withdraw(place: Living, person_id: PersonId) -> None:
    with transaction(place.database, SYSTEM) as session:
        event = consent.withdraw(session, person_id, Purpose.FACE, by=GivenBy.PERSON, place="page", now=place.now)
        react(session, event, place.now)


def _face(place: Living, person_id: PersonId) -> Standing:
    with transaction(place.database, SYSTEM) as session:
        return consent.standing(session, person_id)[Purpose.FACE]


def _acts(place: Living, person_id: PersonId) -> list[tuple[Purpose, ConsentAct, GivenBy]]:
    with transaction(place.database, SYSTEM) as session:
        return [(one.purpose, one.act, one.given_by) for one in consent.ledger_of(session, person_id)]


def _enrolled(place: Living, person_id: PersonId) -> int:
    with transaction(place.database, SYSTEM) as session:
        return int(
            session.execute(
                text("SELECT count(*) FROM enrolment WHERE person_id = :id AND erased_at IS NULL"), {"id": person_id}
            ).scalar_one()
        )


def _tenant_with_face(place: Living, document: Document) -> PersonId:
    return living.tenant(place, living.form(document, face=True), living.prepared()).person_id


def test_a_link_alone_does_not_give_a_withdrawn_consent_again(place: Living, elsewhere: Living) -> None:
    """Whoever knows somebody's number and has an invitation could else undo what that person decided."""
    document = given.document()
    person_id = _tenant_with_face(place, document)
    _withdraw(place, person_id)
    before = _acts(place, person_id)
    waiting = living.registered(elsewhere, living.form(document, face=True), living.prepared(mark=9))
    assert _acts(place, person_id) == before
    assert _face(place, person_id) is Standing.ERASED
    with transaction(elsewhere.database, scope_of(elsewhere.landlord)) as session:
        tenancy.refuse(session, elsewhere.landlord, waiting.registration_id, now=elsewhere.now)
    assert _acts(place, person_id) == before


def test_the_landlords_yes_gives_what_the_form_of_a_known_person_said(place: Living, elsewhere: Living) -> None:
    document = given.document()
    person_id = _tenant_with_face(place, document)
    _withdraw(place, person_id)
    before = _acts(place, person_id)
    living.tenant(elsewhere, living.form(document, face=True), living.prepared(mark=9))
    assert _acts(place, person_id)[len(before) :] == [
        (Purpose.FACE, ConsentAct.GIVEN, GivenBy.PERSON),
        (Purpose.REGISTER, ConsentAct.GIVEN, GivenBy.PERSON),
    ]
    assert _enrolled(place, person_id) == 1


def test_a_withdrawal_after_the_form_was_sent_is_not_undone_by_the_landlords_yes(
    place: Living, elsewhere: Living
) -> None:
    document = given.document()
    person_id = _tenant_with_face(place, document)
    waiting = living.registered(elsewhere, living.form(document, face=True), living.prepared(mark=9))
    _withdraw(place, person_id)
    begun = living.confirmed(elsewhere, waiting.registration_id)
    assert _face(place, person_id) is Standing.ERASED
    assert _enrolled(place, person_id) == 0
    with transaction(elsewhere.database, SYSTEM) as session:
        types = session.execute(text("SELECT type FROM credential WHERE grant_id = :grant"), {"grant": begun.grant_id})
        assert sorted(row[0] for row in types) == [1, 2]


def test_a_new_person_has_agreed_when_the_form_is_sent(place: Living) -> None:
    document = given.document()
    living.registered(place, living.form(document, face=True), living.prepared())
    with transaction(place.database, SYSTEM) as session:
        person_id = PersonId(session.execute(text("SELECT person_id FROM registration")).scalar_one())
    assert _face(place, person_id) is Standing.GIVEN


def test_a_form_that_was_sealed_before_consents_waited_still_opens(place: Living) -> None:
    waiting = living.registered(place)
    with transaction(place.database, SYSTEM) as session:
        invitation, sealed = session.execute(text("SELECT invitation_id, form_sealed FROM registration")).one()
        written = json.loads(place.keyring.open(Root.PEOPLE, "registration form", sealed, row=str(invitation)))
        for name in ("consents", "declared_by", "ledger_read"):
            del written[name]
        older = place.keyring.seal(Root.PEOPLE, "registration form", json.dumps(written).encode(), row=str(invitation))
        session.execute(text("UPDATE registration SET form_sealed = :older"), {"older": older})
    begun = living.confirmed(place, waiting.registration_id)
    assert _acts(place, begun.person_id) == [(Purpose.REGISTER, ConsentAct.GIVEN, GivenBy.PERSON)]
