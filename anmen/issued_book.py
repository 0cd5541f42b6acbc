"""The authority's book: the serial number of every certificate that it has issued to a lock. One line each, only ever added to.

L-0123456789AB 4f1c… 2027-12-24T08:00:00+00:00        lock, serial number in hexadecimal, end
"""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

NAME = "issued.txt"


class Issued(NamedTuple):
    """One certificate of a lock; after its end no list needs to name it."""

    lock: str
    serial: int
    ends_at: datetime


class IssuedBook:
    """The book in an authority's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def note(self, certificates: Iterable[x509.Certificate]) -> None:
        """Add them; on disk when this returns, which is before any of them leaves the house."""
        lines = [_line(one) for one in certificates]
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as book:
            # What a crash left of a line must not take the next one with it: that certificate could never be revoked.
            ends = os.fstat(descriptor).st_size
            begins_anew = b"" if ends == 0 or os.pread(descriptor, 1, ends - 1) == b"\n" else b"\n"
            book.write(begins_anew + "".join(lines).encode("ascii"))
            book.flush()
            os.fsync(book.fileno())

    def of(self, locks: Iterable[str]) -> Mapping[str, tuple[Issued, ...]]:
        """All certificates of these locks; one that the book does not know has none."""
        wanted = {lock: list[Issued]() for lock in locks}
        if self._path.exists():
            for line in self._path.read_text(encoding="ascii", errors="replace").split("\n"):
                one = _read(line)
                if one is not None and one.lock in wanted:
                    wanted[one.lock].append(one)
        return {lock: tuple(found) for lock, found in wanted.items()}


def _line(certificate: x509.Certificate) -> str:
    [name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return f"{name.value!s} {certificate.serial_number:x} {certificate.not_valid_after_utc.isoformat()}\n"


def _read(line: str) -> Issued | None:
    """None for what a crash left of a line. An end without a zone, in a line that an operator wrote, is UTC."""
    match line.split():
        case [lock, serial, ends_at]:
            try:
                until = datetime.fromisoformat(ends_at)
                return Issued(lock, int(serial, 16), until if until.tzinfo else until.replace(tzinfo=UTC))
            except ValueError:
                return None
    return None
