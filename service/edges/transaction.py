"""The only commit.

One request, one job or one inbox batch is one transaction. It opens with the scope of whoever asks, which row-level
security reads; it commits here and nowhere else. An exception rolls everything back, so a refusal that must leave a
trace (an audit row) is returned by the action, not raised.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, create_engine
from sqlmodel import Session

from service.edges.set_based import Statement


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows a transaction may see; an empty scope sees no person-level row at all."""

    system: bool = False
    areas: tuple[int, ...] = ()
    landlord: int | None = None
    person: int | None = None
    police: bool = False


NOBODY = Scope()
# For work that no signed-in person stands behind: sign-in itself, an invitation link, the jobs. Never for an answer to a query.
SYSTEM = Scope(system=True)

_ENTER = Statement(
    "SELECT set_config('anmen.scope', %(scope)s, true), set_config('anmen.areas', %(areas)s, true),"
    " set_config('anmen.landlord', %(landlord)s, true), set_config('anmen.person', %(person)s, true),"
    " set_config('anmen.police', %(police)s, true)"
)


def connect(url: str, *, pool_size: int = 8) -> Engine:
    """Engine for one database role; url is a SQLAlchemy URL (postgresql+psycopg://…)."""
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        # An error's text ends up in logs; what was sent to the database must not.
        hide_parameters=True,
        connect_args={"options": "-c timezone=UTC"},
    )


def enter(session: Session, scope: Scope) -> None:
    """Set or narrow the scope for the rest of the running transaction."""
    _ENTER.send(
        session,
        scope="system" if scope.system else "",
        areas="{" + ",".join(map(str, scope.areas)) + "}",
        landlord="" if scope.landlord is None else str(scope.landlord),
        person="" if scope.person is None else str(scope.person),
        police="yes" if scope.police else "",
    )


@contextmanager
def transaction(engine: Engine, scope: Scope = NOBODY) -> Iterator[Session]:
    """A session in one transaction: committed when the block ends, rolled back when it raises."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        enter(session, scope)
        yield session
