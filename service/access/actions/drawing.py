"""PINs: drawn by the service, shown once, on every lock of the unit instead of the one before.

The ordinary PIN and the emergency PIN know nothing of each other: replacing one leaves the other where it is.
"""

import secrets
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.vocabulary import CredentialType
from service.access import records
from service.access.actions import listing
from service.access.actions.granting import get_standing
from service.access.pins import PIN_DIGITS, is_apart, is_trivial_pin, wait_to_draw
from service.access.rules import DeliveryState, GrantId, Materials, credential_state, worst_state
from service.audit.actions import record
from service.audit.rules import Act, Acting
from service.edges.elevation import as_system
from service.edges.keyring import Keyring
from service.errors import Conflict, TooMany
from service.premises import actions as premises
from service.premises.rules import UnitId


def draw_pin(session: Session, unit_id: UnitId, *, keyring: Keyring, now: datetime, emergency: bool = False) -> str:
    """Six random digits that nobody tries first, and that no slip at the unit's doors makes a call for help.

    In a system scope: it is compared with everybody's PINs on these doors.
    """
    held = listing.pins_on(session, tuple(premises.doors_opened_from(session, unit_id, now)), keyring)
    while True:
        pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
        if not is_trivial_pin(pin) and is_apart(pin, held, emergency=emergency):
            return pin


def replace_pin(
    session: Session, grant_id: GrantId, *, keyring: Keyring, now: datetime, actor: Acting | None = None
) -> str:
    """A new PIN on every lock of the unit instead of the old one; returned to be shown once.

    The old one opens until the lock has taken the new list. NotFound for a grant out of sight, Conflict for one that ended,
    TooMany where many were drawn.
    """
    pin = _draw_instead(session, grant_id, keyring=keyring, now=now, emergency=False)
    record(session, actor, Act.PIN_REPLACED, grant_id, now=now)
    return pin


def make_emergency_pin(
    session: Session, grant_id: GrantId, *, keyring: Keyring, now: datetime, actor: Acting | None = None
) -> str:
    """A PIN that opens like the ordinary one and calls for help, instead of the one before; as in replace_pin."""
    pin = _draw_instead(session, grant_id, keyring=keyring, now=now, emergency=True)
    record(session, actor, Act.EMERGENCY_PIN_MADE, grant_id, now=now)
    return pin


def remove_emergency_pin(session: Session, grant_id: GrantId, *, now: datetime, actor: Acting | None = None) -> None:
    """Take the emergency PIN off every lock; nothing where there is none. NotFound and Conflict as in replace_pin."""
    held = get_standing(session, grant_id, now)
    with as_system(session):
        lists = records.hold_lists(session, premises.doors_opened_from(session, held.terms.unit_id, now))
        if records.remove_credentials(session, [grant_id], [CredentialType.PIN], duress=[True]):
            listing.move_on(session, lists, added={})
    record(session, actor, Act.EMERGENCY_PIN_REMOVED, grant_id, now=now)


def emergency_pin_on(session: Session, grant_id: GrantId, now: datetime) -> DeliveryState | None:
    """Whether the emergency PIN is on every lock of the unit; REMOVED where there is none. For the grant's own person only.

    None where a lock was hung since it was made: nobody can bring it there, for nobody knows it any more.
    """
    held = get_standing(session, grant_id, now)
    found = records.credential_records(session, [grant_id], duress=True)[grant_id]
    states = [credential_state(one) for one in found]
    living = [one for one in found if not one.removed]
    with as_system(session):
        hanging = premises.doors_opened_from(session, held.terms.unit_id, now)
    if living and {one.lock_id for one in living} < set(hanging):
        return None
    return worst_state(states)


def _draw_instead(session: Session, grant_id: GrantId, *, keyring: Keyring, now: datetime, emergency: bool) -> str:
    grant = get_standing(session, grant_id, now)
    if emergency and grant.terms.visitor:
        raise Conflict("A visitor's PIN cannot call for help.", code="visitor")
    with as_system(session):
        note_drawing(session, grant_id, now, emergency=emergency)
        doors = premises.doors_opened_from(session, grant.terms.unit_id, now)
        held = records.hold_lists(session, doors)
        pin = draw_pin(session, grant.terms.unit_id, keyring=keyring, now=now, emergency=emergency)
        records.remove_credentials(session, [grant_id], [CredentialType.PIN], duress=[emergency])
        listing.add(
            session,
            held,
            grant_id,
            grant.terms,
            doors=doors,
            materials=Materials(pin=pin, duress=emergency),
            keyring=keyring,
        )
    return pin


def note_drawing(session: Session, grant_id: GrantId, now: datetime, *, emergency: bool = False) -> None:
    """Count one more PIN drawn for the grant, which the caller holds; TooMany where it has to wait.

    Emergency PINs by themselves: whoever holds the tenant's telephone could else draw ordinary ones until one is refused, and count.
    """
    wait = wait_to_draw(records.drawings(session, grant_id, emergency=emergency), now)
    if wait:
        raise TooMany(
            "Many PINs were made for this door just now. Please wait a while.",
            retry_after_s=int(wait.total_seconds()) + 1,
        )
    records.append_drawing(session, grant_id, now, emergency=emergency)
