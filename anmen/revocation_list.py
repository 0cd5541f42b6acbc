"""The locks' authority's revocation list: written anew for the broker whenever a lock is shut out, and long before it ends.

A broker with a list that has ended refuses every lock. Nothing is gained by a near end either, since the list lies on the
broker's own disk and is replaced within a second: so it runs for a year, and is written anew after a week.
"""

import os
import tempfile
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from anmen.certificates import Certificates
from service.edges import clock

LIFE = timedelta(days=365)
RENEWED_AFTER = timedelta(days=7)
NAME = "revoked/locks.crl"


class RevocationList:
    """The list in one file. It names serial numbers only and is signed: everybody may read it."""

    def __init__(
        self,
        path: Path,
        certificates: Certificates,
        *,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._path = path
        self._certificates = certificates
        self._now = now

    def update(self, locks: Iterable[str]) -> bool:
        """Let the list name every certificate of these locks; whether it had to be written, which the broker must be told."""
        serials, now = self.serials(locks), self._now()
        found = self._load()
        if found is not None and self._is_current(found, serials, now):
            return False
        signed = self._certificates.revocation_list(serials, begins_at=now, ends_at=now + LIFE)
        self._put(signed.public_bytes(serialization.Encoding.PEM))
        return True

    def ensure(self) -> None:
        """A broker does not start without its list: an empty one where there is none that it could use."""
        found = self._load()
        if found is None or found.next_update_utc is None or found.next_update_utc <= self._now():
            self.update(())

    def unknown(self, locks: Iterable[str]) -> list[str]:
        """Those that the authority's book has no certificate of: no list can name them."""
        return sorted(lock for lock, issued in self._certificates.issued.of(locks).items() if not issued)

    def serials(self, locks: Iterable[str]) -> frozenset[int]:
        """What the list has to name: certificates that have not ended by themselves."""
        now = self._now()
        return frozenset(
            one.serial for issued in self._certificates.issued.of(locks).values() for one in issued if one.ends_at > now
        )

    def _load(self) -> x509.CertificateRevocationList | None:
        """The list as it lies there; None where it is none of today's authority."""
        try:
            found = x509.load_pem_x509_crl(self._path.read_bytes())
        except (OSError, ValueError):
            return None
        return found if self._certificates.has_signed(found) else None

    @staticmethod
    def _is_current(found: x509.CertificateRevocationList, serials: frozenset[int], now: datetime) -> bool:
        named = {one.serial_number for one in found}
        return named == serials and found.last_update_utc <= now < found.last_update_utc + RENEWED_AFTER

    def _put(self, content: bytes) -> None:
        """Whole or not at all, and readable before it has its name."""
        self._path.parent.mkdir(exist_ok=True, mode=0o755)
        descriptor, draft = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(self._path)
