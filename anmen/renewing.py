"""Signs what locks ask for: their next certificate, under the name that they have.

In the process that has the locks' authority's key, beside what shuts locks out, on a line and thread of its own: whatever
is asked for here never keeps a stolen lock on the line. What was heard is checked once more; of the database it sees requests.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import make_url

from anmen.certificates import Certificates
from firmware_protocol.topics import LockId
from service.edges import clock
from service.edges.listening import Listening, Said
from service.renewal.rules import FlawedRequest, certified_key, is_too_soon

CHANNEL = "anmen_certificate_request"
LOOK_EVERY_S = 10.0
SIGNED_A_ROUND = 200
_OPEN = (
    "SELECT lock_id, digest, request, last_issued_at FROM open_certificate_request"
    " WHERE last_issued_at IS NULL OR last_issued_at <= %s - interval '1 day' ORDER BY received_at LIMIT %s"
)
_KEEP = "SELECT keep_certificate(%s, %s, %s, %s, %s)"

log = logging.getLogger(__name__)


class Renewing:
    """`certificates`: the folder of the locks' authority, whose book has every certificate before it leaves the house."""

    def __init__(self, database: str, certificates: Certificates, *, now: Callable[[], datetime] = clock.now) -> None:
        self.listening = Listening(
            make_url(database), CHANNEL, self._look, "certificates cannot be renewed", LOOK_EVERY_S
        )
        self._certificates = certificates
        self._now = now
        self._flawed: set[tuple[str, bytes]] = set()

    def sign_open(self, connection: psycopg.Connection) -> int:
        """Sign what is asked for; how many were."""
        now = self._now()
        signed = 0
        for lock, digest, request, last in connection.execute(_OPEN, [now, SIGNED_A_ROUND]).fetchall():
            if (lock, digest) not in self._flawed and not is_too_soon(last, now):
                signed += self._sign(connection, LockId(lock), digest, request)
        return signed

    def _look(self, connection: psycopg.Connection, _: Said) -> None:
        self.sign_open(connection)

    def _sign(self, connection: psycopg.Connection, lock: LockId, digest: bytes, request: bytes) -> bool:
        try:
            key = certified_key(request, lock)
        except FlawedRequest as flawed:
            log.warning(
                "a request of lock %s is not signed (%s): who hears locks should not have let it pass", lock, flawed
            )
            self._flawed.add((lock, digest))
            return False
        made = self._certificates.renew_for_lock(lock, key)
        chain, ends_at = made.public_bytes(Encoding.DER), made.not_valid_after_utc
        row = connection.execute(_KEEP, [lock, digest, chain, ends_at, self._now()]).fetchone()
        kept = row is not None and bool(row[0])
        log.info("lock %s: certificate until %s%s", lock, ends_at.date(), "" if kept else ", not given out")
        return kept


@contextmanager
def signing(database: str, certificates: Certificates) -> Iterator[None]:
    """Requests are signed, in a thread of its own, until the block ends."""
    with Renewing(database, certificates).listening.beside():
        yield
