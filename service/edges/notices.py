"""LISTEN on one PostgreSQL channel in a thread of its own; what it hears is a set of shard numbers."""

import logging
import threading
from collections.abc import Iterable

import psycopg
from sqlalchemy import Engine

log = logging.getLogger(__name__)


class Notices:
    """Shards named on the channel since the last take. After a broken connection every shard counts as named."""

    def __init__(self, engine: Engine, channel: str) -> None:
        self._dsn = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._channel = channel
        self._lock = threading.Lock()
        self._named: set[int] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"listen-{channel}", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._thread.join(timeout=5)

    def add(self, shards: Iterable[int]) -> None:
        """Treat these shards as named."""
        with self._lock:
            self._named.update(shards)

    def take(self) -> set[int]:
        """The shards named since the last call."""
        if not self._named:
            return set()
        with self._lock:
            named, self._named = self._named, set()
        return named

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True) as connection:
                    connection.execute(f"LISTEN {self._channel}")  # our own channel name
                    # Whatever was said while nobody listened.
                    self.add(range(64))
                    while not self._stop.is_set():
                        for notice in connection.notifies(timeout=1.0):
                            self.add(int(one) for one in notice.payload.split(",") if one.isdigit())
            except psycopg.Error:
                log.warning("not listening on %s; trying again", self._channel)
                self._stop.wait(1.0)
