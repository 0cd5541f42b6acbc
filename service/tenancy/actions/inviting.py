"""A landlord's invitation and its one-time link.

The link's token is exchanged for a form when the link is first opened; the form's token lives in a cookie. Only hashes
of both are kept, so a link cannot be shown twice, only made anew.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlmodel import Session

from service.accounts import actions as accounts
from service.accounts.rules import Actor
from service.audit.actions import record
from service.audit.rules import Act
from service.edges.keyring import Keyring
from service.errors import Conflict, Gone, NotFound
from service.premises import actions as premises
from service.premises.rules import UnitId, UnitView
from service.tenancy.records import invitations, registrations, tenancies
from service.tenancy.records.tables import InvitationRow
from service.tenancy.rules import (
    Invitation,
    InvitationId,
    InvitationState,
    RegistrationState,
    Span,
    check_lease,
    check_room,
    invitation_state,
    lease_span,
    site_day,
)

_TOKEN_BYTES = 24
_FORM_PURPOSE = "registration form token"
_DEAD_LINK = "This link was used already or its time is over. Ask your landlord for a new one."
_DEAD_FORM = "The time for this form is over. Ask your landlord for a new link."
_OPEN = frozenset({InvitationState.WAITING, InvitationState.OPENED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An invitation's link, to be shown once: the token goes into the path /i/<token>."""

    invitation_id: InvitationId
    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """What somebody with an open form sees: which room, for how long, from whom, and what became of it."""

    invitation: Invitation
    state: InvitationState
    registration: RegistrationState | None
    unit: UnitView
    landlord_name: str = field(repr=False)


def invite(
    session: Session,
    actor: Actor,
    *,
    unit_id: UnitId,
    starts_on: date,
    ends_on: date,
    lifetime_s: int,
    now: datetime,
) -> Link:
    """Offer one place in one's own room from the first to the last day, both included, in the time of the place.

    NotFound for a room that is not the actor's, BadInput for days that cannot be, Conflict where the room is full.
    """
    hold_places(session, [_get_own_unit(session, actor, unit_id).id])
    # Once more when it is held: whoever has sold it meanwhile invites nobody there.
    unit = _get_own_unit(session, actor, unit_id)
    check_lease(starts_on, ends_on, today=site_day(now))
    lease = lease_span(starts_on, ends_on)
    check_room(unit.capacity, _places_given(session, unit_id, now), lease)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    row = InvitationRow(
        unit_id=unit.id,
        area_id=unit.area_id,
        landlord_id=unit.landlord_id,
        token_hash=hash_token(token),
        starts_at=lease.starts_at,
        ends_at=lease.ends_at,
        created_at=now,
        expires_at=min(now + timedelta(seconds=lifetime_s), lease.ends_at),
    )
    invitation_id = invitations.append_invitation(session, row)
    record(session, actor, Act.INVITED, invitation_id, now=now, unit=unit_id)
    return Link(invitation_id=invitation_id, token=token, expires_at=row.expires_at)


def hold_places(session: Session, units: Iterable[UnitId]) -> None:
    """Until the transaction ends nobody else gives away places in these rooms."""
    for unit_id in sorted(set(units)):
        invitations.hold_unit(session, unit_id)


def renew_link(session: Session, actor: Actor, invitation_id: InvitationId, *, lifetime_s: int, now: datetime) -> Link:
    """A new link for an invitation nobody has answered; the old link and an open form are void."""
    invitation = _get_own_open(session, actor, invitation_id, now)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    expires_at = min(now + timedelta(seconds=lifetime_s), invitation.span.ends_at)
    invitations.renew_link(session, invitation_id, token_hash=hash_token(token), expires_at=expires_at)
    record(session, actor, Act.INVITED, invitation_id, now=now, unit=invitation.unit_id, again=True)
    return Link(invitation_id=invitation_id, token=token, expires_at=expires_at)


def withdraw_invitation(session: Session, actor: Actor, invitation_id: InvitationId, *, now: datetime) -> None:
    """Void the invitation, its link and its form; Conflict where it was answered already."""
    invitation = _get_own_open(session, actor, invitation_id, now)
    invitations.withdraw_invitation(session, invitation.id, now)
    record(session, actor, Act.INVITATION_WITHDRAWN, invitation_id, now=now)


def open_invitation(session: Session, token: str, *, keyring: Keyring, form_lifetime_s: int, now: datetime) -> str:
    """Exchange a link's token for a form's token, once; in a system transaction, for nobody is signed in.

    Gone where the link was used, withdrawn or is over, and where there never was one: all four answer alike.
    """
    form_token = _draw_form_token(keyring)
    opened = invitations.open_invitation(
        session,
        hash_token(token),
        form_token_hash=hash_token(form_token),
        form_expires_at=now + timedelta(seconds=form_lifetime_s),
        now=now,
    )
    if opened is None:
        raise Gone(_DEAD_LINK, code="link_dead")
    record(session, None, Act.INVITATION_OPENED, opened, now=now)
    return form_token


def is_genuine_form_token(form_token: str, keyring: Keyring) -> bool:
    """Whether this service made the token; says nothing of its time, asks no database, and keeps strangers' pictures
    from being looked at."""
    drawn, _, mark = form_token.partition(".")
    return hmac.compare_digest(mark.encode(), _mark(drawn, keyring).encode())


def invited_by_form(session: Session, form_token: str, *, keyring: Keyring, now: datetime) -> Invited:
    """The invitation behind an open form, or what became of it; in a system transaction. Gone once its time is over."""
    found = invitations.hold_invitation_by_form(session, hash_token(form_token))
    if found is None or found.form_expires_at is None or found.form_expires_at <= now:
        raise Gone(_DEAD_FORM, code="form_dead")
    answer = registrations.find_registration_of(session, found.id)
    return Invited(
        invitation=found,
        state=invitation_state(found, now),
        registration=None if answer is None else answer.state,
        unit=premises.get_unit(session, found.unit_id),
        landlord_name=accounts.account_name(session, found.landlord_id, keyring=keyring),
    )


def hash_token(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def _get_own_unit(session: Session, actor: Actor, unit_id: UnitId) -> UnitView:
    unit = premises.get_unit(session, unit_id)
    if unit.landlord_id != actor.account_id:
        raise NotFound("There is no such room.", code="unit")
    if unit.shared:
        raise Conflict("This is a door of the whole house; nobody lives behind it.", code="shared_door")
    return unit


def _get_own_open(session: Session, actor: Actor, invitation_id: InvitationId, now: datetime) -> Invitation:
    found = invitations.hold_invitation(session, invitation_id)
    if found is None or found.landlord_id != actor.account_id:
        raise NotFound("There is no such invitation.", code="invitation")
    # One whose link has run out can be given a new one as long as its lease is not over.
    expired = invitation_state(found, now) is InvitationState.EXPIRED and now < found.span.ends_at
    if invitation_state(found, now) not in _OPEN and not expired:
        raise Conflict("This invitation is answered or over. Make a new one.", code="invitation_over")
    return found


def _places_given(session: Session, unit_id: UnitId, now: datetime) -> list[Span]:
    standing = [tenancy.span for tenancy in tenancies.standing_in_units(session, [unit_id])]
    made = invitations.invitations_of_units(session, [unit_id])
    waiting_for = {one.invitation_id for one in registrations.waiting_in_units(session, [unit_id])}
    offered = [one.span for one in made if one.id in waiting_for or invitation_state(one, now) in _OPEN]
    return standing + offered


def _draw_form_token(keyring: Keyring) -> str:
    drawn = secrets.token_urlsafe(_TOKEN_BYTES)
    return f"{drawn}.{_mark(drawn, keyring)}"


def _mark(drawn: str, keyring: Keyring) -> str:
    return keyring.blind_index(_FORM_PURPOSE, drawn)[:16].hex()
