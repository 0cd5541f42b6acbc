"""The process's one ear for changes: a LISTEN connection that wakes every open live page.

A notice carries a shard and a position, nothing else; what changed is fetched by each reader under its own rights.
Notices sent while the connection was down are lost, so every reader is woken when it comes back.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from psycopg import AsyncConnection, OperationalError
from sqlalchemy import URL
from tenacity import before_sleep_log, retry, retry_if_exception_type, wait_random_exponential

from service.errors import TooMany
from service.occupancy.records.counts import LISTEN_TO_FEED

READERS_LIMIT = 500
_LONGEST_PAUSE_S = 15
_QUESTIONS_AT_ONCE = 4
_Asked = TypeVar("_Asked")
_Told = TypeVar("_Told")
_log = logging.getLogger(__name__)


class Feed:
    """Wakes readers; `readers_limit` bounds them, because each holds a connection open for hours."""

    def __init__(self, database: URL, *, readers_limit: int = READERS_LIMIT) -> None:
        self._conninfo = database.set(drivername="postgresql").render_as_string(hide_password=False)
        self._limit = readers_limit
        self._readers: set[asyncio.Event] = set()
        self._closing = False
        self._threads = CapacityLimiter(_QUESTIONS_AT_ONCE)
        self.listening = asyncio.Event()

    @property
    def closing(self) -> bool:
        """Whether the process is going down and streams should end."""
        return self._closing

    def end(self) -> None:
        """The process goes down: every stream ends now, and the server need not wait for it."""
        self._closing = True
        self._wake_all()

    def check_room(self) -> None:
        """TooMany where all places are taken."""
        if len(self._readers) >= self._limit:
            raise TooMany("Too many live pages are open. Please reload this page in a minute.", retry_after_s=60)

    async def ask(self, question: Callable[[_Asked], _Told], asked: _Asked) -> _Told:
        """The answer of a question that blocks, from a thread; only a few at a time, because all readers wake at once."""
        return await to_thread.run_sync(question, asked, limiter=self._threads)

    @contextmanager
    def reader(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever something may have changed; TooMany where all places are taken."""
        self.check_room()
        woken = asyncio.Event()
        self._readers.add(woken)
        try:
            yield woken
        finally:
            self._readers.discard(woken)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen for as long as the block runs, whatever happens to the database meanwhile."""
        ear = asyncio.create_task(self._keep_listening(), name="live-feed")
        try:
            yield
        finally:
            self.end()
            ear.cancel()
            await asyncio.gather(ear, return_exceptions=True)

    async def _keep_listening(self) -> None:
        while True:
            connection = await self._connect()
            try:
                await self._hear(connection)
            except OperationalError as lost:
                _log.warning("live feed: connection lost (%s); connecting again", type(lost).__name__)
            finally:
                self.listening.clear()
                await connection.close()

    @retry(
        retry=retry_if_exception_type(OperationalError),
        wait=wait_random_exponential(multiplier=0.5, max=_LONGEST_PAUSE_S),
        before_sleep=before_sleep_log(_log, logging.WARNING),
    )
    async def _connect(self) -> AsyncConnection:
        return await AsyncConnection.connect(self._conninfo, autocommit=True)

    async def _hear(self, connection: AsyncConnection) -> None:
        await connection.execute(LISTEN_TO_FEED)
        self.listening.set()
        self._wake_all()
        async for _ in connection.notifies():
            self._wake_all()

    def _wake_all(self) -> None:
        for woken in self._readers:
            woken.set()
