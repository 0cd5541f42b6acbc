"""What landlords and tenants see of invitations, registrations and tenancies, under their own rights."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from firmware_protocol.vocabulary import CredentialType
from service.access import actions as access
from service.access.rules import DeliveryState, GrantId, LockDelivery
from service.accounts.rules import Actor
from service.edges.keyring import Keyring
from service.errors import NotFound
from service.people import actions as people
from service.people.rules import PersonField, PersonId
from service.premises import actions as premises
from service.premises.rules import UnitId, UnitView
from service.tenancy.actions.registering import open_form
from service.tenancy.records import invitations, notices, registrations, tenancies
from service.tenancy.records.registrations import Registration
from service.tenancy.records.tenancies import Tenancy
from service.tenancy.rules import (
    EndedBy,
    Identity,
    Invitation,
    InvitationState,
    Notice,
    RegistrationId,
    RegistrationState,
    Span,
    TenancyId,
    identity_of,
    invitation_state,
)

# How long an ended tenancy stays on the landlord's page when no lock honours it any more.
_SHOWN_AFTER_END = timedelta(days=7)
_LONGEST_LEASE_ON_LOCK = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingView:
    """A registration for its landlord to decide. `name` is what the tenant filled in."""

    registration_id: RegistrationId
    unit: UnitView
    person_id: PersonId
    state: RegistrationState
    name: str = field(repr=False)
    phone: str = field(repr=False)
    document_type: str
    document_masked: str = field(repr=False)
    span: Span
    identity: Identity
    with_face: bool
    submitted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationView:
    """An invitation and how far it has come."""

    invitation: Invitation
    state: InvitationState


@dataclass(frozen=True, slots=True, kw_only=True)
class TenancyView:
    """A tenancy with where its credentials are. `with_face`: a face is, or was, among them. `notice`: its end was announced."""

    tenancy_id: TenancyId
    grant_id: GrantId
    unit: UnitView
    person_id: PersonId
    name: str = field(repr=False)
    phone: str = field(repr=False)
    span: Span
    ended_at: datetime | None
    ended_by: EndedBy | None
    notice: Notice | None
    with_face: bool
    deliveries: tuple[LockDelivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomView:
    """One room of a landlord: who lives there, who waits, who is invited, and whose access is still leaving."""

    unit: UnitView
    tenancies: tuple[TenancyView, ...]
    waiting: tuple[WaitingView, ...]
    invitations: tuple[InvitationView, ...]
    ended: tuple[TenancyView, ...]


def rooms_of_landlord(session: Session, actor: Actor, *, keyring: Keyring, now: datetime) -> tuple[RoomView, ...]:
    """All rooms of the landlord who asks, in a fixed number of queries."""
    units = premises.units_of_landlord(session, actor.account_id)
    return _rooms(session, units, keyring=keyring, now=now)


def get_room(session: Session, actor: Actor, unit_id: UnitId, *, keyring: Keyring, now: datetime) -> RoomView:
    """One room of the landlord who asks; NotFound for another's."""
    unit = premises.get_unit(session, unit_id)
    if unit.landlord_id != actor.account_id:
        raise NotFound("There is no such room.", code="unit")
    return _rooms(session, [unit], keyring=keyring, now=now)[0]


def get_registration(
    session: Session, actor: Actor, registration_id: RegistrationId, *, keyring: Keyring
) -> WaitingView:
    """A registration of one's own rooms, decided or not; NotFound for another's."""
    found = registrations.find_registration(session, registration_id)
    if found is None or found.landlord_id != actor.account_id:
        raise NotFound("There is no such registration.", code="registration")
    return _waiting_views(session, [found], {found.unit_id: premises.get_unit(session, found.unit_id)}, keyring)[0]


def get_tenancy(session: Session, actor: Actor, tenancy_id: TenancyId, *, keyring: Keyring) -> TenancyView:
    """A tenancy for its landlord or its tenant; NotFound for everybody else."""
    found = tenancies.find_tenancy(session, tenancy_id)
    if found is None or (actor.account_id != found.landlord_id and actor.person_id != found.person_id):
        raise NotFound("There is no such tenancy.", code="tenancy")
    return _tenancy_views(session, [found], _units_of(session, [found]), keyring)[0]


def tenancies_of_tenant(session: Session, actor: Actor, *, keyring: Keyring) -> tuple[TenancyView, ...]:
    """All tenancies of the tenant who asks, in the order they begin."""
    if actor.person_id is None:
        return ()
    found = tenancies.tenancies_of_person(session, actor.person_id)
    return _tenancy_views(session, found, _units_of(session, found), keyring)


def _rooms(session: Session, units: Sequence[UnitView], *, keyring: Keyring, now: datetime) -> tuple[RoomView, ...]:
    by_id = {unit.id: unit for unit in units}
    standing = tenancies.standing_in_units(session, by_id)
    ended = tenancies.ended_in_units(session, by_id, now - _LONGEST_LEASE_ON_LOCK)
    views = _tenancy_views(session, [*standing, *ended], by_id, keyring)
    waiting = _waiting_views(session, registrations.waiting_in_units(session, by_id), by_id, keyring)
    offers = invitations.invitations_of_units(session, by_id)
    return tuple(
        RoomView(
            unit=unit,
            tenancies=tuple(one for one in views if one.unit.id == unit.id and one.ended_at is None),
            waiting=tuple(one for one in waiting if one.unit.id == unit.id),
            invitations=_open_invitations((one for one in offers if one.unit_id == unit.id), now),
            ended=tuple(one for one in views if one.unit.id == unit.id and _is_still_leaving(one, now)),
        )
        for unit in units
    )


def _open_invitations(offers: Iterable[Invitation], now: datetime) -> tuple[InvitationView, ...]:
    shown = (InvitationView(invitation=one, state=invitation_state(one, now)) for one in offers)
    over = {InvitationState.REGISTERED, InvitationState.WITHDRAWN}
    return tuple(view for view in shown if view.state not in over and now < view.invitation.span.ends_at)


def _is_still_leaving(view: TenancyView, now: datetime) -> bool:
    if view.ended_at is None:
        return False
    leaving = any(one.state is DeliveryState.REMOVING for one in view.deliveries)
    return leaving or view.ended_at > now - _SHOWN_AFTER_END


def _waiting_views(
    session: Session, found: Sequence[Registration], units: Mapping[UnitId, UnitView], keyring: Keyring
) -> tuple[WaitingView, ...]:
    fields = (PersonField.NAME, PersonField.PHONE, PersonField.DOCUMENT_TYPE, PersonField.DOCUMENT_MASKED)
    cards = people.person_cards(session, [one.person_id for one in found], fields, keyring)
    spans = invitations.spans_of(session, [one.invitation_id for one in found])
    views = []
    for one in found:
        waiting, card = open_form(one, keyring), cards[one.person_id]
        views.append(
            WaitingView(
                registration_id=one.id,
                unit=units[one.unit_id],
                person_id=one.person_id,
                state=one.state,
                name=waiting.name if waiting else card[PersonField.NAME],
                phone=waiting.phone if waiting else card[PersonField.PHONE],
                document_type=card[PersonField.DOCUMENT_TYPE],
                document_masked=card[PersonField.DOCUMENT_MASKED],
                span=spans[one.invitation_id],
                identity=identity_of(one.face_verdict),
                with_face=one.with_face,
                submitted_at=one.submitted_at,
            )
        )
    return tuple(views)


def _tenancy_views(
    session: Session, found: Sequence[Tenancy], units: Mapping[UnitId, UnitView], keyring: Keyring
) -> tuple[TenancyView, ...]:
    cards = people.person_cards(
        session, [one.person_id for one in found], (PersonField.NAME, PersonField.PHONE), keyring
    )
    deliveries = access.deliveries(session, [one.grant_id for one in found])
    said = notices.notices_of(session, [one.id for one in found])
    return tuple(
        TenancyView(
            tenancy_id=one.id,
            grant_id=one.grant_id,
            unit=units[one.unit_id],
            person_id=one.person_id,
            name=cards[one.person_id][PersonField.NAME],
            phone=cards[one.person_id][PersonField.PHONE],
            span=one.span,
            ended_at=one.ended_at,
            ended_by=one.ended_by,
            notice=said.get(one.id),
            with_face=any(_has_face(lock) for lock in deliveries.get(one.grant_id, ())),
            deliveries=deliveries.get(one.grant_id, ()),
        )
        for one in found
    )


def _units_of(session: Session, found: Sequence[Tenancy]) -> dict[UnitId, UnitView]:
    return {unit_id: premises.get_unit(session, unit_id) for unit_id in {one.unit_id for one in found}}


def _has_face(lock: LockDelivery) -> bool:
    return any(one.type is CredentialType.FACE for one in lock.credentials)
