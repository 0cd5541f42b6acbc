"""Shuts locks out at the broker as soon as the service has: its list is written anew, it reads it, and a live connection is torn.

This is done by whoever has the locks' authority's key, in a process of its own: the pages' process can neither sign nor
signal, and this one reads the numbers of locks that are shut out and nothing else of the database.
"""

import logging
import socket
import ssl
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
from sqlalchemy import make_url

from firmware_protocol import mqtt
from service.edges import clock
from service.edges.listening import Listening, Said
from service.edges.mqtt_link import BrokerAddress

CHANNEL = "anmen_shut_out"
# A broker that was told reads its list within its next round; a lock that came back in between is thrown off again.
THROW_OFF_AFTER_S = (0.3, 2.0, 10.0)
LOOK_EVERY_S = 10.0
_DISCONNECT = b"\xe0\x00"
_ASKED = "SELECT id, revoked_at FROM shut_out_lock"

log = logging.getLogger(__name__)


class ShuttingOut:
    """`tell_broker` gets all locks that are shut out, and says whether its list was another; `throw_off` gets one that may be on the line."""

    def __init__(
        self,
        database: str,
        *,
        tell_broker: Callable[[frozenset[str]], bool],
        throw_off: Callable[[str], None],
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self.listening = Listening(
            make_url(database), CHANNEL, self._look, "locks cannot be shut out", LOOK_EVERY_S, self._throw_off_due
        )
        self._tell_broker = tell_broker
        self._throw_off = throw_off
        self._now = now
        self._known: frozenset[str] | None = None
        self._due: list[tuple[float, str]] = []

    def _look(self, connection: psycopg.Connection, _: Said) -> None:
        shut_out: dict[str, datetime] = dict(connection.execute(_ASKED).fetchall())
        locks = frozenset(shut_out)
        listed_anew = self._tell_broker(locks)
        if self._known is None:
            # After a start: those that were shut out while nobody looked, which may be long; a list that names them all is younger than they.
            before = self._now() - timedelta(days=1)
            self._known = frozenset(() if listed_anew else (one for one, at in shut_out.items() if at < before))
        now = time.monotonic()
        self._due += [(now + wait, lock) for lock in sorted(locks - self._known) for wait in THROW_OFF_AFTER_S]
        self._known = locks

    def _throw_off_due(self) -> None:
        now = time.monotonic()
        due, self._due = [one for one in self._due if one[0] <= now], [one for one in self._due if one[0] > now]
        for _, lock in due:
            try:
                self._throw_off(lock)
            except OSError as fault:
                log.warning("lock %s may still be on the line (%s)", lock, type(fault).__name__)


def throw_off(address: BrokerAddress, lock: str) -> None:
    """Take over the lock's client id at the service's listener: the broker then closes the lock's own connection. OSError."""
    context = ssl.create_default_context(cafile=str(address.ca))
    context.load_cert_chain(address.certificate, address.key)
    with (
        socket.create_connection((address.host, address.port), timeout=5) as connection,
        context.wrap_socket(connection, server_hostname=address.host) as tls,
    ):
        tls.sendall(mqtt.connect(lock, keep_alive_s=10))
        tls.recv(4)
        tls.sendall(_DISCONNECT)
