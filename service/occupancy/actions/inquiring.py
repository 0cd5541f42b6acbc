"""An inquiry: recorded, then answered with the least fields, then shown to the person concerned.

A question about a document is answered from the asker's own areas. Somebody who lives elsewhere and somebody who is not
registered at all give the same answer by the same statements; the one who lives elsewhere still sees that it was asked.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from service.accounts.rules import Actor
from service.audit.actions import record
from service.audit.rules import Act
from service.edges.elevation import as_system
from service.edges.keyring import Keyring, Root
from service.occupancy.records import inquiries as records
from service.occupancy.records.inquiries import AskedInquiry, InquiryRow
from service.occupancy.rules.inquiries import (
    PEOPLE_FIELDS,
    Disclosed,
    Field,
    InquiryId,
    InquiryKind,
    Occupant,
    Permitted,
    Question,
    Refused,
    authorise,
    check_question,
    disclose,
)
from service.occupancy.rules.words import REFUSAL_ADVICE
from service.people import actions as people
from service.people.rules import PersonId
from service.phrases import Phrase
from service.premises.rules import AreaId

_SEALED_AS = "inquiry question"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told: one entry for each person in each room, each with the permitted fields only. Often nobody."""

    inquiry_id: InquiryId
    fields: frozenset[Field]
    occupants: tuple[Disclosed, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefusedAnswer:
    """The question was recorded and not answered."""

    inquiry_id: InquiryId
    refused: Refused

    @property
    def advice(self) -> Phrase:
        """Why, and what to do."""
        return REFUSAL_ADVICE[self.refused.reason]


def answer_inquiry(
    session: Session, actor: Actor, question: Question, *, keyring: Keyring, now: datetime
) -> Answer | RefusedAnswer:
    """Record the question, then answer it or say why not. The refusal is *returned*: raising it would undo the record.

    BadInput where the question names no subject or several; such a question is none.
    """
    check_question(question)
    decision = authorise(actor.role, actor.areas, question, place=_place(session, question))
    inquiry_id = _record(session, actor, question, decision, keyring=keyring, now=now)
    persons = _asked_about(session, question, keyring)
    if isinstance(decision, Refused):
        _note_subjects(session, inquiry_id, persons, told=(), fields=())
        return RefusedAnswer(inquiry_id, decision)
    occupants = _occupants(session, question, persons, keyring=keyring, now=now)
    fields = [one for one in Field if one in decision.fields]
    told = [occupant.person_id for occupant in occupants]
    _note_subjects(session, inquiry_id, {*persons, *told}, told=told, fields=fields)
    return Answer(inquiry_id, decision.fields, _disclose(session, occupants, decision, keyring))


def inquiries_about(session: Session, person_id: PersonId) -> tuple[AskedInquiry, ...]:
    """Who asked about this person in which role, why, when, and what was told; for the person's own page."""
    return records.inquiries_about(session, person_id)


def inquiries_by(session: Session, actor: Actor) -> tuple[AskedInquiry, ...]:
    """What the actor has asked, newest first."""
    return records.inquiries_by(session, actor.account_id)


def _place(session: Session, question: Question) -> AreaId | None:
    if question.unit_id is not None:
        return records.find_area_of_unit(session, question.unit_id)
    if question.building_id is not None:
        return records.find_area_of_building(session, question.building_id)
    return None


def _record(
    session: Session,
    actor: Actor,
    question: Question,
    decision: Permitted | Refused,
    *,
    keyring: Keyring,
    now: datetime,
) -> InquiryId:
    refusal = decision.reason.value if isinstance(decision, Refused) else None
    row = InquiryRow(
        account_id=actor.account_id,
        role=actor.role.value,
        kind=question.kind.value,
        question_sealed=keyring.seal(
            Root.PEOPLE, _SEALED_AS, _written(question), row=f"{actor.account_id}/{now.isoformat()}"
        ),
        purpose=question.purpose.value,
        basis=question.basis.value,
        outcome="permitted" if refusal is None else "refused",
        refusal=refusal,
        asked_at=now,
    )
    inquiry_id = records.append_inquiry(session, row)
    act = Act.INQUIRY_ANSWERED if refusal is None else Act.INQUIRY_REFUSED
    record(session, actor, act, inquiry_id, now=now, kind=row.kind, purpose=row.purpose, refusal=refusal)
    return inquiry_id


def _written(question: Question) -> bytes:
    document = question.document
    asked = {
        "document": None if document is None else [document.type.value, document.number],
        "name": question.name,
        "unit_id": question.unit_id,
        "building_id": question.building_id,
        "reference": question.reference,
    }
    return json.dumps({key: value for key, value in asked.items() if value}).encode()


def _asked_about(session: Session, question: Question, keyring: Keyring) -> tuple[PersonId, ...]:
    """Whose document was asked about, wherever they live: to let them know, not to answer."""
    if question.document is None:
        return ()
    with as_system(session):
        found = people.find_by_document(session, question.document, keyring=keyring)
    return () if found is None else (found,)


def _note_subjects(
    session: Session,
    inquiry_id: InquiryId,
    persons: Sequence[PersonId] | set[PersonId],
    *,
    told: Sequence[PersonId],
    fields: Sequence[Field],
) -> None:
    with as_system(session):
        records.append_subjects(session, inquiry_id, sorted(persons), told=told, fields=fields)


def _occupants(
    session: Session, question: Question, persons: Sequence[PersonId], *, keyring: Keyring, now: datetime
) -> tuple[Occupant, ...]:
    if question.kind is InquiryKind.UNIT and question.unit_id is not None:
        return records.occupants_of_unit(session, question.unit_id, now)
    if question.kind is InquiryKind.BUILDING and question.building_id is not None:
        return records.occupants_of_building(session, question.building_id, now)
    if question.name is not None:
        persons = people.find_by_name(session, question.name, keyring=keyring)
    return records.occupants_of_persons(session, persons, now)


def _disclose(
    session: Session, occupants: Sequence[Occupant], permitted: Permitted, keyring: Keyring
) -> tuple[Disclosed, ...]:
    opened = [PEOPLE_FIELDS[one] for one in Field if one in permitted.fields and one in PEOPLE_FIELDS]
    cards = people.person_cards(session, [one.person_id for one in occupants], opened, keyring)
    whole = (
        Occupant(
            one.person_id,
            {**one.known, **{told: cards[one.person_id][of] for told, of in PEOPLE_FIELDS.items() if of in opened}},
        )
        for one in occupants
    )
    return tuple(disclose(one, permitted) for one in whole)
