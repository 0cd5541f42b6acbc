"""A lock asks for its next certificate: row, signature by the process with the key, answer; and who gets none."""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from anmen.certificates import Authority, Certificates
from anmen.database_roles import DatabaseRole
from anmen.renewing import Renewing, signing
from firmware_protocol.certificate_messages import CertificateAnswer, CertificateRefusal, CertificateRequest
from firmware_protocol.topics import LockId
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.locks import actions as locks
from service.renewal import actions as renewal
from service.renewal.rules import MOST_ANSWERS
from tests.fixtures_database import Database, Roles
from tests.integration.test_listening import Service
from tests.wire_lock import HungDoor, WireLock, hung_door

ALL = range(64)


@pytest.fixture
def service(database: Database, keyring: Keyring, now: datetime) -> Service:
    return Service(database, keyring, now)


@pytest.fixture
def lock(service: Service, keyring: Keyring, now: datetime) -> WireLock:
    with transaction(service.database.serve, SYSTEM) as session:
        hung: HungDoor = hung_door(session, keyring, now)
    service.converse(hung.lock, hung.lock.connect())
    return hung.lock


class Signer:
    """The process with the locks' authority's key, round by round."""

    def __init__(self, url: str, folder: Path, service: Service) -> None:
        self.certificates = Certificates(folder, now=lambda: service.now)
        self.url = url
        self._renewing = Renewing(url, self.certificates, now=lambda: service.now)
        self._dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    def sign(self) -> int:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            return self._renewing.sign_open(connection)


@pytest.fixture
def signer(service: Service, database_roles: Roles, database: Database, tmp_path: Path) -> Signer:
    return Signer(database_roles.url(DatabaseRole.REVOKE, database.name), tmp_path, service)


def request_of(name: str, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing = key or ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(signing, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


def ask(service: Service, lock: WireLock, request: bytes) -> list[CertificateAnswer]:
    """What the lock is told at once."""
    lock.side.say(CertificateRequest(request))
    said = service.hear(lock, lock.frames()).afterwards
    return [message for _, _, message in said if isinstance(message, CertificateAnswer)]


def brought(service: Service) -> list[CertificateAnswer]:
    """What the errand brings now."""
    with transaction(service.database.ingest, SYSTEM) as session:
        return [answer for _, answer in renewal.due(session, ALL, service.now)]


def shut_out(service: Service) -> None:
    with psycopg.connect(service.database.admin_dsn) as connection:
        connection.execute("UPDATE lock SET revoked_at = now(), revoked_as = 'stolen'")


def rows(service: Service) -> list[tuple[object, ...]]:
    return service.rows("SELECT chain IS NOT NULL, answers FROM certificate_request ORDER BY received_at")


def test_a_request_is_signed_and_brought_and_can_be_revoked(service: Service, lock: WireLock, signer: Signer) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    request = request_of(lock.id, key)
    assert ask(service, lock, request) == []
    assert rows(service) == [(False, 0)]
    assert brought(service) == []
    assert signer.sign() == 1
    [answer] = brought(service)
    assert (answer.request_digest, answer.refusal) == (hashlib.sha256(request).digest(), CertificateRefusal.NONE)
    made = x509.load_der_x509_certificate(answer.chain)
    authority = signer.certificates.authority(Authority.LOCKS).read_bytes()
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
    assert made.public_key() == key.public_key()
    assert made.subject.rfc4514_string() == f"CN={lock.id}"
    assert made.not_valid_after_utc - service.now > timedelta(days=390)
    assert [one.serial for one in signer.certificates.issued.of([lock.id])[lock.id]] == [made.serial_number]
    assert ask(service, lock, request) == [answer], "who asks again gets the same"
    assert signer.sign() == 0


def test_it_is_brought_later_and_later_until_the_lock_says_that_it_has_it(
    service: Service, lock: WireLock, signer: Signer
) -> None:
    ask(service, lock, request_of(lock.id))
    signer.sign()
    [answer] = brought(service)
    assert brought(service) == []
    service.now += timedelta(minutes=1)
    assert brought(service) == [answer]
    ends_at = x509.load_der_x509_certificate(answer.chain).not_valid_after_utc
    lock.capabilities = {"certificate_until": int(ends_at.timestamp())}
    service.converse(lock, lock.connect())
    service.now += timedelta(hours=1)
    assert brought(service) == []
    assert service.rows("SELECT answer_at FROM certificate_request") == [(None,)]
    with transaction(service.database.serve, SYSTEM) as session:
        assert locks.views(session, [lock.id])[lock.id].certificate_until == ends_at


def test_who_signs_hears_of_a_request_at_once(service: Service, lock: WireLock, signer: Signer) -> None:
    with signing(signer.url, signer.certificates):
        eventually(lambda: bool(service.rows("SELECT 1 FROM pg_stat_activity WHERE usename = 'anmen_revoke'")))
        time.sleep(0.3)  # by then it has looked, and waits to hear
        ask(service, lock, request_of(lock.id))
        eventually(lambda: rows(service) == [(True, 0)])


def eventually(happens: Callable[[], bool]) -> None:
    ends = time.monotonic() + 15
    while not happens():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_lock_that_never_takes_it_is_left_in_peace(service: Service, lock: WireLock, signer: Signer) -> None:
    ask(service, lock, request_of(lock.id))
    signer.sign()
    said = 0
    for _ in range(40):
        said += len(brought(service))
        service.now += timedelta(minutes=30)
    assert said == MOST_ANSWERS


def test_another_locks_name_is_refused_and_counted(service: Service, lock: WireLock, signer: Signer) -> None:
    [answer] = ask(service, lock, request_of("L-BBBBBBBBBBBB"))
    assert (answer.refusal, answer.chain) == (CertificateRefusal.WRONG_NAME, b"")
    [answer] = ask(service, lock, b"\x30\x00")
    assert answer.refusal == CertificateRefusal.BAD_KEY
    assert rows(service) == []
    assert signer.sign() == 0
    assert service.rows("SELECT reason, lock_id, refused FROM frame_refusal") == [("bad_content", lock.id, 2)]


def test_one_a_day_and_one_at_a_time(service: Service, lock: WireLock, signer: Signer) -> None:
    ask(service, lock, request_of(lock.id))
    [answer] = ask(service, lock, request_of(lock.id))
    assert answer.refusal == CertificateRefusal.NOT_NOW, "one waits already"
    assert signer.sign() == 1
    later = request_of(lock.id)
    [answer] = ask(service, lock, later)
    assert answer.refusal == CertificateRefusal.NOT_NOW
    service.now += timedelta(days=1)
    assert ask(service, lock, later) == []
    assert signer.sign() == 1
    assert rows(service) == [(True, 0), (True, 0)]


def test_one_a_day_holds_against_who_hears_locks(service: Service, lock: WireLock, signer: Signer) -> None:
    """Whatever is written down past the rule: the database and who signs have it, too; nothing else in another's name."""
    ask(service, lock, request_of(lock.id))
    signer.sign()
    foisted(service, lock.id, request_of(lock.id))
    assert signer.sign() == 0
    service.now += timedelta(days=1)
    assert signer.sign() == 1
    service.now += timedelta(days=1)
    foisted(service, lock.id, request_of("L-BBBBBBBBBBBB"))
    assert signer.sign() == 0
    assert len(signer.certificates.issued.of([lock.id])[lock.id]) == 2


def foisted(service: Service, lock: LockId, request: bytes) -> None:
    with transaction(service.database.ingest, SYSTEM) as session:
        session.execute(
            text("INSERT INTO certificate_request (lock_id, digest, request, received_at) VALUES (:l, :d, :r, :n)"),
            {"l": lock, "d": hashlib.sha256(request).digest(), "r": request, "n": service.now},
        )


@pytest.mark.parametrize("said", ["soon", True, None, [1], -1, 1 << 40])
def test_whatever_a_lock_says_of_its_end_holds_up_nobody(
    service: Service, lock: WireLock, signer: Signer, said: object
) -> None:
    ask(service, lock, request_of(lock.id))
    signer.sign()
    lock.capabilities = {"certificate_until": said}
    service.converse(lock, lock.connect())
    assert len(brought(service)) == (said != 1 << 40)


@pytest.mark.parametrize("signed", [False, True])
def test_a_lock_that_is_shut_out_gets_nothing(
    service: Service, lock: WireLock, signer: Signer, *, signed: bool
) -> None:
    """Neither a signature, nor what was signed a moment before."""
    ask(service, lock, request_of(lock.id))
    if signed:
        assert signer.sign() == 1
    shut_out(service)
    assert signer.sign() == 0
    assert len(signer.certificates.issued.of([lock.id])[lock.id]) == signed
    assert brought(service) == []
    service.restart()
    assert ask(service, lock, request_of(lock.id)) == []


def test_a_lock_that_is_shut_out_while_it_is_signed_for_gets_nothing(service: Service, lock: WireLock) -> None:
    ask(service, lock, request_of(lock.id))
    shut_out(service)
    with psycopg.connect(service.database.admin_dsn) as connection:
        kept = "SELECT keep_certificate(lock_id, digest, 'made', now(), now()) FROM certificate_request"
        assert connection.execute(kept).fetchall() == [(False,)]
        connection.execute("UPDATE lock SET revoked_at = NULL, revoked_as = NULL")
        assert connection.execute(kept).fetchall() == [(True,)]


def test_a_lock_that_has_not_proven_itself_is_not_heard(service: Service, lock: WireLock) -> None:
    lock.boot()
    service.hear(lock, lock.connect())
    assert ask(service, lock, request_of(lock.id)) == []
    assert rows(service) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE certificate_request SET chain = '\\x00', issued_at = now(), ends_at = now()",
        "DELETE FROM certificate_request",
        "SELECT keep_certificate('', '', '', now(), now())",
    ],
)
def test_who_hears_locks_writes_no_certificate(database: Database, statement: str) -> None:
    with database.ingest.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(statement))


def test_who_signs_sees_requests_and_nothing_else(database_roles: Roles, database: Database) -> None:
    url = make_url(database_roles.url(DatabaseRole.REVOKE, database.name)).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM open_certificate_request").fetchone() == (0,)
        for table in ("certificate_request", "lock", "entry"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT FROM {table}".encode())
