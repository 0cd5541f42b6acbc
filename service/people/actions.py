"""Registering persons, finding them by what is sealed, and opening only what was asked for."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session

from service.edges.keyring import Keyring, Root
from service.errors import NotFound
from service.people import records
from service.people.records import SealedPerson
from service.people.rules import (
    Document,
    DocumentType,
    PersonField,
    PersonId,
    Proof,
    ProofKind,
    Verdict,
    mask,
    name_key,
    read_hukou_area,
    read_name,
    read_phone,
)

_NAME, _DOCUMENT, _PHONE = "person name", "document number", "phone"


def register_person(
    session: Session,
    *,
    name: str,
    document: Document,
    phone: str,
    hukou_area: str | None,
    keyring: Keyring,
    now: datetime,
) -> PersonId:
    """Store a person; the same document is the same person, whose name, phone and area are refreshed.

    BadInput for a name, phone or area that cannot be. Nothing is stored in the clear but the document's type and the area.
    """
    index = _document_index(keyring, document)
    name, row = read_name(name), index.hex()
    person = SealedPerson(
        name_sealed=keyring.seal(Root.PEOPLE, _NAME, name.encode(), row=row),
        name_index=keyring.blind_index(_NAME, name_key(name)),
        document_type=document.type,
        document_sealed=keyring.seal(Root.PEOPLE, _DOCUMENT, document.number.encode(), row=row),
        document_index=index,
        phone_sealed=keyring.seal(Root.PEOPLE, _PHONE, read_phone(phone).encode(), row=row),
        hukou_area=read_hukou_area(hukou_area, document),
    )
    return records.put(session, person, now)


def find_by_document(session: Session, document: Document, *, keyring: Keyring) -> PersonId | None:
    """Whose document it is; None where nobody inside the scope of whoever asks has it."""
    return records.find_by_document(session, document.type, _document_index(keyring, document))


def find_by_name(session: Session, name: str, *, keyring: Keyring) -> tuple[PersonId, ...]:
    """Everybody of exactly this name inside the scope of whoever asks; case, spaces and dots do not count."""
    return records.find_by_name(session, keyring.blind_index(_NAME, name_key(read_name(name))))


def person_card(
    session: Session, person_id: PersonId, fields: Collection[PersonField], keyring: Keyring
) -> dict[PersonField, str]:
    """Only the fields asked for, as text ("" where the record has none); NotFound outside the scope of whoever asks."""
    cards = person_cards(session, [person_id], fields, keyring)
    if person_id not in cards:
        raise NotFound("There is no such person.", code="person")
    return cards[person_id]


def person_cards(
    session: Session, person_ids: Sequence[PersonId], fields: Collection[PersonField], keyring: Keyring
) -> dict[PersonId, dict[PersonField, str]]:
    """Cards of many at once; those outside the scope of whoever asks are missing."""
    found = records.sealed(session, person_ids)
    return {
        person_id: {field: _READERS[field](person, keyring) for field in PersonField if field in fields}
        for person_id, person in found.items()
    }


def get_document(session: Session, person_id: PersonId, keyring: Keyring) -> Document:
    """The person's document, number and all; for making credentials, not for showing. NotFound outside the scope."""
    found = records.sealed(session, [person_id])
    if person_id not in found:
        raise NotFound("There is no such person.", code="person")
    return _document(found[person_id], keyring)


def record_proof(session: Session, person_id: PersonId, proof: Proof, *, now: datetime) -> None:
    """Remember how it was made sure that the person is who the document says."""
    records.append_proof(
        session,
        records.IdentityProof(
            person_id=person_id,
            kind=proof.kind,
            verdict=proof.verdict,
            engine=proof.engine,
            score_band=proof.score_band,
            proven_at=now,
        ),
    )


def proofs_of(session: Session, person_id: PersonId) -> tuple[Proof, ...]:
    """How it was made sure, the newest first."""
    return tuple(
        Proof(kind=ProofKind(row.kind), verdict=Verdict(row.verdict), engine=row.engine, score_band=row.score_band)
        for row in records.proofs_of(session, person_id)
    )


def _document_index(keyring: Keyring, document: Document) -> bytes:
    return keyring.blind_index(_DOCUMENT, f"{document.type}:{document.number}")


def _open(purpose: str, sealed: bytes, person: SealedPerson, keyring: Keyring) -> str:
    return keyring.open(Root.PEOPLE, purpose, sealed, row=person.document_index.hex()).decode()


def _document(person: SealedPerson, keyring: Keyring) -> Document:
    return Document(DocumentType(person.document_type), _open(_DOCUMENT, person.document_sealed, person, keyring))


def _birth_date(person: SealedPerson, keyring: Keyring) -> str:
    born = _document(person, keyring).birth_date
    return born.isoformat() if born else ""


_READERS: Final[Mapping[PersonField, Callable[[SealedPerson, Keyring], str]]] = {
    PersonField.NAME: lambda person, keyring: _open(_NAME, person.name_sealed, person, keyring),
    PersonField.DOCUMENT_TYPE: lambda person, _: person.document_type,
    PersonField.DOCUMENT_NUMBER: lambda person, keyring: _document(person, keyring).number,
    PersonField.DOCUMENT_MASKED: lambda person, keyring: mask(_document(person, keyring).number),
    PersonField.BIRTH_DATE: _birth_date,
    PersonField.SEX: lambda person, keyring: _document(person, keyring).sex or "",
    PersonField.PHONE: lambda person, keyring: _open(_PHONE, person.phone_sealed, person, keyring),
    PersonField.HUKOU_AREA: lambda person, _: person.hukou_area or "",
}
