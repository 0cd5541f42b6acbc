"""Inquiries on a real database: every role, kind and field of the table; area; records; and what an outsider can learn."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from service.accounts.actions import scope_of
from service.accounts.rules import Actor, Role
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.occupancy import actions as occupancy
from service.occupancy.actions import Answer, RefusedAnswer
from service.occupancy.rules import (
    BASES,
    DISCLOSED,
    PURPOSES,
    Field,
    InquiryKind,
    LegalBasis,
    Purpose,
    Question,
    RefusalReason,
)
from service.people.rules import Document, PersonId
from service.reactions import react
from service.tenancy import actions as tenancy
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living

GROUND = {"purpose": Purpose.REGISTRATION_CHECK, "basis": LegalBasis.RESIDENCE_REGISTRATION}
NAME, PHONE = "欧阳修文", "13911223344"


@pytest.fixture
def place(database: Database, keyring: Keyring, now: Any) -> Living:
    return living.living(database.serve, keyring, now)


@pytest.fixture
def document() -> Document:
    return given.document()


@pytest.fixture
def tenant_id(place: Living, document: Document) -> PersonId:
    begun = living.tenant(place, living.form(document, name=NAME, phone=PHONE))
    with transaction(place.database, SYSTEM) as session:
        session.execute(
            text(
                "INSERT INTO presence (person_id, unit_id, area_id, state, confidence, reason, since, as_of)"
                " VALUES (:person, :unit, :area, 'in', 'high', 'came_in', :now, :now)"
            ),
            {"person": begun.person_id, "unit": place.unit_id, "area": place.home.areas.grid, "now": place.now},
        )
    return begun.person_id


def ask(place: Living, actor: Actor, question: Question) -> Answer | RefusedAnswer:
    with transaction(place.database, scope_of(actor)) as session:
        return occupancy.answer_inquiry(session, actor, question, keyring=place.keyring, now=place.now)


def about(place: Living, kind: InquiryKind, document: Document, **more: Any) -> Question:
    subjects: dict[InquiryKind, dict[str, Any]] = {
        InquiryKind.PERSON_BY_DOCUMENT: {"document": document},
        InquiryKind.PERSON_BY_NAME: {"name": NAME},
        InquiryKind.UNIT: {"unit_id": place.unit_id},
        InquiryKind.BUILDING: {"building_id": place.home.building_id},
    }
    return Question(kind=kind, **{**GROUND, **subjects[kind], **more})


def seen_by(place: Living, person_id: PersonId) -> tuple[occupancy.AskedInquiry, ...]:
    own = living.tenant_actor(place, person_id)
    with transaction(place.database, scope_of(own)) as session:
        return occupancy.inquiries_about(session, person_id)


@pytest.mark.parametrize("kind", InquiryKind)
@pytest.mark.parametrize("role", [Role.OFFICER, Role.GRID_WORKER])
def test_exactly_the_fields_of_the_table_are_told(
    place: Living, document: Document, tenant_id: PersonId, role: Role, kind: InquiryKind
) -> None:
    answer = ask(place, living.officer(place, role=role), about(place, kind, document))
    assert isinstance(answer, Answer)
    (told,) = answer.occupants
    assert set(told) == DISCLOSED[role, kind]
    for field in Field:
        assert (field in told) == (field in DISCLOSED[role, kind])
    truth = {
        Field.NAME: NAME,
        Field.PHONE: f"+86{PHONE}",
        Field.DOCUMENT_NUMBER: document.number,
        Field.PRESENCE: "in",
        Field.LIVES_SINCE: living.lease_starts_at(),
    }
    assert {field: told[field] for field in truth if field in told} == {
        field: truth[field] for field in truth if field in told
    }
    assert document.number not in [value for field, value in told.items() if field is not Field.DOCUMENT_NUMBER]
    (asked,) = seen_by(place, tenant_id)
    assert (asked.role, asked.kind) == (role, kind)
    assert set(asked.told) == DISCLOSED[role, kind]


@pytest.mark.parametrize("kind", InquiryKind)
@pytest.mark.parametrize("role", [Role.LANDLORD, Role.TENANT])
def test_others_are_refused_and_recorded(
    place: Living, document: Document, tenant_id: PersonId, role: Role, kind: InquiryKind
) -> None:
    actor = place.landlord if role is Role.LANDLORD else living.tenant_actor(place, tenant_id)
    answer = ask(place, actor, about(place, kind, document))
    assert isinstance(answer, RefusedAnswer)
    assert answer.refused.reason is RefusalReason.ROLE
    with transaction(place.database, SYSTEM) as session:
        outcome = session.execute(text("SELECT role, outcome, refusal FROM inquiry")).one()
        audited = session.execute(
            text("SELECT count(*) FROM audit_entry WHERE act = 'occupancy:inquiry:refused'")
        ).scalar_one()
    assert tuple(outcome) == (role.value, "refused", "role")
    assert audited == 1


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("role", [Role.OFFICER, Role.GRID_WORKER])
def test_purpose_and_basis_are_checked_for_each_role(
    place: Living, document: Document, tenant_id: PersonId, role: Role, purpose: Purpose
) -> None:
    actor = living.officer(place, role=role)
    for basis in LegalBasis:
        question = about(place, InquiryKind.PERSON_BY_DOCUMENT, document, purpose=purpose, basis=basis, reference="A-1")
        answer = ask(place, actor, question)
        assert isinstance(answer, Answer) == (purpose in PURPOSES[role] and basis in BASES[purpose])


@pytest.mark.parametrize("kind", [InquiryKind.UNIT, InquiryKind.BUILDING])
def test_a_place_outside_the_area_is_refused_like_one_that_is_not_there(
    place: Living, document: Document, tenant_id: PersonId, kind: InquiryKind
) -> None:
    neighbour = living.officer(place, [place.home.areas.other_grid])
    nowhere = {"unit_id": 10**9} if kind is InquiryKind.UNIT else {"building_id": 10**9}
    for more in ({}, nowhere):
        answer = ask(place, neighbour, about(place, kind, document, **more))
        assert isinstance(answer, RefusedAnswer)
        assert answer.refused.reason is RefusalReason.OUTSIDE_AREA
    assert seen_by(place, tenant_id) == ()


@contextmanager
def statements(place: Living) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(place.database, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(place.database, "before_cursor_execute", note)


def test_an_outsider_cannot_tell_a_neighbours_document_from_an_unknown_one(
    place: Living, document: Document, tenant_id: PersonId
) -> None:
    neighbour = living.officer(place, [place.home.areas.other_grid])
    answers, work = [], []
    for asked in (document, given.document()):
        with statements(place) as said:
            answers.append(ask(place, neighbour, about(place, InquiryKind.PERSON_BY_DOCUMENT, asked)))
        work.append(said)
    known, unknown = answers
    assert isinstance(known, Answer)
    assert isinstance(unknown, Answer)
    assert known.occupants == unknown.occupants == ()
    assert known.fields == unknown.fields
    assert work[0] == work[1]
    (asked_about,) = seen_by(place, tenant_id)
    assert asked_about.told == ()


def test_an_outsider_finds_nobody_by_name_and_leaves_no_trace_on_namesakes(
    place: Living, document: Document, tenant_id: PersonId
) -> None:
    neighbour = living.officer(place, [place.home.areas.other_grid])
    answer = ask(place, neighbour, about(place, InquiryKind.PERSON_BY_NAME, document))
    assert isinstance(answer, Answer)
    assert answer.occupants == ()
    assert seen_by(place, tenant_id) == ()


def test_an_empty_answer_is_recorded_too(place: Living, document: Document) -> None:
    answer = ask(place, living.officer(place), about(place, InquiryKind.UNIT, document))
    assert isinstance(answer, Answer)
    assert answer.occupants == ()
    with transaction(place.database, SYSTEM) as session:
        assert session.execute(text("SELECT outcome FROM inquiry")).scalars().all() == ["permitted"]


def test_who_has_moved_out_is_not_told(place: Living, document: Document, tenant_id: PersonId) -> None:
    officer = living.officer(place)
    own = living.tenant_actor(place, tenant_id)
    with transaction(place.database, scope_of(own)) as session:
        (lived,) = tenancy.tenancies_of_tenant(session, own, keyring=place.keyring)
        ended = tenancy.end(session, own, lived.tenancy_id, now=place.now - timedelta(seconds=1))
        react(session, ended, place.now - timedelta(seconds=1))
    for kind in InquiryKind:
        answer = ask(place, officer, about(place, kind, document))
        assert isinstance(answer, Answer)
        assert answer.occupants == ()


def test_the_question_is_sealed_and_cannot_be_changed(place: Living, document: Document, tenant_id: PersonId) -> None:
    ask(place, living.officer(place), about(place, InquiryKind.PERSON_BY_DOCUMENT, document))
    with transaction(place.database, SYSTEM) as session:
        sealed = session.execute(text("SELECT question_sealed FROM inquiry")).scalar_one()
        details = session.execute(
            text("SELECT details::text FROM audit_entry WHERE act LIKE 'occupancy%'")
        ).scalar_one()
    assert document.number.encode() not in sealed
    assert document.number not in details
    for statement in ("UPDATE inquiry SET refusal = NULL", "DELETE FROM inquiry", "DELETE FROM inquiry_subject"):
        with pytest.raises(DBAPIError), transaction(place.database, SYSTEM) as session:
            session.execute(text(statement))


def test_nobody_sees_who_was_asked_about_but_the_person(place: Living, document: Document, tenant_id: PersonId) -> None:
    officer = living.officer(place)
    ask(place, officer, about(place, InquiryKind.PERSON_BY_DOCUMENT, document))
    for actor in (officer, place.landlord, living.tenant_actor(place, PersonId(tenant_id + 1))):
        with transaction(place.database, scope_of(actor)) as session:
            assert occupancy.inquiries_about(session, tenant_id) == ()
    with transaction(place.database, scope_of(officer)) as session:
        (own,) = occupancy.inquiries_by(session, officer)
    assert (own.purpose, own.basis, own.told) == (*GROUND.values(), ())
