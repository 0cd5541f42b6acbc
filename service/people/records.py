"""Tables of persons and identity proofs, and their SQL. Sealed columns leave as they are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger, text
from sqlmodel import Field, Session, SQLModel, col, select

from service.people.rules import PersonId


class Person(SQLModel, table=True):
    """One real-name record; the same document is the same person."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    name_sealed: bytes
    name_index: bytes
    document_type: str
    document_sealed: bytes
    document_index: bytes
    phone_sealed: bytes
    hukou_area: str | None = None
    registered_at: datetime


class IdentityProof(SQLModel, table=True):
    """One attempt to make sure that a person is who the document says."""

    __tablename__ = "identity_proof"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    person_id: int = Field(sa_type=BigInteger)
    kind: str
    verdict: str
    engine: str | None = None
    score_band: int | None = Field(default=None, sa_type=SmallInteger)
    proven_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPerson:
    """A record as it is stored; the document index also names the row that the seals are bound to."""

    name_sealed: bytes
    name_index: bytes
    document_type: str
    document_sealed: bytes
    document_index: bytes
    phone_sealed: bytes
    hukou_area: str | None


_UPSERT = text("""
    INSERT INTO person (name_sealed, name_index, document_type, document_sealed, document_index, phone_sealed,
                        hukou_area, registered_at)
    VALUES (:name_sealed, :name_index, :document_type, :document_sealed, :document_index, :phone_sealed, :hukou_area, :now)
    ON CONFLICT (document_type, document_index) DO UPDATE
    SET name_sealed = excluded.name_sealed, name_index = excluded.name_index, phone_sealed = excluded.phone_sealed,
        hukou_area = coalesce(excluded.hukou_area, person.hukou_area)
    RETURNING id
""")


def put(session: Session, person: SealedPerson, now: datetime) -> PersonId:
    """Store the record; where its document is known already, refresh name, phone and area."""
    values = {name: getattr(person, name) for name in SealedPerson.__slots__}
    return PersonId(session.execute(_UPSERT, values | {"now": now}).scalar_one())


def find_by_document(session: Session, document_type: str, document_index: bytes) -> PersonId | None:
    """Whose document it is, inside the scope of whoever asks."""
    asked = select(Person.id).where(Person.document_type == document_type, Person.document_index == document_index)
    found = session.exec(asked).first()
    return None if found is None else PersonId(found)


def find_by_name(session: Session, name_index: bytes) -> tuple[PersonId, ...]:
    """Everybody of this name inside the scope of whoever asks, in the order they were registered."""
    found = session.exec(select(Person.id).where(Person.name_index == name_index).order_by(col(Person.id)))
    return tuple(PersonId(person) for person in found if person is not None)


def sealed(session: Session, person_ids: Sequence[PersonId]) -> dict[PersonId, SealedPerson]:
    """The records of these persons as far as the scope of whoever asks goes."""
    asked = select(Person).where(col(Person.id).in_(person_ids)).execution_options(populate_existing=True)
    rows = session.exec(asked)
    return {PersonId(row.id or 0): _sealed(row) for row in rows}


def append_proof(session: Session, proof: IdentityProof) -> None:
    """Store an identity proof."""
    session.add(proof)
    session.flush()


def proofs_of(session: Session, person_id: PersonId) -> tuple[IdentityProof, ...]:
    """A person's proofs, the newest first."""
    asked = select(IdentityProof).where(IdentityProof.person_id == person_id).order_by(col(IdentityProof.id).desc())
    return tuple(session.exec(asked))


def _sealed(row: Person) -> SealedPerson:
    return SealedPerson(**{name: getattr(row, name) for name in SealedPerson.__slots__})
