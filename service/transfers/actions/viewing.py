"""What seller and buyer, tenants and those who work in the area see of a transfer, under their own rights."""

from datetime import datetime

from sqlmodel import Session

from service.accounts import actions as accounts
from service.accounts.rules import AccountId, Actor
from service.custody.rules import BORN_WITHIN
from service.edges.elevation import as_system
from service.edges.keyring import Keyring
from service.errors import NotFound
from service.premises import actions as premises
from service.premises.rules import BuildingId
from service.tenancy.rules import TenancyId
from service.transfers.records import handing_over, ledger
from service.transfers.rules import NewLandlord, Owned, Transfer, TransferId, TransferView


def get_transfer(
    session: Session, actor: Actor, transfer_id: TransferId, *, keyring: Keyring, now: datetime
) -> TransferView:
    """A transfer for its seller or its buyer; NotFound for everybody else."""
    found = ledger.find(session, transfer_id)
    if found is None or actor.account_id not in (found.seller, found.buyer):
        raise NotFound("There is no such transfer.", code="transfer")
    return _view(session, actor, found, keyring, now)


def offered(
    session: Session, actor: Actor, building_id: BuildingId, *, keyring: Keyring, now: datetime
) -> TransferView | None:
    """The transfer of one's own house that can still come about."""
    found = ledger.find_open(session, building_id)
    if found is None or not found.is_open(now) or found.seller != actor.account_id:
        return None
    return _view(session, actor, found, keyring, now)


def transfers_of(session: Session, actor: Actor, *, keyring: Keyring, now: datetime) -> tuple[TransferView, ...]:
    """What one has sold and bought, or is about to; the latest first."""
    return tuple(_view(session, actor, one, keyring, now) for one in ledger.of_landlord(session, actor.account_id))


def unfinished_claims(session: Session, building_id: BuildingId, now: datetime) -> bool:
    """Whether a lock is being hung in the house, which keeps it from changing hands."""
    with as_system(session):
        units = handing_over.units_of(session, building_id)
        return handing_over.has_unfinished_claim(session, units, since=now - BORN_WITHIN)


def owners_of(session: Session, building_id: BuildingId, *, keyring: Keyring) -> tuple[Owned, ...]:
    """Who was the house's landlord when, the present one last; for those who work in its area."""
    changes = ledger.accepted(session, building_id)
    spans = [(one.seller, before, one.ended_at) for one, before in zip(changes, _starts(changes), strict=True)]
    present = premises.get_building(session, building_id).landlord_id
    spans.append((present, changes[-1].ended_at if changes else None, None))
    return tuple(Owned(_name(session, who, keyring), since, until) for who, since, until in spans)


def new_landlords(session: Session, actor: Actor, *, keyring: Keyring) -> dict[TenancyId, NewLandlord]:
    """By tenancy of the tenant who asks: whose tenant one has become, where the house was sold meanwhile."""
    if actor.person_id is None:
        return {}
    found = ledger.new_landlords(session, actor.person_id)
    return {tenancy: NewLandlord(_name(session, landlord, keyring), at) for tenancy, landlord, at in found}


def _starts(changes: list[Transfer]) -> list[datetime | None]:
    return [None, *(one.ended_at for one in changes)][: len(changes)]


def _view(session: Session, actor: Actor, found: Transfer, keyring: Keyring, now: datetime) -> TransferView:
    selling = found.seller == actor.account_id
    other = found.buyer if selling else found.seller
    comes = None
    if found.is_open(now):
        with as_system(session):
            comes = ledger.holdings(session, found.building_id, now)
    return TransferView(
        id=found.id,
        building_id=found.building_id,
        address=premises.get_building(session, found.building_id).address,
        selling=selling,
        other="" if other is None else _name(session, other, keyring),
        state=found.state(now),
        offered_at=found.offered_at,
        expires_at=found.expires_at,
        ended_at=found.ended_at,
        comes=comes,
    )


def _name(session: Session, account: AccountId, keyring: Keyring) -> str:
    return accounts.account_name(session, account, keyring=keyring)
