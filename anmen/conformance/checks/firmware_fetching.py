"""Checks of docs/protocol/firmware.md, second part: how an image is fetched."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from anmen.conformance.counterpart import USUAL, Manners
from anmen.conformance.registry import Profile, checks
from anmen.conformance.stand import ANSWER_S, SLACK_S, Stand, within_tolerance
from anmen.conformance.updates import FIRMWARE, Updates
from anmen.conformance.verdict import Failed
from firmware_protocol.firmware import CHUNK_BYTES, MOST_CHUNKS_AT_ONCE
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareWanted

FULL = Profile.FULL
NO_CHUNKS = Manners(most_chunks=0)
RETRY_S, LONG_PAUSE_MS = 5.0, 1500
NO_DIGEST = bytes(32)


@checks("ANM-FWU-007", profile=FULL, feature=FIRMWARE, unseen="an image that is whole and waits for the door")
def withdrawn_offers(stand: Stand) -> str:
    """After an empty offer nothing is asked for, nor after a restart."""
    updates = Updates(stand)
    updates.calm()
    stand.behave(Manners(most_chunks=1))
    since = updates.offer(updates.release(), chunks=1)
    updates.question(since)
    updates.withdraw()
    stand.answered({})
    since = stand.mark()
    stand.listen(RETRY_S + SLACK_S)
    stand.restart()
    stand.listen(RETRY_S + SLACK_S)
    if asked := updates.questions(since):
        raise Failed(expected="no question after an offer was withdrawn", seen=f"{len(asked)} questions")
    return "no question in 7 s after an empty offer, nor in 7 s after a restart"


@checks("ANM-FWU-008", profile=FULL, feature=FIRMWARE)
def questions_as_offered(stand: Stand) -> str:
    """By digest, from a whole chunk on, at most as many as offered and never above 16."""
    updates = Updates(stand)
    updates.calm()
    release, seen = updates.release(), []
    for offered, most in ((3, 3), (200, MOST_CHUNKS_AT_ONCE)):
        stand.behave(USUAL)
        since = updates.offer(release, chunks=offered)
        stand.until(partial(_asked, updates, since, 2), ANSWER_S)
        for _, one in updates.questions(since):
            if one.digest != release.digest or one.offset % CHUNK_BYTES or not 0 < one.chunks <= most:
                raise Failed(
                    expected=f"the manifest's digest, an offset in whole chunks, 1 to {most} chunks ({offered} offered)",
                    seen=f"digest {one.digest.hex()[:16]}…, offset {one.offset}, {one.chunks} chunks",
                )
            seen.append(one.chunks)
        updates.calm()
    return f"asked for {', '.join(map(str, seen))} chunks at once"


@checks("ANM-FWU-009", profile=FULL, feature=FIRMWARE)
def strange_chunks(stand: Stand) -> str:
    """Chunks of another place, digest or length, and those that are there already, change nothing and are not answered."""
    updates = Updates(stand)
    updates.calm()
    stand.behave(Manners(most_chunks=1))
    release = updates.release()
    since = updates.offer(release, chunks=2)
    asked = updates.question(since)
    image, at, end = release.image, asked.offset, asked.offset + 2 * CHUNK_BYTES
    wrong = bytes(byte ^ 0xFF for byte in image[at : at + CHUNK_BYTES])
    before = stand.mark()
    for place, content in ((at, wrong), (end, image[end : end + CHUNK_BYTES]), (at + 1, wrong), (1 << 40, wrong)):
        stand.say(FirmwareChunk(release.digest, place, content))
    stand.say(FirmwareChunk(NO_DIGEST, at + CHUNK_BYTES, wrong))
    stand.say(FirmwareChunk(release.digest, at + CHUNK_BYTES, wrong[:-1]))
    stand.answered({})
    if answered := [one for _, one in stand.transcript.of(FirmwareWanted, before)]:
        raise Failed(expected="no answer to chunks that were not asked for", seen=f"{answered[0]}")
    stand.behave(USUAL)
    updates.born(release.sequence, since, updates.longest_s(release) + 120.0)
    updates.confirmed(release, since, ANSWER_S + 10.0)
    return "six strange chunks not answered; the image was whole nevertheless"


@checks(
    "ANM-FWU-010",
    profile=FULL,
    feature=FIRMWARE,
    unseen="that the waits double up to 300 seconds and no further, and pauses above 600 seconds",
)
def pace_of_questions(stand: Stand) -> str:
    """Not before the pause; what is missing after 5 and 10 s, from the first that is missing on; a chunk sets the wait back."""
    updates = Updates(stand)
    updates.calm()
    pause_s = LONG_PAUSE_MS / 1000
    since = updates.offer(updates.release(), chunks=2, pause_ms=LONG_PAUSE_MS)
    stand.until(partial(_asked, updates, since, 2), ANSWER_S)
    stand.behave(NO_CHUNKS)
    asked = _questions(updates, since, 3, pause_s + SLACK_S)
    paused = asked[1][0] - asked[0][0]
    if paused < pause_s - 0.1:
        raise Failed(expected=f"{pause_s:g} s between the last chunk and the next question", seen=f"{paused:.2f} s")
    asked = _questions(updates, since, 4, RETRY_S + SLACK_S)
    for chunk in stand.service.chunks(asked[3][1])[:1]:
        stand.say(chunk)
    asked = _questions(updates, since, 6, 4 * RETRY_S + SLACK_S)
    waits = [later[0] - earlier[0] for earlier, later in pairwise(asked[2:])]
    updates.calm()
    if not (within_tolerance(waits[0], RETRY_S) and within_tolerance(waits[1], 2 * RETRY_S)):
        raise Failed(expected="the same question again after 5 s, then after 10 s", seen=f"after {_shown(waits)} s")
    if asked[4][1].offset != asked[3][1].offset + CHUNK_BYTES:
        raise Failed(
            expected=f"a question from {asked[3][1].offset + CHUNK_BYTES} on, the first that is missing",
            seen=f"one from {asked[4][1].offset} on",
        )
    if waits[2] > 2 * RETRY_S + SLACK_S:
        raise Failed(expected="a wait of 5 or 10 s after a chunk had come", seen=f"{waits[2]:.1f} s")
    return f"a pause of {paused:.1f} s; without chunks asked again after {_shown(waits[:2])} s, after a chunk after {waits[2]:.1f} s"


@checks("ANM-FWU-011", profile=FULL, feature=FIRMWARE)
def live_events_first(stand: Stand) -> str:
    """In the pause of a download an event is recorded: it is heard before the question that follows."""
    updates = Updates(stand)
    updates.calm()
    since = updates.offer(updates.release(), chunks=1, pause_ms=LONG_PAUSE_MS)
    for number in range(1, 4):
        stand.until(partial(_asked, updates, since, number), ANSWER_S)
        mark = stand.mark()
        stand.cause_events(1)
        updates.question(mark)
        order = stand.transcript.said[mark:]
        first = next((one for one in order if one.events or isinstance(one.message, FirmwareWanted)), None)
        if first is None or not first.events:
            raise Failed(expected="the live event before the next question for chunks", seen=stand.told(mark))
    updates.calm()
    return "three events in three pauses of a download, each heard before the next question"


@checks("ANM-FWU-012", profile=FULL, feature=FIRMWARE)
def goes_on_where_it_was(stand: Stand) -> str:
    """After a power cut and after a lost link it asks on from what is safe, without being offered anything."""
    updates, seen = Updates(stand), []
    ways: dict[str, Callable[[], object]] = {"a power cut": stand.restart, "a lost link": stand.reconnect}
    for name, interrupt in ways.items():
        updates.calm()
        stand.behave(USUAL)
        since = updates.offer(updates.release(), chunks=2, pause_ms=300)
        asked = _questions(updates, since, 3, ANSWER_S)
        safe = asked[2][1].offset
        interrupt()
        since = stand.mark()
        on = updates.question(since, expected=f"a question after {name}, without another offer")
        if on.offset < safe:
            raise Failed(expected=f"a question from {safe} on after {name}", seen=f"one from {on.offset} on")
        seen.append(f"from {on.offset} on after {name}")
    updates.calm()
    return "asked " + ", ".join(seen)


def _questions(updates: Updates, since: int, count: int, within: float) -> list[tuple[float, FirmwareWanted]]:
    """So many questions since a mark, each within the time after the one before; Failed where one does not come."""
    for enough in range(1, count + 1):
        if not updates.stand.until(partial(_asked, updates, since, enough), within):
            seen = f"{len(updates.questions(since))}"
            raise Failed(expected=f"question {enough} for chunks within {within:g} s of the one before", seen=seen)
    return updates.questions(since)


def _asked(updates: Updates, since: int, count: int) -> bool:
    return len(updates.questions(since)) >= count


def _shown(waits: list[float]) -> str:
    return ", ".join(f"{wait:.1f}" for wait in waits)
