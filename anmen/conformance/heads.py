"""Signed heads of a lock's chain, and the way from one to the next over the events that were heard."""

from dataclasses import dataclass

from anmen.conformance.counterpart import Manners
from anmen.conformance.stand import ANSWER_S, Stand
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol import ServiceIdentity
from firmware_protocol.chain import Link, commitment, next_link
from firmware_protocol.key_messages import ChainHead
from firmware_protocol.keys import chain_key, exchange
from firmware_protocol.messages import Birth, Event, Events, Rebirth

SIGNING_KEY = "signing_key"


@dataclass(frozen=True, slots=True)
class Over:
    """Events hang on the keys `before` up to the one below `first`, and from there on `after`."""

    before: ServiceIdentity
    after: ServiceIdentity
    first: int


def signing_point(stand: Stand) -> bytes:
    """The key that the birth names for heads; Failed where it is none."""
    said = stand.birth.capabilities.get(SIGNING_KEY)
    try:
        return bytes.fromhex(said if isinstance(said, str) else "?")
    except ValueError:
        raise Failed(expected="130 hexadecimal digits", seen=f"the capability signing_key {said!r}") from None


def latest_head(stand: Stand) -> ChainHead:
    """The head that follows another welcome, all events up to it being stored."""
    stand.behave(Manners())
    since = stand.mark()
    stand.say(Rebirth())
    stand.await_message(Birth, since)
    head = stand.await_message(ChainHead, since, expected="a signed head after a welcome")[1]
    stand.until(lambda: stand.service.has_all, ANSWER_S)
    return head


def arrives(stand: Stand, start: Link, head: ChainHead, *, over: Over | None = None) -> None:
    """From the link over every event heard after it to the link of the head; `over`: from one pair of keys to another."""
    events, link, turn = _heard(stand, head.log_epoch), start, over or Over(stand.identity, stand.identity, 0)
    before, after = _key_of(turn.before), _key_of(turn.after)
    for number in range(start.sequence + 1, head.sequence + 1):
        if number not in events:
            raise NotTried(f"event {number} was not heard")
        link = next_link(link, commitment(before if number < turn.first else after, events[number]))
    if link.value != head.link:
        raise Failed(
            expected=f"from event {start.sequence} on the link {link.value.hex()[:16]}… after event {head.sequence}",
            seen=f"{head.link.hex()[:16]}…",
        )


def _heard(stand: Stand, epoch: int) -> dict[int, Event]:
    return {
        event.sequence: event
        for said, event in stand.transcript.events()
        if isinstance(said.message, Events) and said.message.log_epoch == epoch
    }


def _key_of(identity: ServiceIdentity) -> bytes:
    static = exchange(identity.private_key, identity.lock_public_key)
    return chain_key(static, identity.lock, identity.key_epoch)
