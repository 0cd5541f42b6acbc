"""Persons at rest: what the database holds of them, who finds them, and what a card opens."""

from datetime import datetime

import pytest
from sqlalchemy import text

from service.edges.keyring import Keyring, Root
from service.edges.transaction import NOBODY, SYSTEM, Scope, transaction
from service.errors import NotFound, SealBroken
from service.people import actions as people
from service.people.rules import PersonField, PersonId, Proof, ProofKind, Verdict
from tests import given
from tests.fixtures_database import Database

NAME, DOCUMENT = "阿不都·热合曼", given.document(7)


@pytest.fixture
def person(database: Database, keyring: Keyring, now: datetime) -> PersonId:
    with transaction(database.serve, SYSTEM) as session:
        return given.person(session, keyring=keyring, now=now, name=NAME, of=DOCUMENT)


def test_nothing_that_names_a_person_is_stored_in_the_clear(database: Database, person: PersonId) -> None:
    with transaction(database.serve, SYSTEM) as session:
        row = session.execute(text("SELECT * FROM person")).one()
    stored = b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    for secret in (NAME, DOCUMENT.number, DOCUMENT.number[6:14], "13800138000", "热合曼"):
        assert secret.encode() not in stored
        assert secret.encode("utf-16-le") not in stored


def test_a_person_is_found_by_document_and_by_name(database: Database, person: PersonId, keyring: Keyring) -> None:
    with transaction(database.serve, SYSTEM) as session:
        assert people.find_by_document(session, DOCUMENT, keyring=keyring) == person
        assert people.find_by_document(session, given.document(8), keyring=keyring) is None
        assert people.find_by_name(session, "阿不都•热合曼", keyring=keyring) == (person,)
        assert people.find_by_name(session, "阿不都", keyring=keyring) == ()


def test_another_keyring_finds_and_opens_nothing(database: Database, person: PersonId) -> None:
    stranger = Keyring(dict.fromkeys(Root, b"x" * 32))
    with transaction(database.serve, SYSTEM) as session:
        assert people.find_by_document(session, DOCUMENT, keyring=stranger) is None
        with pytest.raises(SealBroken):
            people.person_card(session, person, [PersonField.NAME], stranger)


def test_the_same_document_is_the_same_person_with_a_fresh_name_and_phone(
    database: Database, person: PersonId, keyring: Keyring, now: datetime
) -> None:
    asked = [PersonField.NAME, PersonField.PHONE, PersonField.HUKOU_AREA]
    with transaction(database.serve, SYSTEM) as session:
        people.person_card(session, person, asked, keyring)
        again = people.register_person(
            session,
            name="Abdurahman",
            document=DOCUMENT,
            phone="+85291234567",
            hukou_area="650102",
            keyring=keyring,
            now=now,
        )
        assert again == person
        assert people.person_card(session, person, asked, keyring) == {
            PersonField.NAME: "Abdurahman",
            PersonField.PHONE: "+85291234567",
            PersonField.HUKOU_AREA: "650102",
        }
        assert people.find_by_name(session, NAME, keyring=keyring) == ()


@pytest.mark.parametrize("field", PersonField)
def test_a_card_opens_only_what_was_asked_for(
    database: Database, person: PersonId, keyring: Keyring, field: PersonField
) -> None:
    with transaction(database.serve, SYSTEM) as session:
        assert list(people.person_card(session, person, [field], keyring)) == [field]


def test_a_card_says_what_the_document_says(database: Database, person: PersonId, keyring: Keyring) -> None:
    with transaction(database.serve, SYSTEM) as session:
        card = people.person_card(session, person, list(PersonField), keyring)
    assert card[PersonField.DOCUMENT_NUMBER] == DOCUMENT.number
    assert card[PersonField.DOCUMENT_MASKED].count("*") == 11
    assert card[PersonField.BIRTH_DATE] == "1990-01-01"
    assert card[PersonField.SEX] == DOCUMENT.sex
    assert card[PersonField.HUKOU_AREA] == DOCUMENT.area


@pytest.mark.parametrize("scope", [NOBODY, Scope(landlord=1), Scope(areas=(1,)), Scope(person=0)])
def test_outside_the_scope_there_is_no_such_person(
    database: Database, person: PersonId, keyring: Keyring, scope: Scope
) -> None:
    with transaction(database.serve, scope) as session:
        assert people.find_by_document(session, DOCUMENT, keyring=keyring) is None
        assert people.person_cards(session, [person], [PersonField.NAME], keyring) == {}
        with pytest.raises(NotFound):
            people.person_card(session, person, [PersonField.NAME], keyring)
        with pytest.raises(NotFound):
            people.get_document(session, person, keyring)


def test_a_person_sees_his_own_record(database: Database, person: PersonId, keyring: Keyring) -> None:
    with transaction(database.serve, Scope(person=person)) as session:
        assert people.person_card(session, person, [PersonField.NAME], keyring) == {PersonField.NAME: NAME}


def test_sealed_columns_do_not_open_in_another_row(
    database: Database, person: PersonId, keyring: Keyring, now: datetime
) -> None:
    with transaction(database.serve, SYSTEM) as session:
        other = given.person(session, keyring=keyring, now=now, name="李四")
        moved = text(
            "UPDATE person SET phone_sealed = (SELECT phone_sealed FROM person WHERE id = :own) WHERE id = :other"
        )
        session.execute(moved, {"own": person, "other": other})
        with pytest.raises(SealBroken):
            people.person_card(session, other, [PersonField.PHONE], keyring)


def test_proofs_are_kept_the_newest_first(database: Database, person: PersonId, now: datetime) -> None:
    review = Proof(kind=ProofKind.FACE_TO_DOCUMENT, verdict=Verdict.REVIEW, engine="sface", score_band=2)
    match = Proof(kind=ProofKind.LANDLORD_SAW_DOCUMENT, verdict=Verdict.MATCH)
    with transaction(database.serve, SYSTEM) as session:
        for proof in (review, match):
            people.record_proof(session, person, proof, now=now)
        assert people.proofs_of(session, person) == (match, review)
