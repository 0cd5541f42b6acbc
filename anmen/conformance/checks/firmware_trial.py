"""Checks of docs/protocol/firmware.md, last part: the trial, the way back, and what the log says of it. They install images."""

from anmen.conformance.falling_back import UNWELCOME, fallen_back
from anmen.conformance.registry import Profile, checks
from anmen.conformance.releases import Role
from anmen.conformance.stand import ANSWER_S, Stand
from anmen.conformance.updates import FIRMWARE, Updates
from anmen.conformance.verdict import Failed
from firmware_protocol.firmware import FirmwareCause, FirmwareOutcome, FirmwareRefusal
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType, Field

FULL = Profile.FULL
SOAK_S = 8
WATCHDOG_S = 10.0


@checks("ANM-FWU-005", profile=FULL, feature=FIRMWARE)
def images_that_do_not_fit(stand: Stand) -> str:
    """Another vendor's, another class's, an older one, one that needs a newer one, one that is too large."""
    updates = Updates(stand)
    updates.calm()
    reasons = {
        Role.WRONG_VENDOR: FirmwareRefusal.WRONG_VENDOR,
        Role.WRONG_CLASS: FirmwareRefusal.WRONG_CLASS,
        Role.OLD: FirmwareRefusal.OLD,
        Role.NEEDS_NEWER: FirmwareRefusal.NEEDS_NEWER,
        Role.TOO_LARGE: FirmwareRefusal.TOO_LARGE,
    }
    for role, reason in reasons.items():
        updates.refused(updates.offer(updates.release(role)), reason, f"an image that is signed and {role.value}")
    failed = fallen_back(stand)
    since = updates.offer(failed)
    updates.refused(since, FirmwareRefusal.FELL_BACK_BEFORE, "the image that the lock has fallen back from")
    return f"refused for the right reason: {', '.join(role.value for role in reasons)}, and one fallen back from"


@checks("ANM-FWU-018", profile=FULL, feature=FIRMWARE, unseen="the 60 s where an offer names none, the 300 s at most")
def welcomed_and_run_for_long_enough(stand: Stand) -> str:
    """Welcomed at once it is taken after the seconds of the offer; unwelcomed not even then, but when it is welcomed."""
    updates = Updates(stand)
    updates.calm()
    release, since = updates.release(), stand.mark()
    born = updates.started(updates.install(release, soak_s=SOAK_S))
    early = updates.confirmed(release, since, SOAK_S + ANSWER_S) - born
    if early < SOAK_S - 1.0:
        raise Failed(expected=f"{SOAK_S} s on trial, as the offer says", seen=f"taken for good after {early:.1f} s")
    release, since = updates.release(), stand.mark()
    updates.install(release, soak_s=SOAK_S, manners=UNWELCOME)
    stand.listen(SOAK_S + 4.0)
    if updates.is_confirmed(release, since):
        raise Failed(expected="on trial until it is welcomed", seen="taken for good without a welcome")
    stand.settle()
    updates.confirmed(release, since, ANSWER_S)
    return f"taken {early:.1f} s after its birth where {SOAK_S} s were asked for; without a welcome not before it came"


@checks("ANM-FWU-020", profile=FULL, feature=FIRMWARE)
def nothing_on_trial(stand: Stand) -> str:
    """Offered another image while one is on trial, it refuses (reason 17)."""
    updates = Updates(stand)
    updates.calm()
    release, since = updates.release(), stand.mark()
    updates.install(release, soak_s=SOAK_S)
    stand.until(lambda: stand.service.welcomed == stand.birth.birth_number, ANSWER_S)
    refused = updates.refused(updates.offer(updates.release()), FirmwareRefusal.ON_TRIAL, "an image during a trial")
    updates.confirmed(release, since, SOAK_S + ANSWER_S)
    return f"reason {refused.reason} while another image was on trial"


@checks("ANM-FWU-022", profile=FULL, feature=FIRMWARE)
def updates_are_recorded(stand: Stand) -> str:
    """Event 20 on trial, confirmed, and fallen back with its cause; from and to as they were."""
    updates = Updates(stand)
    failed = fallen_back(stand)
    updates.calm()
    release, before = updates.release(), updates.model().sequence
    since = stand.mark()
    updates.install(release)
    updates.confirmed(release, since, ANSWER_S)
    stand.until(lambda: stand.service.has_all, ANSWER_S)
    outcome = FirmwareOutcome
    _tells(_told(stand, since), (before, release.sequence, outcome.ON_TRIAL, FirmwareCause.NONE))
    _tells(_told(stand, since), (before, release.sequence, outcome.CONFIRMED, FirmwareCause.NONE))
    back = [one for one in _told(stand, 0) if one[0] == failed.sequence and one[2] == outcome.FELL_BACK]
    if not back or back[0][1] >= failed.sequence or back[0][3] != FirmwareCause.BOOTS_USED_UP:
        raise Failed(
            expected=f"event 20: from {failed.sequence}, fell back, cause 2 (boots used up)", seen=f"{_told(stand, 0)}"
        )
    return f"on trial and confirmed ({before} to {release.sequence}), fell back ({back[0][0]} to {back[0][1]}, cause 2)"


def _told(stand: Stand, since: int) -> list[tuple[int, ...]]:
    """Every event 20 since a mark, each once: from, to, outcome, cause."""
    keys = (Field.FIRMWARE_FROM, Field.FIRMWARE_TO, Field.OUTCOME, Field.CAUSE)
    found: dict[int, Event] = {
        one.sequence: one for _, one in stand.transcript.events(since) if one.type == EventType.FIRMWARE_CHANGED
    }
    return [tuple(one.get(key) or 0 for key in keys) for _, one in sorted(found.items())]


def _tells(told: list[tuple[int, ...]], wanted: tuple[int, ...]) -> None:
    if wanted not in told:
        raise Failed(expected=f"event 20 with (from, to, outcome, cause) {tuple(map(int, wanted))}", seen=f"{told}")
