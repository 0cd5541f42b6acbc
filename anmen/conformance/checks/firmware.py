"""Checks of docs/protocol/firmware.md, first part: what is offered, what is refused, and what is withdrawn."""

from anmen.conformance.counterpart import Manners
from anmen.conformance.registry import Profile, checks
from anmen.conformance.releases import NEVER_RUN, Role, signed, simulated
from anmen.conformance.stand import Stand
from anmen.conformance.updates import CLASS, FIRMWARE, ID_BYTES, VENDOR, Updates
from anmen.conformance.verdict import Failed
from firmware_protocol.firmware import FirmwareRefusal
from firmware_protocol.firmware_messages import FirmwareOffer
from firmware_protocol.keys import private_key

FULL = Profile.FULL
NO_CHUNKS = Manners(most_chunks=0)
UNWELCOME = Manners(challenges=False, welcomes=False)
RETRY_S, LONG_PAUSE_MS = 5.0, 1500
ZEROS = bytes(32)


@checks("ANM-FWU-001")
def says_what_it_runs(stand: Stand) -> str:
    """All three capabilities or none of them, each as the page says."""
    said = {name: stand.birth.capabilities.get(name) for name in (FIRMWARE, VENDOR, CLASS)}
    if all(value is None for value in said.values()):
        return "none of the three capabilities: a lock that is offered nothing"
    ids = [said[VENDOR], said[CLASS]]
    is_number = type(said[FIRMWARE]) is int and int(said[FIRMWARE] or 0) > 0
    if not is_number or not all(isinstance(one, str) and _is_id(one) for one in ids):
        raise Failed(
            expected=f"{FIRMWARE} a number, {VENDOR} and {CLASS} {2 * ID_BYTES} hexadecimal digits", seen=f"{said}"
        )
    return f"sequence {said[FIRMWARE]}, vendor {ids[0]}, class {ids[1]}"


@checks("ANM-FWU-003", feature=FIRMWARE)
def signature_first(stand: Stand) -> str:
    """What another key signed is refused as not signed, whatever it says: another vendor, an old sequence, a later condition."""
    updates, stranger = Updates(stand), private_key(stand.draw(48))
    for role in (Role.WRONG_VENDOR, Role.OLD, Role.CONDITION, Role.GOOD):
        forged = signed(role, NEVER_RUN, updates.model(), image=simulated(role), key=stranger)
        since = updates.offer(forged)
        updates.refused(since, FirmwareRefusal.NOT_SIGNED, f"a manifest ({role.value}) that another key signed")
    return "four manifests of another key, each wrong in its own way: all refused as not signed"


@checks("ANM-FWU-004", profile=FULL, feature=FIRMWARE)
def keys_of_later_versions(stand: Stand) -> str:
    """An unknown negative key is refused, unknown positive ones are skipped."""
    updates = Updates(stand)
    updates.calm()
    since = updates.offer(updates.release(Role.CONDITION))
    updates.refused(since, FirmwareRefusal.UNKNOWN_CONDITION, "a manifest with the key -1")
    stand.behave(NO_CHUNKS)
    since = updates.offer(updates.release(Role.LATER))
    updates.question(since, expected="a question for chunks: the unknown keys 60 and 200 are skipped")
    updates.calm()
    return "key -1 refused, keys 60 and 200 skipped"


@checks("ANM-FWU-013", feature=FIRMWARE)
def refusals_are_said(stand: Stand) -> str:
    """0 chunks and the reason; zeros for a digest where nothing could be read, and the manifest's where it could."""
    updates = Updates(stand)
    for name, envelope in (("bytes that are no envelope", b"\xff" * 40), ("an empty map", b"\xa0")):
        since = stand.mark()
        stand.say(FirmwareOffer(envelope))
        told = updates.refused(since, FirmwareRefusal.NOT_READABLE, name)
        if told.digest != ZEROS:
            raise Failed(expected="a digest of zeros for what could not be read", seen=told.digest.hex())
    if stand.releases is None:
        return "two that could not be read refused with 0 chunks, reason 1 and zeros (the kit has no signed ones)"
    foreign = updates.release(Role.WRONG_VENDOR)
    told = updates.refused(updates.offer(foreign), FirmwareRefusal.WRONG_VENDOR, "another vendor's image")
    if told.digest != foreign.digest:
        raise Failed(expected=f"the manifest's digest {foreign.digest.hex()[:16]}…", seen=told.digest.hex()[:16])
    return (
        "two that could not be read refused with zeros, a signed one with its digest; each with 0 chunks and the reason"
    )


def _is_id(text: str) -> bool:
    return len(text) == 2 * ID_BYTES and all(letter in "0123456789abcdef" for letter in text)
