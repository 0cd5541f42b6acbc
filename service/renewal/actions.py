"""A request is taken or refused, and what was issued is brought to its lock. Nothing is signed here."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.certificate_messages import CertificateAnswer, CertificateRefusal
from firmware_protocol.topics import LockId
from service.renewal import records
from service.renewal.rules import Flaw, FlawedRequest, answer_again_at, certified_key, is_too_soon

ANSWERS_A_ROUND = 100
_SAID_AS = {Flaw.NAME: CertificateRefusal.WRONG_NAME, Flaw.KEY: CertificateRefusal.BAD_KEY}


def ask(session: Session, lock: LockId, request: bytes, now: datetime) -> CertificateAnswer | None:
    """What the lock is told at once: why not, or the chain where it asked before; None where it is to be signed first."""
    digest = hashlib.sha256(request).digest()
    known = records.find(session, lock, digest)
    if known is not None:
        return CertificateAnswer(digest, CertificateRefusal.NONE, known[0]) if known[0] else None
    refusal = _refusal(session, lock, request, now)
    if refusal is CertificateRefusal.NONE and not records.append(session, lock, digest, request=request, now=now):
        refusal = CertificateRefusal.NOT_NOW
    return None if refusal is CertificateRefusal.NONE else CertificateAnswer(digest, refusal)


def due(session: Session, shards: Iterable[int], now: datetime) -> list[tuple[LockId, CertificateAnswer]]:
    """Certificates that are to be brought to live locks of these shards now; a lock that says it holds its own gets it no more."""
    found = records.due(session, shards, now, ANSWERS_A_ROUND)
    if found:
        records.note_answers(
            session, [(one, None if one.holds else answer_again_at(one.answers, now)) for one in found]
        )
    return [
        (one.lock, CertificateAnswer(one.digest, CertificateRefusal.NONE, one.chain)) for one in found if not one.holds
    ]


def _refusal(session: Session, lock: LockId, request: bytes, now: datetime) -> CertificateRefusal:
    try:
        certified_key(request, lock)
    except FlawedRequest as flawed:
        return _SAID_AS[flawed.flaw]
    too_soon = is_too_soon(records.latest_issued_at(session, lock), now)
    return CertificateRefusal.NOT_NOW if too_soon else CertificateRefusal.NONE
