"""What must not happen to an operator's authority, its book and its list: each of it would keep stolen locks on the line."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from anmen.certificates import Certificates
from anmen.database_roles import DatabaseRole
from anmen.errors import MachineError
from anmen.revocation_list import NAME, RevocationList
from anmen.revocations import TellingBroker, revocations
from anmen.shutting_out import ShuttingOut
from service.edges import clock
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from tests import given_living as living
from tests.fixtures_database import Database, Roles

STOLEN, OTHER = "L-AAAAAAAAAAAA", "L-BBBBBBBBBBBB"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def authority_in(folder: Path, key: Key, *, signed_by: Key, ends_at: datetime) -> bytes:
    """An operator's authority for locks in this folder; its key's file as it lies there."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Operator's locks")])
    above = name if signed_by is key else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Operator's root")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(above).public_key(key.public_key())
    builder = builder.serial_number(5).not_valid_before(NOW - timedelta(days=900)).not_valid_after(ends_at)
    made = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "locks-ca.pem").write_bytes(made.sign(signed_by, hashes.SHA256()).public_bytes(pem))
    (folder / "locks-ca.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return (folder / "locks-ca.key").read_bytes()


@pytest.mark.parametrize(
    ("curve", "is_root", "days"),
    [(ec.SECP256R1(), False, 900), (ec.SECP256R1(), True, 29), (ec.SECP384R1(), True, 900)],
)
def test_an_operators_authority_is_used_as_it_is(
    tmp_path: Path, curve: ec.EllipticCurve, is_root: bool, days: int
) -> None:
    """One below a root, and one that ends soon, was taken for none: another was made in its place, and its key was gone."""
    key = ec.generate_private_key(curve)
    root = key if is_root else ec.generate_private_key(curve)
    # The command's own clock is the real one, and a later end is as good.
    before = authority_in(tmp_path, key, signed_by=root, ends_at=clock.now() + timedelta(days=days))
    revocations(tmp_path, tmp_path / NAME, empty=True)
    assert (tmp_path / "locks-ca.key").read_bytes() == before
    listing = x509.load_pem_x509_crl((tmp_path / NAME).read_bytes())
    assert listing.is_signature_valid(key.public_key())
    renewed = Certificates(tmp_path, given=True).renew_for_lock(STOLEN, ec.generate_private_key(curve).public_key())
    renewed.verify_directly_issued_by(x509.load_pem_x509_certificate((tmp_path / "locks-ca.pem").read_bytes()))


def test_an_authority_that_cannot_be_used_is_named_and_left_alone(tmp_path: Path) -> None:
    other = rsa.generate_private_key(65537, 2048)
    before = authority_in(tmp_path, other, signed_by=other, ends_at=NOW + timedelta(days=9000))
    with pytest.raises(MachineError, match="Nothing was changed"):
        revocations(tmp_path, tmp_path / NAME, empty=True)
    assert (tmp_path / "locks-ca.key").read_bytes() == before
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "locks-ca.key").write_bytes(_key_pem(key))
    with pytest.raises(MachineError, match="is not the key of"):
        revocations(tmp_path, tmp_path / NAME, empty=True)
    assert (tmp_path / "locks-ca.key").read_bytes() == _key_pem(key)


def test_a_disk_that_cannot_be_read_costs_no_authority_its_key(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path, now=lambda: NOW)
    certificates.for_lock(STOLEN)
    kept = tmp_path / "locks-ca.key"
    kept.rename(tmp_path / "aside")
    kept.symlink_to(kept)
    with pytest.raises(OSError, match="symbolic links"):
        certificates.for_lock(OTHER)
    assert kept.is_symlink()


def test_the_certificate_after_a_torn_line_of_the_book_is_known_too(tmp_path: Path) -> None:
    """Without its line no list can name it, and a stolen lock comes in for a year."""
    certificates = Certificates(tmp_path, now=lambda: NOW)
    certificates.for_lock(STOLEN)
    book = tmp_path / "issued.txt"
    book.write_bytes(book.read_bytes()[:-30] + b"\x00\xff")
    certificates.for_lock(OTHER)
    assert RevocationList(tmp_path / NAME, certificates, now=lambda: NOW).unknown([STOLEN, OTHER]) == [STOLEN]


def test_a_line_that_an_operator_wrote_without_a_zone_is_read(tmp_path: Path) -> None:
    (tmp_path / "issued.txt").write_text(f"{STOLEN} 4f1c 2027-12-24T08:00:00\n")
    listing = RevocationList(tmp_path / NAME, Certificates(tmp_path, now=lambda: NOW), now=lambda: NOW)
    assert listing.serials([STOLEN]) == {0x4F1C}


def test_a_broker_that_could_not_be_told_is_told_again(tmp_path: Path) -> None:
    """The list lay there, current, and a stolen lock came in for a week."""
    certificates = Certificates(tmp_path, now=lambda: NOW)
    certificates.for_lock(STOLEN)
    listing = RevocationList(tmp_path / NAME, certificates, now=lambda: NOW)
    tries, good = tmp_path / "tries", tmp_path / "good"
    reload = ["sh", "-c", f"echo >> {tries}; test -e {good}"]
    telling = TellingBroker(listing, reload)
    for _ in range(2):
        telling.tell(frozenset({STOLEN}))
    good.touch()
    for _ in range(2):
        telling.tell(frozenset({STOLEN}))
    assert len(tries.read_text()) == 3
    TellingBroker(listing, reload).tell(frozenset({STOLEN}))
    assert len(tries.read_text()) == 4, "after a start nobody knows what the broker has read"
    TellingBroker(listing, [str(tmp_path / "no such command")]).tell(frozenset({STOLEN}))


def test_whatever_goes_wrong_is_tried_again(database: Database, database_roles: Roles) -> None:
    told = threading.Event()

    def tell(_: frozenset[str]) -> bool:
        if not told.is_set():
            told.set()
            raise ValueError("a book that cannot be read")
        shutting.listening.stop()
        return False

    shutting = ShuttingOut(
        database_roles.url(DatabaseRole.REVOKE, database.name), tell_broker=tell, throw_off=lambda _: None
    )
    thread = threading.Thread(target=shutting.listening.run, daemon=True)
    thread.start()
    thread.join(5)
    assert told.is_set()
    assert not thread.is_alive()


@pytest.mark.parametrize("listed_anew", [True, False])
def test_what_was_shut_out_long_ago_is_thrown_off_where_the_list_did_not_name_it(
    database: Database, database_roles: Roles, keyring: Keyring, listed_anew: bool
) -> None:
    """Nobody had run it for a week: the broker refuses the lock from now on, but its line of that week is still up."""
    now = clock.now()
    [lock] = living.living(database.serve, keyring, now).locks
    with transaction(database.serve, SYSTEM) as session:
        long_ago = {"at": now - timedelta(days=7)}
        session.execute(text("UPDATE lock SET revoked_at = :at, revoked_as = 'stolen'"), long_ago)
    thrown, asked = threading.Event(), threading.Event()

    def tell(locks: frozenset[str]) -> bool:
        assert locks == {lock}
        asked.set()
        return listed_anew

    url = database_roles.url(DatabaseRole.REVOKE, database.name)
    shutting = ShuttingOut(url, tell_broker=tell, throw_off=lambda _: thrown.set())
    with shutting.listening.beside():
        assert asked.wait(5)
        assert thrown.wait(5 if listed_anew else 1) == listed_anew


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
