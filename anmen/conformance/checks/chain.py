"""Checks of docs/protocol/chain.md: heads are signed, and the chain under them is the one of the events that were heard."""

from anmen.conformance.checks.full_flash import full_flash
from anmen.conformance.heads import SIGNING_KEY, arrives, latest_head, signing_point
from anmen.conformance.registry import Profile, checks, declared
from anmen.conformance.stand import ANSWER_S, Stand
from anmen.conformance.verdict import Failed
from firmware_protocol.chain import Link, is_signed_by
from firmware_protocol.vocabulary import Field

WELCOMES = 2
EVENTS = 5
CLOCK_MS = 300_000

declared(
    {
        "ANM-CHN-006": "An event that flash can no longer read has to be brought about inside the lock: the maker's word. (What a "
        "tombstone's link has to be is held by ANM-CHN-005.)"
    }
)


@checks("ANM-CHN-001", feature=SIGNING_KEY, unseen="that the pair is drawn in the lock and signs nothing else")
def heads_are_signed(stand: Stand) -> str:
    """By the key that the birth names, which is not the static one; and from head to head the chain is that of the events."""
    point = signing_point(stand)
    if point in stand.transcript.static_points:
        raise Failed(expected="a pair that does nothing but sign heads", seen="the static key of the lock")
    before = latest_head(stand)
    stand.cause_events(EVENTS)
    stand.until(lambda: stand.service.has_all, ANSWER_S)
    after = latest_head(stand)
    for head in (before, after):
        if not is_signed_by(point, stand.identity.lock, head):
            raise Failed(
                expected="a signature that the key in the birth verifies",
                seen=f"a head of event {head.sequence} with another",
            )
    arrives(stand, Link(before.sequence, before.link), after)
    return f"heads of events {before.sequence} and {after.sequence} signed; the events between them lead from one to the other"


@checks("ANM-CHN-005", profile=Profile.FULL, feature=SIGNING_KEY)
def tombstones_carry_the_link(stand: Stand) -> str:
    """From the link in the tombstone of a full flash the events after it lead to the next signed head."""
    tombstones = full_flash(stand).tombstones
    without = [one for one in tombstones if not isinstance(one.get(Field.DIGEST), bytes)]
    if without or not tombstones:
        raise Failed(expected="the field 11 in every tombstone", seen=f"{len(without)} of {len(tombstones)} without")
    last = max(tombstones, key=lambda one: one.fields[Field.LAST])
    head = latest_head(stand)
    arrives(stand, Link(last.fields[Field.LAST], last.fields[Field.DIGEST]), head)
    return (
        f"from the tombstone's link after event {last.fields[Field.LAST]} to the signed head of event {head.sequence}"
    )


@checks("ANM-CHN-007", feature=SIGNING_KEY, unseen="that it says one every hour (the kit does not wait for it)")
def a_head_after_every_welcome(stand: Stand) -> str:
    """Of the log's epoch, as far as it has come, with a time that is right where the clock is set."""
    for _ in range(WELCOMES):
        head = latest_head(stand)
    if head.log_epoch != stand.service.epoch or not 0 < head.sequence < stand.service.next_sequence:
        raise Failed(
            expected=f"epoch {stand.service.epoch}, a number below {stand.service.next_sequence}",
            seen=f"epoch {head.log_epoch}, number {head.sequence}",
        )
    off_ms = abs(head.signed_at_ms - stand.line.unix_ms())
    if head.clock_quality and off_ms > CLOCK_MS:
        raise Failed(expected="its own time", seen=f"{off_ms // 1000} s beside the right one")
    return f"a head after each of {WELCOMES} welcomes, up to event {head.sequence}"
