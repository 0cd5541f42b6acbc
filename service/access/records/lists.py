"""SQL of grants, credentials and access lists. Every change of a list begins with `hold_lists`."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import insert, text, update
from sqlmodel import Session, col, select

from firmware_protocol.access_list import EMPTY_DIGEST
from firmware_protocol.schedules import read_schedules, written
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.access.records.tables import AccessGrantRow, CredentialRow
from service.access.rules import CredentialRecord, GrantId, GrantRecord, HeldList, LiveEntry, Terms
from service.accounts.rules import AccountId
from service.people.rules import PersonId
from service.premises.rules import AreaId, UnitId

_MAKE_LISTS = text(
    "INSERT INTO access_list (lock_id, digest) SELECT unnest(CAST(:locks AS text[])), :empty ON CONFLICT DO NOTHING"
)
_HOLD_LISTS = text(
    "SELECT a.lock_id, l.shard, a.version, a.next_credential_id, l.capabilities,"
    " coalesce(l.found_at > l.provisioned_at, false) FROM access_list a JOIN lock l ON l.id = a.lock_id"
    " WHERE a.lock_id = ANY(:locks) ORDER BY a.lock_id FOR UPDATE OF a"
)
_HOLD_GRANTS = text("SELECT FROM access_grant WHERE id = ANY(CAST(:grants AS bigint[])) ORDER BY id FOR UPDATE")
_LIVE = text(
    "SELECT lock_id, credential_id, entry_hash, CASE WHEN NOT visitor AND type <> 16 THEN grant_id END, duress FROM credential"
    " WHERE lock_id = ANY(:locks) AND removed_version IS NULL"
)
_LOCKS_OF = text(
    "SELECT DISTINCT lock_id FROM credential WHERE grant_id = ANY(:grants) AND type = ANY(:types) AND removed_version IS NULL"
)
# The sealed entry goes at once: nobody is ever sent what has been removed.
_REMOVE = text(
    "UPDATE credential c SET removed_version = a.version + 1, entry_sealed = NULL FROM access_list a"
    " WHERE a.lock_id = c.lock_id AND c.grant_id = ANY(:grants) AND c.type = ANY(:types)"
    " AND c.duress = ANY(:duress) AND c.removed_version IS NULL AND (NOT :erased OR c.erased_at IS NOT NULL)"
)
_MOVE_ON = text(
    "UPDATE access_list a SET version = a.version + 1, digest = n.digest, next_credential_id = n.next_id"
    " FROM unnest(CAST(:locks AS text[]), CAST(:digests AS bytea[]), CAST(:next_ids AS integer[])) AS n (lock_id, digest, next_id)"
    " WHERE a.lock_id = n.lock_id"
)
_TELL = text(
    "SELECT pg_notify('anmen_down', CAST(shard AS text)) FROM unnest(CAST(:shards AS smallint[])) AS s (shard)"
)
_STATES = text(
    "SELECT c.grant_id, c.lock_id, c.type, c.removed_version IS NOT NULL AS removed, c.on_lock_at, c.off_lock_at,"
    " c.erased_at, l.last_seen_at FROM credential c JOIN lock l ON l.id = c.lock_id WHERE c.grant_id = ANY(:grants) AND c.duress = :duress"
    " ORDER BY c.lock_id, c.credential_id"
)


def append_grant(session: Session, terms: Terms, *, area_id: AreaId, landlord_id: AccountId, now: datetime) -> GrantId:
    """Store a grant; area and landlord repeat the unit's."""
    row = AccessGrantRow(
        unit_id=terms.unit_id,
        area_id=area_id,
        landlord_id=landlord_id,
        person_id=terms.person_id,
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
        offline_lease_s=terms.offline_lease_s,
        granted_at=now,
        visitor=terms.visitor,
        one_time=terms.one_time,
        schedules=written(terms.schedules),
        passage=terms.person_id is None,
    )
    session.add(row)
    session.flush()
    return GrantId(row.id or 0)


def hold_grant(session: Session, grant_id: GrantId) -> GrantRecord | None:
    """The grant, inside the scope of whoever asks, unchanged by others until the transaction ends."""
    query = select(AccessGrantRow).where(AccessGrantRow.id == grant_id).with_for_update()
    row = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    return None if row is None else _grant(row)


def find_passages(session: Session, unit_id: UnitId, now: datetime) -> tuple[GrantRecord, ...]:
    """The hours in which the unit's doors stand unlocked for everybody, now or later."""
    query = select(AccessGrantRow).where(
        AccessGrantRow.unit_id == unit_id,
        col(AccessGrantRow.passage).is_(True),
        col(AccessGrantRow.revoked_at).is_(None),
        AccessGrantRow.ends_at > now,
    )
    return tuple(_grant(row) for row in session.exec(query.order_by(col(AccessGrantRow.id))))


def find_grants(session: Session, grants: Iterable[GrantId]) -> dict[GrantId, GrantRecord]:
    """Those of the grants that whoever asks may see."""
    rows = session.exec(select(AccessGrantRow).where(col(AccessGrantRow.id).in_(list(grants))))
    found = [_grant(row) for row in rows]
    return {grant.id: grant for grant in found}


def standing_grants_of(session: Session, person_id: PersonId) -> tuple[GrantId, ...]:
    """The person's grants that were not revoked."""
    query = select(AccessGrantRow.id).where(
        AccessGrantRow.person_id == person_id, col(AccessGrantRow.revoked_at).is_(None)
    )
    return tuple(GrantId(found or 0) for found in session.exec(query))


def residencies_of(session: Session, person_id: PersonId, now: datetime) -> tuple[GrantId, ...]:
    """The person's grants that stand and are no visitor's, in the order of their ids."""
    query = select(AccessGrantRow.id).where(
        AccessGrantRow.person_id == person_id,
        col(AccessGrantRow.revoked_at).is_(None),
        col(AccessGrantRow.ends_at) > now,
        col(AccessGrantRow.visitor).is_(False),
    )
    return tuple(GrantId(found or 0) for found in session.exec(query.order_by(col(AccessGrantRow.id))))


def hold_grants(session: Session, grants: Iterable[GrantId]) -> None:
    """Until the transaction ends nobody else changes these grants; in one order, so that no two wait for each other."""
    session.execute(_HOLD_GRANTS, {"grants": list(grants)})


def mark_revoked(session: Session, grants: Sequence[GrantId], now: datetime) -> None:
    """Note when the grants were revoked; the first time counts."""
    hold_grants(session, grants)
    session.execute(
        update(AccessGrantRow)
        .where(col(AccessGrantRow.id).in_(grants), col(AccessGrantRow.revoked_at).is_(None))
        .values(revoked_at=now)
    )


def hold_lists(session: Session, locks: Iterable[LockId]) -> tuple[HeldList, ...]:
    """The lists of these locks, made where missing and held in the order of the ids so that no two wait for each other."""
    wanted = sorted(set(locks))
    session.execute(_MAKE_LISTS, {"locks": wanted, "empty": EMPTY_DIGEST})
    rows = session.execute(_HOLD_LISTS, {"locks": wanted})
    return tuple(HeldList(LockId(row[0]), *row[1:]) for row in rows)


def live_entries(session: Session, locks: Sequence[LockId]) -> dict[LockId, list[LiveEntry]]:
    """Everything each lock shall hold."""
    live: dict[LockId, list[LiveEntry]] = {lock: [] for lock in locks}
    for lock, *entry in session.execute(_LIVE, {"locks": list(locks)}):
        live[LockId(lock)].append(LiveEntry(*entry))
    return live


def locks_holding(session: Session, grants: Sequence[GrantId], types: Iterable[CredentialType]) -> tuple[LockId, ...]:
    """The locks on whose lists these grants have credentials of these types."""
    rows = session.execute(_LOCKS_OF, {"grants": list(grants), "types": [int(one) for one in types]})
    return tuple(LockId(lock) for lock in rows.scalars())


def locks_with_erased(session: Session, grant: GrantId) -> frozenset[LockId]:
    """The locks that have erased a face of this grant by command."""
    rows = session.execute(
        text(
            "SELECT lock_id FROM credential WHERE grant_id = :grant AND erased_at IS NOT NULL AND removed_version IS NULL"
        ),
        {"grant": grant},
    )
    return frozenset(LockId(lock) for lock in rows.scalars())


def add_credentials(session: Session, rows: Sequence[CredentialRow]) -> None:
    """Put new credentials on their lists."""
    if rows:
        session.execute(insert(CredentialRow), [row.model_dump(exclude={"removed_version"}) for row in rows])


def remove_credentials(
    session: Session,
    grants: Sequence[GrantId],
    types: Iterable[CredentialType],
    *,
    duress: Sequence[bool] = (False, True),
    only_erased: bool = False,
) -> int:
    """Take these grants' credentials of these types off their lists, as of each list's next version; how many that were.

    `only_erased`: those whose lock has erased them by command.
    """
    asked = {
        "grants": list(grants),
        "types": [int(one) for one in types],
        "duress": list(duress),
        "erased": only_erased,
    }
    return int(session.execute(_REMOVE, asked).rowcount)  # type: ignore[attr-defined]  # what an UPDATE returns has it


def move_on(session: Session, lists: Sequence[tuple[HeldList, bytes, int]]) -> None:
    """The next version of each list with its digest and its next credential id; the shards' holders are told at commit."""
    session.execute(
        _MOVE_ON,
        {
            "locks": [held.lock_id for held, _, _ in lists],
            "digests": [digest for _, digest, _ in lists],
            "next_ids": [next_id for _, _, next_id in lists],
        },
    )
    session.execute(_TELL, {"shards": sorted({held.shard for held, _, _ in lists})})


def credential_records(
    session: Session, grants: Iterable[GrantId], *, duress: bool = False
) -> dict[GrantId, list[CredentialRecord]]:
    """What we want and what the locks have said, per grant, inside the scope of whoever asks.

    Those that call for help only where asked for, and then no others.
    """
    wanted = list(grants)
    found: dict[GrantId, list[CredentialRecord]] = {grant: [] for grant in wanted}
    for row in session.execute(_STATES, {"grants": wanted, "duress": duress}):
        found[GrantId(row.grant_id)].append(
            CredentialRecord(
                lock_id=LockId(row.lock_id),
                type=CredentialType(row.type),
                removed=row.removed,
                on_lock_at=row.on_lock_at,
                off_lock_at=row.off_lock_at,
                last_contact_at=row.last_seen_at,
                erased_at=row.erased_at,
            )
        )
    return found


def _grant(row: AccessGrantRow) -> GrantRecord:
    terms = Terms(
        unit_id=UnitId(row.unit_id),
        person_id=None if row.person_id is None else PersonId(row.person_id),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        offline_lease_s=row.offline_lease_s,
        visitor=row.visitor,
        one_time=row.one_time,
        schedules=read_schedules(row.schedules),
    )
    return GrantRecord(GrantId(row.id or 0), terms, AreaId(row.area_id), AccountId(row.landlord_id), row.revoked_at)
