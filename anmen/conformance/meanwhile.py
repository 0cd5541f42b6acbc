"""What is looked at while a lock gets no answer, because it takes its time by itself: an entry that ends.

It is a story that its own check tells where there is no such silence in the run. What came of it is kept, good or bad, for that check.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from anmen.conformance.counterpart import USUAL
from anmen.conformance.lists import OTHER_CARD, list_of
from anmen.conformance.stand import ANSWER_S, Stand
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol.access_list import AccessList, ListChange
from firmware_protocol.messages import Birth, Rebirth
from firmware_protocol.vocabulary import EventType, Field

ENDED_ENTRY = "ANM-LST-007"
ENDS_IN_S, ENDED_FOR_S = 5, 30.0


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a story: the words, or the trouble."""

    words: str = ""
    trouble: Failed | NotTried | None = None

    def __str__(self) -> str:
        """The words; raises the trouble where there was one."""
        if self.trouble is not None:
            raise self.trouble
        return self.words


def tell(story: Callable[[], str]) -> Told:
    """Carry it out and keep what came of it."""
    try:
        return Told(story())
    except (Failed, NotTried) as trouble:
        return Told(trouble=trouble)


@dataclass(slots=True)
class EndedEntry:
    """The story of ANM-LST-007: an entry ends, counts in the digest as before, and goes with a change that removes it."""

    stand: Stand
    held: AccessList = field(init=False)
    began: float = field(init=False)

    def begin(self) -> None:
        """Give a list with an entry that ends in some seconds."""
        issuer = self.stand.issuer()
        self.stand.give(issuer.card(8), issuer.card(9, OTHER_CARD, ends_at=issuer.now_s + ENDS_IN_S))
        self.held, self.began = self.stand.service.wanted, self.stand.line.now()

    def end(self) -> str:
        """Half a minute after its end at the earliest: the digest, and the change."""
        stand, held = self.stand, self.held
        stand.listen(max(0.0, self.began + ENDS_IN_S + ENDED_FOR_S - stand.line.now()))
        since = stand.mark()
        stand.say(Rebirth())
        birth = stand.await_message(Birth, since)[1]
        if (birth.list_version, birth.list_digest) != (held.version, held.digest):
            raise Failed(
                expected=f"version {held.version} and the same digest after an entry has ended",
                seen=f"version {birth.list_version}, digest {birth.list_digest.hex()[:16]}…",
            )
        ended_for = stand.line.now() - self.began - ENDS_IN_S
        after = list_of(held.version + 1, [raw for number, raw in held.entries.items() if number != 9])
        change = ListChange(held.version, after.version, False, frozenset({9}), (), after.digest)
        since, stand.service.wanted = stand.mark(), after
        for part in change.parts():
            stand.say(part)
        stand.await_event(
            EventType.ACCESS_LIST_APPLIED, since, where=lambda one: one.get(Field.LIST_VERSION) == after.version
        )
        return f"{ended_for:.0f} s after the end of an entry the digest was the same; a change that removed it applied"


@dataclass(slots=True)
class Meanwhile:
    """The story in a silence, where the run wants it and the lock could be prepared."""

    stand: Stand
    entry: EndedEntry | None = None

    def prepare(self) -> None:
        """With the service still answering. Where it does not come to that, the check tells the story itself."""
        if not self.stand.wants(ENDED_ENTRY):
            return
        entry = EndedEntry(self.stand)
        try:
            self.stand.settle()
            entry.begin()
        except (Failed, NotTried):
            return
        self.entry = entry

    def finish(self) -> None:
        """With answers again."""
        entry = self.entry
        if entry is not None:
            self.stand.once(ENDED_ENTRY, lambda: tell(lambda: self._end(entry)))

    def _end(self, entry: EndedEntry) -> str:
        stand = self.stand
        stand.behave(USUAL)
        stand.announce()
        stand.until(lambda: stand.service.proven and stand.service.welcomed == stand.birth.birth_number, ANSWER_S)
        return entry.end()
