"""Which requests for a certificate are signed: the lock's own, and nothing else."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.topics import LockId
from service.renewal.rules import (
    MOST_ANSWERS,
    Flaw,
    FlawedRequest,
    answer_again_at,
    certified_key,
    is_too_soon,
)

LOCK, OTHER = LockId("L-AAAAAAAAAAAA"), LockId("L-BBBBBBBBBBBB")
KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def requested(
    *names: tuple[x509.ObjectIdentifier, str],
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = KEY,
    extension: x509.ExtensionType | None = None,
) -> bytes:
    subject = x509.Name([x509.NameAttribute(*name) for name in names or [(NameOID.COMMON_NAME, LOCK)]])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if extension is not None:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def flaw_of(request: bytes) -> Flaw:
    with pytest.raises(FlawedRequest) as refused:
        certified_key(request, LOCK)
    return refused.value.flaw


def test_the_locks_own_request_is_taken() -> None:
    assert certified_key(requested(), LOCK) == KEY.public_key()


def test_another_name_or_more_than_the_name_is_not() -> None:
    common = NameOID.COMMON_NAME
    assert flaw_of(requested((common, OTHER))) is Flaw.NAME
    assert flaw_of(requested((common, LOCK), (common, OTHER))) is Flaw.NAME
    assert flaw_of(requested((common, LOCK), (NameOID.ORGANIZATION_NAME, "x"))) is Flaw.NAME
    assert flaw_of(requested((NameOID.ORGANIZATION_NAME, LOCK))) is Flaw.NAME
    assert flaw_of(requested((common, "anmen-ingest"))) is Flaw.NAME


def test_another_curve_and_another_kind_of_key_are_not() -> None:
    assert flaw_of(requested(key=ec.generate_private_key(ec.SECP384R1()))) is Flaw.KEY
    assert flaw_of(requested(key=ec.generate_private_key(ec.SECP256K1()))) is Flaw.KEY
    assert flaw_of(requested(key=rsa.generate_private_key(65537, 2048))) is Flaw.KEY


def test_whoever_has_not_the_key_cannot_ask_for_it() -> None:
    request = requested()
    assert flaw_of(request[:-1] + bytes([request[-1] ^ 1])) is Flaw.KEY


def test_too_large_empty_and_followed_by_something_are_not_read() -> None:
    large = requested(extension=x509.SubjectAlternativeName([x509.DNSName("a" * 60 + ".example")] * 16))
    assert len(large) > 1024
    assert flaw_of(large) is Flaw.KEY
    assert flaw_of(b"") is Flaw.KEY
    assert flaw_of(requested() + b"\x00") is Flaw.KEY


@given(st.binary(max_size=1100))
def test_whatever_comes_is_judged_and_breaks_nothing(request: bytes) -> None:
    assert flaw_of(request) is Flaw.KEY


@pytest.mark.filterwarnings("ignore:Attribute's length")
@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_a_request_that_was_changed_on_the_way_certifies_no_other_key(flip: int) -> None:
    """Refused; but for the count of unused bits behind the signature, which says nothing of what is signed."""
    whole = requested()
    taken = 0
    for place in range(len(whole)):
        request = bytearray(whole)
        request[place] ^= flip
        with suppress(FlawedRequest):
            assert certified_key(bytes(request), LOCK) == KEY.public_key()
            taken += 1
    assert taken <= 1


def test_one_a_day() -> None:
    assert not is_too_soon(None, NOW)
    assert is_too_soon(NOW - timedelta(hours=23), NOW)
    assert not is_too_soon(NOW - timedelta(days=1), NOW)


def test_an_answer_comes_later_and_later_and_then_no_more() -> None:
    waits = [answer_again_at(answers, NOW) for answers in range(MOST_ANSWERS)]
    assert [(at - NOW).total_seconds() / 60 for at in waits if at] == [1, 2, 4, 8, 16, 32, 64]
    assert waits[-1] is None
