"""A line to PostgreSQL that hears what is said on one channel and has it worked off, whatever happens to the database.

A notice that nobody hears is lost, so whoever listens has to look for itself after every connect; then it is told at
once, and nothing is asked again and again while nobody has anything to say.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from sqlalchemy import URL

# Short, so that it ends when it is asked to, and what is due in between is not late.
TICK_S = 0.1
_REST_S = 1.0
_ENDS_WITHIN_S = 5.0

Said = tuple[str, ...] | None
"""What notices said; empty: nothing, and it is time to look; None: nobody knows, because nobody listened until now."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Listening:
    """`work` gets an autocommit connection and what was said: after a connect, upon a notice, and `every_s` seconds at the latest."""

    database: URL
    channel: str
    work: Callable[[psycopg.Connection, Said], None]
    undone: str
    """What nobody does while this is broken, as its log says it: "locks cannot be shut out"."""
    every_s: float = math.inf
    tick: Callable[[], None] = lambda: None
    """Called all the time in between, every 0.1 s."""
    _stop: threading.Event = field(init=False, default_factory=threading.Event)

    def run(self) -> None:
        """Until `stop`; a database that is away is waited for, and work that failed is begun anew."""
        where = self.database.set(drivername="postgresql").render_as_string(hide_password=False)
        while not self._stop.is_set():
            try:
                with psycopg.connect(where, autocommit=True) as connection:
                    connection.execute(f"LISTEN {self.channel}")  # our own channel name
                    self._follow(connection)
            except Exception as fault:  # noqa: BLE001  # a thread that died of one bad round would leave its process deaf for good
                log.warning("%s at the moment (%s); trying again", self.undone, type(fault).__name__)
                self._stop.wait(_REST_S)

    def stop(self) -> None:
        """End with the round in hand."""
        self._stop.set()

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Run in a thread of its own until the block ends."""
        thread = threading.Thread(target=self.run, name=f"listen-{self.channel}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop()
            thread.join(_ENDS_WITHIN_S)

    def _follow(self, connection: psycopg.Connection) -> None:
        said: Said = None
        while not self._stop.is_set():
            self.work(connection, said)
            said = self._heard(connection)

    def _heard(self, connection: psycopg.Connection) -> tuple[str, ...]:
        until = time.monotonic() + self.every_s
        while not self._stop.is_set() and time.monotonic() < until:
            said = tuple(notice.payload for notice in connection.notifies(timeout=TICK_S, stop_after=1))
            self.tick()
            if said:
                return said
        return ()
