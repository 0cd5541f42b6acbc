"""Checks of docs/protocol/keys.md and chain.md: a change of keys that goes through. From here on the lock has other keys.

It is done twice: with an answer, and with a power cut right behind the welcome. Both pairs are kept while the lock may have either.
"""

from dataclasses import dataclass

from anmen.conformance.counterpart import SILENT, USUAL, Manners
from anmen.conformance.heads import SIGNING_KEY, Over, arrives, latest_head
from anmen.conformance.registry import Profile, checks
from anmen.conformance.rekeying import Offered, answer_under, offer_keys, speaks_under
from anmen.conformance.stand import ANSWER_S, BOOT_S, Stand
from anmen.conformance.verdict import Failed
from firmware_protocol import ServiceIdentity
from firmware_protocol.chain import Link
from firmware_protocol.key_change import KEY_EPOCH_CAPABILITY, WELCOME_WAIT_S
from firmware_protocol.key_messages import ChainHead
from firmware_protocol.messages import Event, Welcome
from firmware_protocol.vocabulary import EventType, Field

# Longer than a lock with two pairs waits before it tries the other one.
SILENCE_S = WELCOME_WAIT_S + 10.0


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that went through: the keys before, what was said of it, and the heads around it, where the lock signs any."""

    before: ServiceIdentity
    offered: Offered
    told: Event
    heads: tuple[ChainHead, ChainHead] | None


@checks(
    "ANM-KEY-026", profile=Profile.FULL, feature=KEY_EPOCH_CAPABILITY, unseen="that nothing of the old pair is in flash"
)
def goes_over_for_good(stand: Stand) -> str:
    """List and log as before until the welcome, keys changed with it; left without an answer it stays with the new pair."""
    changed = _changed(stand)
    old, tried = changed.offered.old_birth, changed.offered.tried_birth
    if (tried.log_epoch, tried.list_version, tried.list_digest) != (old.log_epoch, old.list_version, old.list_digest):
        raise Failed(
            expected=f"log {old.log_epoch} and list {old.list_version} until the welcome",
            seen=f"log {tried.log_epoch} and list {tried.list_version}",
        )
    if changed.told.sequence < tried.next_sequence:
        raise Failed(
            expected=f"keys changed recorded with the welcome, as event {tried.next_sequence} or later",
            seen=f"event {changed.told.sequence}, before it was welcomed",
        )
    # What the old pair would open is to be heard too.
    stand.transcript.other = changed.before
    since = stand.mark()
    stand.restart(manners=SILENT)
    stand.listen(SILENCE_S)
    again = stand.transcript.find(lambda one: speaks_under(stand, one, changed.before.key_epoch), since)
    if again is not None:
        raise Failed(
            expected=f"the new keys alone, whoever answers, after it was welcomed under key epoch {stand.identity.key_epoch}",
            seen=f"a birth under key epoch {changed.before.key_epoch} in {SILENCE_S:.0f} s of silence",
        )
    return f"event {changed.told.sequence} with the welcome; {SILENCE_S:.0f} s of silence after a power cut under the new keys"


@checks("ANM-CHN-011", profile=Profile.FULL, feature=KEY_EPOCH_CAPABILITY, unseen="every moment of a power cut")
def the_log_tells_of_it(stand: Stand) -> str:
    """Keys changed, once, with both epochs; the events before it lead on under the old chain key, it and those behind it under the new."""
    changes = (_changed(stand), _change(stand, cut=True))
    for one in changes:
        said = (one.told.get(Field.KEY_EPOCH), one.told.get(Field.KEY_EPOCH_BEFORE))
        if said != (one.offered.identity.key_epoch, one.before.key_epoch):
            raise Failed(
                expected=f"key epoch {one.offered.identity.key_epoch}, before it {one.before.key_epoch}",
                seen=f"{said[0]}, before it {said[1]}",
            )
        if stand.birth.capabilities.get(SIGNING_KEY) and one.heads is None:
            raise Failed(expected="a signed head before the change and behind it", seen="none")
        if one.heads is not None:
            start, end = one.heads
            over = Over(one.before, one.offered.identity, one.told.sequence)
            arrives(stand, Link(start.sequence, start.link), end, over=over)
    told = " and ".join(str(one.told.sequence) for one in changes)
    chained = "the chain goes over at them" if changes[0].heads else "it keeps no chain"
    return f"keys changed as events {told}, the second with a power cut behind the welcome; {chained}"


def _changed(stand: Stand) -> Changed:
    return stand.once("a change of keys that went through", lambda: _change(stand))


def _change(stand: Stand, *, cut: bool = False) -> Changed:
    stand.settle()
    start = _head(stand)
    before, since = stand.identity, stand.mark()
    offered = offer_keys(stand)
    stand.behave(Manners(welcomes=False) if cut else USUAL)
    answer_under(stand, offered)
    if cut:
        stand.say(Welcome(stand.birth.birth_number, USUAL.heartbeat_s, USUAL.backfill_per_s, USUAL.slot_ms))
        stand.restart()
    first = offered.old_birth.next_sequence
    told = stand.await_event(EventType.KEYS_CHANGED, since, BOOT_S, where=lambda one: one.sequence >= first)[1]
    stand.settle()
    _once(stand, since, first)
    end = _head(stand)
    return Changed(before, offered, told, (start, end) if start and end else None)


def _head(stand: Stand) -> ChainHead | None:
    """None where it signs none: that it has to is another check's matter (ANM-CHN-007)."""
    try:
        return latest_head(stand)
    except Failed:
        return None


def _once(stand: Stand, since: int, first: int) -> None:
    stand.until(lambda: stand.service.has_all, ANSWER_S)
    events = {one.sequence: one for _, one in stand.transcript.events(since) if one.sequence >= first}
    told = [number for number, one in events.items() if one.type == EventType.KEYS_CHANGED]
    if len(told) != 1:
        raise Failed(expected="keys changed, once", seen=f"events {sorted(told)}")
