"""The chain over events: what it covers, what it hides, and who can have signed it."""

from dataclasses import replace

import cbor2
from cwt import COSE, COSEKey
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol.chain import (
    Link,
    commitment,
    first_link,
    is_signed_by,
    next_link,
    sign_head,
    statement,
)
from firmware_protocol.key_messages import ChainHead
from firmware_protocol.keys import chain_key, public_key
from firmware_protocol.messages import Event
from firmware_protocol.topics import lock_id
from tests.protocol import vector_parts as parts
from tests.protocol.drawn import EVENTS
from tests.protocol.make_vectors import STATIC
from tests.protocol.schema import problems

KEY = chain_key(STATIC, parts.LOCK, 1)
SIGNER = parts.SIGNING_KEY
PUBLIC = public_key(SIGNER)


def link_over(events: list[Event]) -> Link:
    link = first_link(parts.LOCK, parts.EPOCH)
    for event in events:
        link = next_link(link, commitment(KEY, event))
    return link


def signed(link: Link) -> ChainHead:
    return sign_head(SIGNER, parts.LOCK, parts.EPOCH, link, signed_at_ms=parts.AT_MS, quality=2)


@given(st.lists(EVENTS, min_size=1, max_size=6), st.data())
@settings(max_examples=60, deadline=None)
def test_another_event_anywhere_gives_another_link(events: list[Event], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(events) - 1))
    other = data.draw(EVENTS.filter(lambda one: one != events[at]))
    assert link_over(events) != link_over([*events[:at], other, *events[at + 1 :]])
    assert link_over(events) != link_over([*events[:at], *events[at + 1 :]])


def test_a_chain_belongs_to_one_lock_log_and_key() -> None:
    event = parts.EVENTS["opened"]
    assert len({first_link(parts.LOCK, epoch).value for epoch in range(20)}) == 20
    assert commitment(KEY, event) != commitment(chain_key(STATIC, parts.LOCK, 2), event)


def test_only_the_signing_key_makes_a_head_and_a_changed_one_is_nothing() -> None:
    head = signed(link_over(list(parts.EVENTS.values())))
    assert is_signed_by(PUBLIC, parts.LOCK, head)
    assert not is_signed_by(public_key(parts.LOCK_KEY), parts.LOCK, head)
    assert not is_signed_by(bytes(65), parts.LOCK, head)
    assert not is_signed_by(PUBLIC, lock_id("L-0123456789AC"), head)
    for changed in (
        replace(head, log_epoch=head.log_epoch + 1),
        replace(head, sequence=head.sequence + 1),
        replace(head, link=bytes(32)),
        replace(head, signed_at_ms=head.signed_at_ms + 1),
        replace(head, clock_quality=1),
        replace(head, signature=bytes(64)),
    ):
        assert not is_signed_by(PUBLIC, parts.LOCK, changed)


def test_what_is_hashed_and_signed_is_as_the_schema_says() -> None:
    assert problems(statement(parts.LOCK, signed(first_link(parts.LOCK, parts.EPOCH))), "head-statement") == []
    assert problems(cbor2.dumps(["anmen/1 chain", parts.LOCK, parts.EPOCH]), "chain-start") == []
    assert problems(cbor2.dumps(["chain", parts.LOCK, 1]), "key-info") == []


def test_an_independent_cose_library_verifies_a_head() -> None:
    head = signed(link_over([parts.EVENTS["opened"]]))
    _, protected, aad, payload = cbor2.loads(statement(parts.LOCK, head))
    key = COSEKey.new({1: 2, 3: -7, -1: 1, -2: PUBLIC[1:33], -3: PUBLIC[33:]})
    written = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, head.signature]))
    assert COSE.new().decode(written, key, external_aad=aad) == payload
