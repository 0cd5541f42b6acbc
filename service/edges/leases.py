"""Which shards this ingest process speaks for. Leases stand in PostgreSQL; a generation fences whoever has lost one.

Every holder draws a nonce when it takes a shard, and that nonce goes into the keys of what it sends down, so that two
processes that both believe they hold a shard never use one key. Inside each batch's transaction the lease is checked
again, and locked against being taken away before the commit.
"""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.keys import Holder
from firmware_protocol.topics import SHARDS
from service.edges.arrays import numbers
from service.edges.set_based import Statement
from service.errors import Broken

_CHECK = Statement(
    "SELECT shard, generation FROM shard_lease WHERE shard = ANY(CAST(%(shards)s AS smallint[])) AND holder = %(name)s"
    " AND expires_at > %(now)s ORDER BY shard FOR KEY SHARE"
)


class LeaseLost(Broken):
    """Another process holds one of the batch's shards now; nothing of the batch may be written."""


@dataclass(slots=True)
class Leases:
    """The shards this process holds, by its own name, and for how long (seconds)."""

    name: str
    lease_s: float
    held: dict[int, Holder] = field(default_factory=dict)

    def join(self, session: Session, now: datetime) -> None:
        """Be counted among the living, without taking anything yet."""
        session.execute(
            text(
                "INSERT INTO ingest_worker (name, seen_at) VALUES (:name, :now)"
                " ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at"
            ),
            {"name": self.name, "now": now},
        )

    def renew(self, session: Session, now: datetime) -> tuple[set[int], set[int]]:
        """Renew, give up what is more than a fair share, take what is free. Returns (gained, lost) shards.

        Changes `held` only through `settle`, after the commit.
        """
        fair = self._fair_share(session, now)
        kept = self._keep(session, now, fair)
        gained = self._take(session, now, fair - len(kept)) if fair > len(kept) else {}
        self._next = {shard: holder for shard, holder in self.held.items() if shard in kept} | gained
        return set(gained), set(self.held) - kept

    def settle(self) -> None:
        """The transaction of the last renewal is committed."""
        self.held = self._next

    _next: dict[int, Holder] = field(default_factory=dict)

    def check(self, session: Session, shards: Iterable[int], now: datetime) -> None:
        """LeaseLost unless every one of the shards is still ours; holds them until the transaction ends."""
        asked = set(shards)
        rows = _CHECK.rows(session, shards=numbers(asked), name=self.name, now=now)
        found: dict[int, int] = {row[0]: row[1] for row in rows}
        if any(shard not in self.held or found.get(shard) != self.held[shard].generation for shard in asked):
            raise LeaseLost

    def release(self, session: Session) -> None:
        """Give everything up, so that another process need not wait for the leases to run out."""
        session.execute(
            text("UPDATE shard_lease SET holder = NULL, expires_at = NULL WHERE holder = :name"), {"name": self.name}
        )
        session.execute(text("DELETE FROM ingest_worker WHERE name = :name"), {"name": self.name})

    def _fair_share(self, session: Session, now: datetime) -> int:
        self.join(session, now)
        alive: int = session.execute(
            text("SELECT count(*) FROM ingest_worker WHERE seen_at > :since"),
            {"since": now - timedelta(seconds=self.lease_s)},
        ).scalar_one()
        return math.ceil(SHARDS / max(1, alive))

    def _keep(self, session: Session, now: datetime, fair: int) -> set[int]:
        wanted = sorted(self.held)[:fair]
        session.execute(
            text(
                "UPDATE shard_lease SET holder = NULL, expires_at = NULL WHERE holder = :name AND NOT shard = ANY(CAST(:wanted AS smallint[]))"
            ),
            {"name": self.name, "wanted": wanted},
        )
        rows = session.execute(
            text(
                "UPDATE shard_lease SET expires_at = :until WHERE holder = :name AND expires_at > :now RETURNING shard, generation"
            ),
            {"name": self.name, "now": now, "until": now + timedelta(seconds=self.lease_s)},
        )
        return {row[0] for row in rows if row[0] in self.held and row[1] == self.held[row[0]].generation}

    def _take(self, session: Session, now: datetime, most: int) -> dict[int, Holder]:
        rows = session.execute(
            text(
                "WITH free AS (SELECT shard FROM shard_lease WHERE expires_at IS NULL OR expires_at <= :now"
                " ORDER BY shard LIMIT :most FOR UPDATE SKIP LOCKED)"
                " UPDATE shard_lease l SET holder = :name, generation = greatest(l.generation + 1, :seconds),"
                " nonce = CAST(:seed AS bytea) || int2send(l.shard),"
                " expires_at = :until FROM free WHERE l.shard = free.shard RETURNING l.shard, l.generation, l.nonce"
            ),
            {
                "name": self.name,
                "now": now,
                "until": now + timedelta(seconds=self.lease_s),
                "most": most,
                "seed": os.urandom(14),
                # Locks listen to no older generation than the last they heard. A database that is restored forgets
                # generations, and the clock does not.
                "seconds": int(now.timestamp()),
            },
        )
        return {row[0]: Holder(row[1], row[2]) for row in rows}
