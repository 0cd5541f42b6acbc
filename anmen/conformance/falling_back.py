"""One fall-back, brought about once and used by several checks: an image that is started three times and never welcomed."""

from anmen.conformance.counterpart import Manners
from anmen.conformance.releases import Release
from anmen.conformance.stand import Stand
from anmen.conformance.updates import FIRMWARE, Updates
from anmen.conformance.verdict import Failed
from firmware_protocol.firmware import TRIAL_BOOTS

UNWELCOME = Manners(challenges=False, welcomes=False)


def fallen_back(stand: Stand) -> Release:
    """An image that was started three times without a welcome; the lock runs the one before again. Brought about once a run."""
    return stand.once("fallen back", lambda: _fall_back(stand))


def _fall_back(stand: Stand) -> Release:
    updates = Updates(stand)
    updates.calm()
    release, before = updates.release(), updates.model().sequence
    updates.install(release, manners=UNWELCOME)
    for start in range(2, TRIAL_BOOTS + 2):
        birth = stand.restart(manners=UNWELCOME)
        wanted = release.sequence if start <= TRIAL_BOOTS else before
        if birth.capabilities.get(FIRMWARE) != wanted:
            raise Failed(
                expected=f"sequence {wanted} at start {start} of an image that nobody welcomes",
                seen=f"sequence {birth.capabilities.get(FIRMWARE)}",
            )
    updates.spend(release)
    stand.settle()
    return release
