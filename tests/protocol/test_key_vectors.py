"""The vectors of a claim, a change of keys and a certificate: what the lock's own code makes of them."""

import hashlib
import json
from typing import Any

import pytest
from cryptography import x509

from device_sim.certificate import is_ours
from firmware_protocol.chain import commitment, first_link, next_link
from firmware_protocol.claim import LockClaim, PressedButton, next_secret, open_claim, read_secret
from firmware_protocol.keys import chain_key, exchange, private_key, public_key
from firmware_protocol.messages import Event
from firmware_protocol.topics import LOCK_ID_ALPHABET
from tests.protocol import key_vectors
from tests.protocol import vector_parts as parts
from tests.protocol.make_vectors import FOLDER


def read(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


CLAIM, CHANGE, CERTIFICATE = (read(name) for name in ("claim", "key_change", "certificate"))


def test_a_lock_says_the_claim_of_the_vectors_twice_and_takes_the_answer() -> None:
    drawn = PressedButton(parts.LOCK_KEY, parts.SIGNING_KEY, bytes.fromhex(CLAIM["ephemeral_private"]))
    claim = LockClaim(parts.LOCK, read_secret(CLAIM["secret"].lower()), drawn, now=0.0)
    said = [frame.hex() for now in (0.0, 5.0) for frame in claim.to_send(now)]
    assert said == CLAIM["claim"]["frames"]
    assert {open_claim(parts.LOCK, CLAIM["secret"], bytes.fromhex(one))[0].hex() for one in said} == {CLAIM["session"]}
    identity = claim.receive(bytes.fromhex(CLAIM["claimed"]["frame"]), 6.0)
    assert identity is not None
    assert identity.service_public_key == public_key(parts.SERVICE_KEY)


@pytest.mark.parametrize("epoch", [1, 2])
def test_the_next_secret_takes_its_characters_from_the_lowest_bits_on(epoch: int) -> None:
    static = key_vectors.STATIC if epoch == 1 else key_vectors.NEXT_STATIC
    said = CLAIM["next_secret"][str(epoch)]
    assert next_secret(static, parts.LOCK, epoch) == said
    number = sum(LOCK_ID_ALPHABET.index(one) << 5 * at for at, one in enumerate(said))
    from_hkdf = key_vectors.secret_bytes(static, epoch)
    assert number == int.from_bytes(from_hkdf, "big") % (1 << 100)


def test_the_chain_goes_on_over_the_change() -> None:
    link = first_link(parts.LOCK, CHANGE["chain"]["log_epoch"])
    new = exchange(bytes.fromhex(CHANGE["lock_private"]), public_key(bytes.fromhex(CHANGE["service_private"])))
    assert new.hex() == CHANGE["static_secret"]
    keys = {1: chain_key(key_vectors.STATIC, parts.LOCK, 1), 2: chain_key(new, parts.LOCK, 2)}
    assert {str(epoch): key.hex() for epoch, key in keys.items()} == CHANGE["chain"]["chain_keys"]
    for one in CHANGE["chain"]["events"]:
        event = Event(*key_vectors.decoded(one["encoded"]))
        link = next_link(link, commitment(keys[one["key_epoch"]], event))
        assert link.value.hex() == one["link"]


def test_the_certificate_of_the_vectors_is_taken_and_no_later_one() -> None:
    request = bytes.fromhex(CERTIFICATE["request"])
    asked = x509.load_der_x509_csr(request)
    assert asked.is_signature_valid
    assert len(request) <= 1024
    assert hashlib.sha256(request).hexdigest() == CERTIFICATE["request_digest"]
    chain, key = bytes.fromhex(CERTIFICATE["chain"]), bytes.fromhex(CERTIFICATE["private"])
    now, until = CERTIFICATE["clock"], CERTIFICATE["present_until"]
    assert is_ours(chain, parts.LOCK, key, now_s=now, longer_than=until)
    assert not is_ours(chain, parts.LOCK, private_key(bytes(47) + b"\1"), now_s=now, longer_than=until)
    assert not is_ours(chain, parts.LOCK, key, now_s=now, longer_than=until + 367 * 86_400)
    assert not is_ours(chain, parts.LOCK, key, now_s=now - 2 * 86_400, longer_than=until)
