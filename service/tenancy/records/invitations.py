"""Invitations: their SQL."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, text, update
from sqlmodel import Session, col, select

from service.accounts.rules import AccountId
from service.premises.rules import AreaId, UnitId
from service.tenancy.records.tables import InvitationRow, RegistrationRow
from service.tenancy.rules.inviting import Invitation, InvitationId
from service.tenancy.rules.leases import Span


def hold_unit(session: Session, unit_id: UnitId) -> None:
    """Until the transaction ends nobody else gives away places in this room."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('unit', :unit))"), {"unit": unit_id})


def append_invitation(session: Session, row: InvitationRow) -> InvitationId:
    """Store an invitation."""
    session.add(row)
    session.flush()
    return InvitationId(row.id or 0)


def hold_invitation(session: Session, invitation_id: InvitationId) -> Invitation | None:
    """The invitation, inside the scope of whoever asks, unchanged by others until the transaction ends."""
    session.execute(text("SELECT FROM invitation WHERE id = :id FOR UPDATE"), {"id": invitation_id})
    return next(iter(_invitations(session, col(InvitationRow.id) == invitation_id)), None)


def hold_invitation_by_form(session: Session, form_token_hash: bytes) -> Invitation | None:
    """The invitation whose form this is, unchanged by others until the transaction ends."""
    session.execute(text("SELECT FROM invitation WHERE form_token_hash = :hash FOR UPDATE"), {"hash": form_token_hash})
    return next(iter(_invitations(session, col(InvitationRow.form_token_hash) == form_token_hash)), None)


def keep_form(session: Session, invitation_id: InvitationId, until: datetime) -> None:
    """Let whoever holds the form's token see until then what became of it."""
    session.execute(update(InvitationRow).where(col(InvitationRow.id) == invitation_id).values(form_expires_at=until))


def invitations_of_units(session: Session, units: Iterable[UnitId]) -> tuple[Invitation, ...]:
    """The rooms' invitations, newest first."""
    return _invitations(session, col(InvitationRow.unit_id).in_(list(units)))


def spans_of(session: Session, invitations: Iterable[InvitationId]) -> dict[InvitationId, Span]:
    """The leases these invitations are for."""
    return {one.id: one.span for one in _invitations(session, col(InvitationRow.id).in_(list(invitations)))}


def open_invitation(
    session: Session, token_hash: bytes, *, form_token_hash: bytes, form_expires_at: datetime, now: datetime
) -> InvitationId | None:
    """Exchange the link for a form, once: the first to come opens it, and nobody after."""
    opened = session.execute(
        update(InvitationRow)
        .where(
            col(InvitationRow.token_hash) == token_hash,
            col(InvitationRow.opened_at).is_(None),
            col(InvitationRow.withdrawn_at).is_(None),
            col(InvitationRow.expires_at) > now,
            col(InvitationRow.ends_at) > now,
        )
        .values(opened_at=now, form_token_hash=form_token_hash, form_expires_at=form_expires_at)
        .returning(col(InvitationRow.id))
    ).scalar_one_or_none()
    return None if opened is None else InvitationId(opened)


def renew_link(session: Session, invitation_id: InvitationId, *, token_hash: bytes, expires_at: datetime) -> None:
    """A new link; the old one and a form that may be open are void."""
    session.execute(
        update(InvitationRow)
        .where(col(InvitationRow.id) == invitation_id)
        .values(
            token_hash=token_hash, expires_at=expires_at, opened_at=None, form_token_hash=None, form_expires_at=None
        )
    )


def withdraw_invitation(session: Session, invitation_id: InvitationId, now: datetime) -> None:
    """Void link and form."""
    session.execute(
        update(InvitationRow)
        .where(col(InvitationRow.id) == invitation_id)
        .values(withdrawn_at=now, token_hash=None, form_token_hash=None)
    )


def _invitations(session: Session, *which: ColumnElement[bool]) -> tuple[Invitation, ...]:
    answered = select(RegistrationRow.id).where(RegistrationRow.invitation_id == InvitationRow.id).exists()
    query = select(InvitationRow, answered).where(*which).order_by(col(InvitationRow.id).desc())
    found = session.exec(query.execution_options(populate_existing=True))
    return tuple(_invitation(row, registered=registered) for row, registered in found)


def _invitation(row: InvitationRow, *, registered: bool) -> Invitation:
    return Invitation(
        id=InvitationId(row.id or 0),
        unit_id=UnitId(row.unit_id),
        area_id=AreaId(row.area_id),
        landlord_id=AccountId(row.landlord_id),
        span=Span(row.starts_at, row.ends_at),
        created_at=row.created_at,
        expires_at=row.expires_at,
        opened_at=row.opened_at,
        form_expires_at=row.form_expires_at,
        withdrawn_at=row.withdrawn_at,
        registered=registered,
    )
