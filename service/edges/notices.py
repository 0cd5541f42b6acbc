"""What was said on one PostgreSQL channel, heard in a thread of its own and kept until it is taken: a set of shard numbers."""

import threading
from collections.abc import Iterable
from contextlib import ExitStack

import psycopg
from sqlalchemy import Engine

from service.edges.listening import Listening, Said


class Notices:
    """Shards named on the channel since the last take. After a broken connection every shard counts as named."""

    def __init__(self, engine: Engine, channel: str) -> None:
        self._listening = Listening(engine.url, channel, self._hear, f"{channel} is not heard")
        self._lock = threading.Lock()
        self._named: set[int] = set()
        self._running = ExitStack()

    def start(self) -> None:
        """Begin to listen."""
        self._running.enter_context(self._listening.beside())

    def stop(self) -> None:
        """Stop listening."""
        self._running.close()

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

    def _hear(self, _: psycopg.Connection, said: Said) -> None:
        # Whatever was said while nobody listened may have been about any of them.
        self.add(
            range(64) if said is None else (int(one) for named in said for one in named.split(",") if one.isdigit())
        )
