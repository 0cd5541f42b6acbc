"""For the few statements of an action that need rows their asker may not see; never for an answer.

A tenant who changes a PIN changes a list that other tenants' credentials are on: its digest is over all of them. The
action decides under the asker's own scope first; what follows runs as the system, and the scope is put back.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlmodel import Session

from service.edges.transaction import SYSTEM, enter

_NAMES = ("scope", "areas", "landlord", "person", "police")
_READ = text("SELECT " + ", ".join(f"current_setting('anmen.{name}', true) AS {name}" for name in _NAMES))
_RESTORE = text("SELECT " + ", ".join(f"set_config('anmen.{name}', coalesce(:{name}, ''), true)" for name in _NAMES))


@contextmanager
def as_system(session: Session) -> Iterator[None]:
    """System scope inside the block. When the block raises, its savepoint takes back its rows and the scope alike."""
    with session.begin_nested():
        asking = session.execute(_READ).one()
        enter(session, SYSTEM)
        yield
        session.flush()
        session.execute(_RESTORE, dict(asking._mapping))
