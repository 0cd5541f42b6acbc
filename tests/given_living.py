"""Builders from an invitation to a tenancy: every step is the product's own, with plausible answers filled in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Engine
from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.accounts.actions import scope_of
from service.accounts.rules import AccountId, Actor, AreaId, Role
from service.consent.rules import Purpose
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.faces.rules import FLOAT_BYTES, PACKED_BYTES, Prepared, Template
from service.people.rules import Document, PersonId, Proof, ProofKind, Verdict
from service.premises.rules import UnitId
from service.reactions import react
from service.tenancy import actions as tenancy
from service.tenancy.actions import Registered
from service.tenancy.rules import RegistrationForm, RegistrationId, TenancyBegun, lease_span
from tests import given
from tests.wire_lock import hung_lock

FIRST_DAY, LAST_DAY = date(2026, 3, 1), date(2027, 2, 28)
LEASE_S = 30 * 86400
PHONES = 13_900_000_000


@dataclass(frozen=True, slots=True)
class Living:
    """A room with its locks and its landlord, and everything needed to act there."""

    database: Engine
    keyring: Keyring
    now: datetime
    home: given.Home
    locks: tuple[LockId, ...]
    landlord: Actor = field(repr=False)

    @property
    def unit_id(self) -> UnitId:
        """The room."""
        return self.home.unit_id


def living(database: Engine, keyring: Keyring, now: datetime, *, locks: int = 1, capacity: int = 2) -> Living:
    """A room of `capacity` with this many locks."""
    with transaction(database, SYSTEM) as session:
        home = given.home(session, keyring=keyring, now=now)
        if capacity != 2:
            unit_id = given.unit(session, building_id=home.building_id, capacity=capacity)
            home = given.Home(
                areas=home.areas, landlord_id=home.landlord_id, building_id=home.building_id, unit_id=unit_id
            )
        hung = tuple(hang_lock(session, home.unit_id, keyring, now) for _ in range(locks))
    landlord = Actor(account_id=home.landlord_id, role=Role.LANDLORD)
    return Living(database, keyring, now, home, hung, landlord)


def hang_lock(session: Session, unit_id: UnitId, keyring: Keyring, now: datetime) -> LockId:
    """A provisioned lock on a door of the room."""
    return hung_lock(session, unit_id, keyring, now).id


def form(
    document: Document | None = None, *, face: bool = False, name: str = "李小明", phone: str | None = None
) -> RegistrationForm:
    """A filled-in form of an adult."""
    shown = document or given.document()
    return RegistrationForm(
        document_type=shown.type,
        document_number=shown.number,
        name=name,
        phone=phone or str(PHONES + given.a_number()),
        password=given.PASSWORD,
        consents=frozenset({Purpose.REGISTER, Purpose.FACE}) if face else frozenset({Purpose.REGISTER}),
    )


def prepared(verdict: Verdict = Verdict.MATCH, *, mark: int = 7) -> Prepared:
    """What would have come out of somebody's pictures."""
    band = 4 if verdict is Verdict.MATCH else 1
    proof = Proof(kind=ProofKind.FACE_TO_DOCUMENT, verdict=verdict, engine="sface", score_band=band)
    return Prepared(Template("sface", bytes([mark]) * PACKED_BYTES, bytes([mark]) * FLOAT_BYTES), proof)


def invited(place: Living, *, first: date = FIRST_DAY, last: date = LAST_DAY) -> str:
    """A form token from a link that was just opened."""
    with transaction(place.database, scope_of(place.landlord)) as session:
        link = tenancy.invite(
            session,
            place.landlord,
            unit_id=place.unit_id,
            starts_on=first,
            ends_on=last,
            lifetime_s=7 * 86400,
            now=place.now,
        )
    with transaction(place.database, SYSTEM) as session:
        return tenancy.open_invitation(session, link.token, keyring=place.keyring, form_lifetime_s=3600, now=place.now)


def registered(
    place: Living,
    filled: RegistrationForm | None = None,
    face: Prepared | None = None,
    *,
    first: date = FIRST_DAY,
    last: date = LAST_DAY,
) -> Registered:
    """A registration that waits for the landlord."""
    token = invited(place, first=first, last=last)
    answered = filled or form(face=face is not None)
    with transaction(place.database, SYSTEM) as session:
        return tenancy.register_tenant(session, token, answered, face, keyring=place.keyring, now=place.now)


def confirmed(place: Living, registration_id: RegistrationId, *, now: datetime | None = None) -> TenancyBegun:
    """The landlord has seen the document and says yes."""
    with transaction(place.database, scope_of(place.landlord)) as session:
        begun = tenancy.confirm(
            session,
            place.landlord,
            registration_id,
            saw_document=True,
            lease_s=LEASE_S,
            keyring=place.keyring,
            now=now or place.now,
        )
        react(session, begun, now or place.now)
        return begun


def tenant(
    place: Living,
    filled: RegistrationForm | None = None,
    face: Prepared | None = None,
    *,
    first: date = FIRST_DAY,
    last: date = LAST_DAY,
) -> TenancyBegun:
    """Somebody who lives there."""
    return confirmed(place, registered(place, filled, face, first=first, last=last).registration_id)


def landlord_actor(account_id: AccountId) -> Actor:
    """Another landlord, signed in."""
    return Actor(account_id=account_id, role=Role.LANDLORD)


def tenant_actor(place: Living, person_id: PersonId) -> Actor:
    """The person, signed in (an account is not looked up)."""
    return Actor(account_id=place.home.landlord_id, role=Role.TENANT, person_id=person_id)


def moved_out(place: Living, begun: TenancyBegun, *, now: datetime | None = None) -> None:
    """The tenant ends the tenancy."""
    own = tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session:
        react(session, tenancy.end(session, own, begun.tenancy_id, now=now or place.now), now or place.now)


def officer(place: Living, areas: Sequence[AreaId] | None = None, *, role: Role = Role.OFFICER) -> Actor:
    """Somebody of this role who works in these areas, by default in the one of the room."""
    mine = tuple(areas if areas is not None else (place.home.areas.grid,))
    with transaction(place.database, SYSTEM) as session:
        account_id = given.account(session, role=role, keyring=place.keyring, now=place.now, areas=mine)
    return Actor(account_id=account_id, role=role, areas=mine)


def lease_starts_at() -> datetime:
    """The instant at which leases of this module begin."""
    return lease_span(FIRST_DAY, LAST_DAY).starts_at
