"""An independent implementation of COSE opens what we seal, and we open what it seals.

The library knows no Partial IV. RFC 9052 §3.1 says what IV it stands for; in the test that IV goes where the library
looks for it, into the unprotected header, which neither the tag nor the key covers.
"""

import cbor2
import pytest
from cwt import COSE, COSEKey
from cwt.cose_key_interface import COSEKeyInterface
from cwt.exceptions import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.keys import FrameKey
from firmware_protocol.sealing import FrameKind, Header, Seal, parse
from firmware_protocol.topics import Direction
from tests.protocol.pair import LOCK
from tests.protocol.test_sealing import HEADERS, PLAIN

KEY = FrameKey(bytes(range(16)), bytes(range(100, 112)))
SEAL = Seal(KEY, LOCK, Direction.UP)
AAD = f"anmen/1/{LOCK}/up".encode()


def key_of(session: bytes) -> COSEKeyInterface:
    """The frame key as the library wants it: symmetric (kty 4), A128GCM (alg 1), found by its kid."""
    return COSEKey.new({1: 4, 2: session, 3: 1, -1: KEY.key})


def iv_of(counter: int) -> bytes:
    """Base IV XOR Partial IV, the latter padded on the left (RFC 9052 §3.1)."""
    return bytes(one ^ other for one, other in zip(KEY.iv, counter.to_bytes(12, "big"), strict=True))


def with_iv(raw: bytes, counter: int) -> bytes:
    protected, _, ciphertext = cbor2.loads(raw).value
    return cbor2.dumps(cbor2.CBORTag(16, [protected, {5: iv_of(counter)}, ciphertext]))


@given(HEADERS, PLAIN)
def test_the_library_opens_what_we_seal(header: Header, plain: bytes) -> None:
    raw = with_iv(SEAL.seal(header, plain), header.counter)
    assert COSE.new().decode(raw, key_of(header.session), external_aad=AAD) == plain


@given(PLAIN, st.integers(0, (1 << 63) - 1))
def test_we_open_what_the_library_seals(plain: bytes, counter: int) -> None:
    header = {1: 1, 4: b"session8", 6: counter.to_bytes(8, "big"), -70001: int(FrameKind.SESSION)}
    protected = cbor2.dumps(header)
    # Its message writer refuses IV and Partial IV side by side, so the Enc_structure of RFC 9052 §5.3 is given to its key.
    sealed = key_of(b"session8").encrypt(plain, iv_of(counter), cbor2.dumps(["Encrypt0", protected, AAD]))
    frame = parse(cbor2.dumps(cbor2.CBORTag(16, [protected, {}, sealed])))
    assert frame.header == Header(FrameKind.SESSION, b"session8", counter)
    assert SEAL.open(frame) == plain


def test_the_library_refuses_what_we_refuse() -> None:
    raw = with_iv(SEAL.seal(Header(FrameKind.SESSION, b"session8", 7), bytes(192)), 7)
    with pytest.raises(DecodeError):
        COSE.new().decode(raw, key_of(b"session8"), external_aad=AAD + b"!")
    with pytest.raises(DecodeError):
        COSE.new().decode(raw[:-1] + b"!", key_of(b"session8"), external_aad=AAD)


def test_the_library_is_told_the_same_headers() -> None:
    raw = with_iv(SEAL.seal(Header(FrameKind.SESSION, b"session8", 7), bytes(192)), 7)
    protected, _, _ = COSE.new().decode_with_headers(raw, key_of(b"session8"), external_aad=AAD)
    assert protected == {1: 1, 4: b"session8", 6: (7).to_bytes(8, "big"), -70001: 0}
