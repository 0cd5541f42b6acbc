"""Offering images to a lock, and hearing what it makes of them."""

from collections.abc import Callable
from dataclasses import dataclass

from anmen.conformance.counterpart import USUAL, Manners
from anmen.conformance.releases import Model, Release, Role
from anmen.conformance.stand import ANSWER_S, BOOT_S, Stand
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol.firmware import CHUNK_BYTES, FirmwareOutcome, FirmwareRefusal
from firmware_protocol.firmware_messages import FirmwareOffer, FirmwareWanted
from firmware_protocol.messages import Birth, Event
from firmware_protocol.vocabulary import EventType, Field

FIRMWARE, VENDOR, CLASS = "firmware", "firmware_vendor", "firmware_class"
ID_BYTES = 16
# What a link and a lock may take for a chunk, and for a question.
CHUNK_S, QUESTION_S = 0.2, 0.5
AT_ONCE, AT_ONCE_PAUSE_MS = 16, 10
SHORT_SOAK_S = 1


@dataclass(frozen=True, slots=True)
class Updates:
    """Firmware for the lock on a stand."""

    stand: Stand

    def model(self) -> Model:
        """What the birth says; NotTried where it says something else than ids and a number."""
        said = self.stand.birth.capabilities
        sequence, vendor, kind = said.get(FIRMWARE), said.get(VENDOR), said.get(CLASS)
        try:
            ids = bytes.fromhex(str(vendor)), bytes.fromhex(str(kind))
        except ValueError:
            ids = b"", b""
        if type(sequence) is not int or {len(one) for one in ids} != {ID_BYTES}:
            raise NotTried("its birth names no sequence, vendor and class of firmware as ANM-FWU-001 says")
        return Model(sequence, *ids)

    def release(self, role: Role = Role.GOOD) -> Release:
        """A signed image of that role; NotTried where the kit has none."""
        if self.stand.releases is None:
            raise NotTried(
                "it takes images that the lock's maker has signed (anmen conformance images), named in the stand file"
            )
        return self.stand.releases.release(role, self.model(), self._spent)

    def spend(self, release: Release) -> None:
        """The lock has fallen back from this one, and will not take it again."""
        self._spent.add(release.sequence)

    def calm(self) -> None:
        """Nothing offered, and no image on trial any more."""
        self.withdraw()
        self.stand.answered({})
        told = [event for _, event in self.stand.transcript.events() if event.type == EventType.FIRMWARE_CHANGED]
        if told and max(told, key=lambda one: one.sequence).get(Field.OUTCOME) == FirmwareOutcome.ON_TRIAL:
            since = self.stand.mark()
            self.stand.until(lambda: any(self._changes(since)), 60.0)

    def offer(
        self, release: Release, *, chunks: int = AT_ONCE, pause_ms: int = AT_ONCE_PAUSE_MS, soak_s: int = SHORT_SOAK_S
    ) -> int:
        """Offer it; the place in the transcript before that."""
        since = self.stand.mark()
        self.stand.service.images.setdefault(release.digest, release.image)
        self.stand.say(FirmwareOffer(release.envelope, chunks, pause_ms, soak_s))
        return since

    def withdraw(self) -> None:
        """Take back what was offered."""
        self.stand.say(FirmwareOffer(b""))

    def questions(self, since: int) -> list[tuple[float, FirmwareWanted]]:
        """What was asked for since a mark, and when."""
        return [(said.at, one) for said, one in self.stand.transcript.of(FirmwareWanted, since) if one.chunks]

    def question(self, since: int, within: float = ANSWER_S, expected: str = "a question for chunks") -> FirmwareWanted:
        """The first question since a mark; Failed where none comes."""
        return self.stand.await_message(
            FirmwareWanted, since, within, where=lambda one: one.chunks > 0, expected=expected
        )[1]

    def refused(self, since: int, reason: FirmwareRefusal, what: str) -> FirmwareWanted:
        """What was offered since a mark must be refused for this reason; Failed otherwise."""
        self.stand.until(lambda: any(True for _ in self.stand.transcript.of(FirmwareWanted, since)), ANSWER_S)
        self.stand.answered({})
        told = [one for _, one in self.stand.transcript.of(FirmwareWanted, since)]
        if [one.reason for one in told] != [reason] or told[0].chunks:
            seen = ", ".join(f"{one.chunks} chunks wanted, reason {one.reason}" for one in told[:3]) or "no answer"
            raise Failed(
                expected=f"0 chunks, reason {int(reason)} ({reason.name.lower().replace('_', ' ')}) for {what}",
                seen=seen,
            )
        return told[0]

    def whole(self, release: Release, since: int) -> None:
        """Wait until the last piece was asked for and sent."""
        last = (len(release.image) - 1) // CHUNK_BYTES * CHUNK_BYTES

        def asked_for_all() -> bool:
            return any(one.offset + one.chunks * CHUNK_BYTES > last for _, one in self.questions(since))

        if not self.stand.until(asked_for_all, self.longest_s(release)):
            raise Failed(expected="questions up to the last chunk", seen=self.stand.told(since))

    def born(self, sequence: int, since: int, within: float = BOOT_S) -> Birth:
        """A birth of the image with that sequence; Failed where none comes."""
        return self.stand.await_message(
            Birth,
            since,
            within,
            where=lambda one: one.capabilities.get(FIRMWARE) == sequence,
            expected=f"a birth of the image with the sequence {sequence}",
        )[1]

    def install(self, release: Release, *, soak_s: int = SHORT_SOAK_S, manners: Manners = USUAL) -> Birth:
        """Offer it and let the lock switch to it; the first birth of it. `manners` hold from the offer on."""
        self.stand.behave(manners)
        since = self.offer(release, soak_s=soak_s)
        return self.born(release.sequence, since, self.longest_s(release) + BOOT_S)

    def started(self, birth: Birth) -> float:
        """When the boot of that birth began: it says itself how long ago."""
        return next(said.at for said, one in self.stand.transcript.of(Birth) if one is birth) - birth.uptime_s

    def confirmed(self, release: Release, since: int, within: float) -> float:
        """When the lock said that it has taken it for good; Failed where it does not in time."""
        return self.stand.await_event(EventType.FIRMWARE_CHANGED, since, within, where=_is(release, CONFIRMED))[0].at

    def is_confirmed(self, release: Release, since: int) -> bool:
        """Whether it has said so."""
        return any(_is(release, CONFIRMED)(event) for event in self._changes(since))

    def longest_s(self, release: Release) -> float:
        """How long fetching it may take."""
        chunks = -(-len(release.image) // CHUNK_BYTES)
        return ANSWER_S + chunks * CHUNK_S + (chunks // AT_ONCE + 1) * QUESTION_S

    @property
    def _spent(self) -> set[int]:
        return self.stand.once("spent images", set)

    def _changes(self, since: int) -> list[Event]:
        return [one for _, one in self.stand.transcript.events(since) if one.type == EventType.FIRMWARE_CHANGED]


CONFIRMED = FirmwareOutcome.CONFIRMED


def _is(release: Release, outcome: FirmwareOutcome) -> Callable[[Event], bool]:
    return lambda event: (event.get(Field.FIRMWARE_TO), event.get(Field.OUTCOME)) == (release.sequence, outcome)
