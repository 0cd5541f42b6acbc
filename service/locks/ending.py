"""Locks that will be off the line for good, unless somebody looks at them in time."""

from datetime import datetime

from sqlmodel import Session

from service.locks import records
from service.locks.rules import ENDS_SOON, EndingCertificate


def ending_certificates(session: Session, now: datetime) -> list[EndingCertificate]:
    """The locks on rooms whoever asks may see whose certificates end within 30 days."""
    return records.ending_certificates(session, now + ENDS_SOON, now)
