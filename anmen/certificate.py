"""The command `anmen certificate`: whether everything of a lock's day is in the register, and the lock vouches for it."""

from datetime import date
from typing import Any

from firmware_protocol.topics import LockId
from service.completeness import actions as completeness
from service.completeness.actions import BEIJING
from service.completeness.rules import DayCertificate, LogCertificate, Verdict
from service.edges.keyring import read_keyring
from service.edges.transaction import SYSTEM, connect, transaction
from service.settings import Settings

_IN_WORDS = {
    Verdict.COMPLETE: "complete: every number is there, and the lock has signed for them",
    Verdict.LOST: "complete but for what the lock itself declared lost",
    Verdict.NOT_YET: "not yet: the lock has not signed beyond that day, or not everything has arrived; ask again when it has been online",
    Verdict.BROKEN: "BROKEN: what is stored is not what the lock signed; before anything else keep a copy of the database",
    Verdict.UNSIGNED: "all numbers are there, but no signature of the lock vouches for them",
}


def issue(settings: Settings, lock: LockId, day: date) -> DayCertificate:
    """The certificate of a day in Beijing's time, checked against the register as it is now."""
    engine = connect(settings.database_url, pool_size=1)
    try:
        with transaction(engine, SYSTEM) as session:
            return completeness.certificate(session, lock, day, keyring=read_keyring(settings.keys_file))
    finally:
        engine.dispose()


def in_words(certificate: DayCertificate) -> str:
    """For a person to read."""
    lines = [
        f"{certificate.lock}, {certificate.begins_at.astimezone(BEIJING):%Y-%m-%d} (midnight to midnight in Beijing)"
    ]
    lines.append(_IN_WORDS[certificate.verdict])
    for log in certificate.logs:
        numbers = "no events" if log.first is None else f"numbers {log.first} to {log.last}"
        lines.append(f"  log {log.log_epoch}: {numbers}: {log.verdict.replace('_', ' ')}")
        lines += [f"    lost: {first} to {end - 1}" for first, end in log.lost]
        lines += [f"    stored, but not vouched for by the lock: {first} to {end - 1}" for first, end in log.unattested]
        if log.head is not None:
            lines.append(
                f"    signed by the lock at {log.head.signed_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}, up to {log.head.sequence}"
            )
    return "\n".join(lines)


def as_json(certificate: DayCertificate) -> dict[str, Any]:
    """For a program to read; ranges as [first, last], link and signature in hexadecimal (docs/protocol/chain.md)."""
    return {
        "lock": certificate.lock,
        "begins_at": certificate.begins_at.isoformat(),
        "ends_at": certificate.ends_at.isoformat(),
        "verdict": certificate.verdict.value,
        "logs": [_log_as_json(one) for one in certificate.logs],
    }


def _log_as_json(log: LogCertificate) -> dict[str, Any]:
    head = log.head
    return {
        "log_epoch": log.log_epoch,
        "verdict": log.verdict.value,
        "first": log.first,
        "last": log.last,
        "lost": [[first, end - 1] for first, end in log.lost],
        "unattested": [[first, end - 1] for first, end in log.unattested],
        "head": head
        and {
            "sequence": head.sequence,
            "link": head.link.hex(),
            "signed_at": head.signed_at.isoformat(),
            "signature": head.signature.hex(),
        },
    }
