"""Checks of docs/protocol/firmware.md, third part: the two slots, and the moment of the switch. They install images."""

from functools import partial

from anmen.conformance.lists import CARD
from anmen.conformance.registry import Profile, checks
from anmen.conformance.releases import Release
from anmen.conformance.stand import ANSWER_S, BOOT_S, Stand
from anmen.conformance.updates import FIRMWARE, Updates
from anmen.conformance.verdict import Failed
from firmware_protocol.firmware import FirmwareRefusal
from firmware_protocol.firmware_messages import FirmwareWanted
from firmware_protocol.messages import Birth, Rebirth

FULL = Profile.FULL
SOAK_S = 8
LOOKED_S = 10.0
WATCHDOG_S = 10.0
# The bolt of a door that was opened by its handle is out again by then.
RELOCKED_S = 6.0
# When the power goes, in seconds after the last chunk was sent.
CUTS_S = (0.0, 0.05, 0.3, 1.0)


@checks("ANM-FWU-015", profile=FULL, feature=FIRMWARE, unseen="that every moment is as good as those that were tried")
def either_image_is_whole(stand: Stand) -> str:
    """Power cuts in the middle of the download and at several moments around the switch: the one image runs or the other."""
    updates, seen = Updates(stand), []
    updates.calm()
    release, before = updates.release(), updates.model().sequence
    since = updates.offer(release, chunks=1)
    stand.until(lambda: len(updates.questions(since)) > 2, ANSWER_S)
    seen.append(_runs(stand, (before,), "after a power cut in the middle of a download"))
    for wait in CUTS_S:
        since = stand.mark()
        stand.settle()
        updates.calm()
        release, before = updates.release(), updates.model().sequence
        updates.whole(release, updates.offer(release))
        stand.listen(wait)
        seen.append(_runs(stand, (before, release.sequence), f"after a power cut {wait:g} s after the last chunk"))
        stand.settle()
        stand.until(partial(updates.is_confirmed, release, since), ANSWER_S + RELOCKED_S)
    return f"sequences that ran after {len(seen)} power cuts: {', '.join(map(str, seen))}; each answered"


@checks("ANM-FWU-014", profile=FULL, feature=FIRMWARE)
def goes_on_by_itself(stand: Stand) -> str:
    """With the door open it has the image and waits (reason 18); shut, it goes on without another offer."""
    updates = Updates(stand)
    updates.calm()
    release = updates.release()
    stand.operator.move_leaf(opened=True)
    try:
        since = _waits_for_the_door(updates, release)
    finally:
        stand.operator.move_leaf(opened=False)
    updates.born(release.sequence, since)
    updates.confirmed(release, since, ANSWER_S)
    return "with the door open reason 18; after it was shut the image ran, without another offer"


@checks("ANM-FWU-016", profile=FULL, feature=FIRMWARE)
def damaged_images(stand: Stand) -> str:
    """One bit of the image is another than was signed: reason 10, and nothing is switched."""
    updates = Updates(stand)
    updates.calm()
    release, boot = updates.release(), stand.birth.boot_number
    stand.service.images[release.digest] = release.damaged()
    try:
        since = updates.offer(release)
        stand.until(lambda: any(_refusals(stand, since)) or stand.birth.boot_number != boot, updates.longest_s(release))
    finally:
        stand.service.images[release.digest] = release.image
    stand.answered({})
    reasons = _refusals(stand, since)
    updates.spend(release)
    if reasons != [FirmwareRefusal.DIGEST_DIFFERS] or stand.birth.boot_number != boot:
        raise Failed(
            expected="reason 10 (digest differs) for an image with one bit flipped, and no restart",
            seen=f"reasons {reasons}, boot {stand.birth.boot_number} after boot {boot}",
        )
    mark = stand.mark()
    stand.listen(LOOKED_S)
    if updates.questions(mark):
        raise Failed(expected="the image dropped", seen="further questions for it")
    return "an image with one bit flipped refused (reason 10) and dropped"


@checks("ANM-FWU-017", profile=FULL, feature=FIRMWARE, unseen="a bolt on its way, and a battery below 30 percent")
def not_while_the_door_is_used(stand: Stand) -> str:
    """With the leaf open or the bolt back nothing restarts, and the door works; without a link neither."""
    updates = Updates(stand)
    stand.await_open()
    stand.give(stand.issuer().card(91))
    updates.calm()
    release, boot = updates.release(), stand.birth.boot_number
    stand.operator.move_leaf(opened=True)
    try:
        _waits_for_the_door(updates, release)
        stand.listen(LOOKED_S)
        _same_boot(stand, boot, f"{LOOKED_S:g} s with the door open")
        if not stand.operator.show_card(CARD):
            raise Failed(expected="a right card taken while an image waits", seen="it was refused")
        stand.operator.cut_network()
    finally:
        stand.operator.move_leaf(opened=False)
    stand.listen(LOOKED_S + RELOCKED_S)
    since = stand.mark()
    stand.operator.restore_network()
    birth = stand.await_message(Birth, since, BOOT_S, expected="a birth after the network came back")[1]
    if birth.boot_number != boot:
        raise Failed(
            expected=f"boot {boot} still: without a link nothing is switched", seen=f"boot {birth.boot_number}"
        )
    # A lock may switch the moment it is welcomed: whatever was said to it just then would be lost with its boot.
    updates.born(release.sequence, since)
    updates.confirmed(release, since, ANSWER_S)
    return f"{LOOKED_S:g} s with the door open and {LOOKED_S + RELOCKED_S:g} s without a link: no restart, and a card opened"


def _waits_for_the_door(updates: Updates, release: Release) -> int:
    """Offer it with the door open: the lock must have all of it, say reason 18, and go on running what it runs."""
    since = updates.offer(release)
    updates.whole(release, since)
    updates.stand.await_message(
        FirmwareWanted,
        since,
        where=lambda one: one.reason == FirmwareRefusal.DOOR_IN_USE,
        expected="0 chunks, reason 18 (door in use)",
    )
    return since


def _runs(stand: Stand, allowed: tuple[int, ...], when: str) -> int:
    """Restart; the sequence that runs, which must be one of these."""
    sequence = stand.restart().capabilities.get(FIRMWARE)
    if type(sequence) is not int or sequence not in allowed:
        raise Failed(expected=f"sequence {' or '.join(map(str, allowed))} {when}", seen=f"{sequence}")
    return sequence


def _same_boot(stand: Stand, boot: int, when: str) -> None:
    stand.say(Rebirth())
    stand.answered({})
    if stand.birth.boot_number != boot:
        raise Failed(expected=f"boot {boot} still after {when}", seen=f"boot {stand.birth.boot_number}")


def _refusals(stand: Stand, since: int) -> list[int]:
    return [one.reason for _, one in stand.transcript.of(FirmwareWanted, since) if one.reason]
