"""Hearing a lock out: the line and the service's side, and the words for waiting."""

import os
from collections.abc import Callable, Iterator
from dataclasses import InitVar, dataclass, field
from typing import TypeVar, cast

from anmen.conformance.counterpart import Counterpart
from anmen.conformance.line import Line
from anmen.conformance.operators import Operator
from anmen.conformance.transcript import Said, Transcript
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol import ServiceIdentity
from firmware_protocol.messages import Birth, Event, UpMessage
from firmware_protocol.vocabulary import EventType

M = TypeVar("M", bound=UpMessage)
ANSWER_S = 10.0


@dataclass(slots=True)
class Listening:
    """A lock on a line, somebody at its door, and everything that it has said so far."""

    line: Line
    operator: Operator
    given: InitVar[ServiceIdentity]
    draw: Callable[[int], bytes] = os.urandom
    # What the healing of a bad day's faults may take on top of every wait for something.
    patience_s: float = 0.0
    service: Counterpart = field(init=False)

    def __post_init__(self, given: ServiceIdentity) -> None:
        self.service = Counterpart(given, self.line, self.draw)

    @property
    def identity(self) -> ServiceIdentity:
        """The keys that the lock is spoken to under."""
        return self.service.identity

    @property
    def transcript(self) -> Transcript:
        """Everything the lock said so far."""
        return self.service.transcript

    @property
    def birth(self) -> Birth:
        """The latest birth; NotTried before any."""
        if self.service.birth is None:
            raise NotTried("the lock was never heard")
        return self.service.birth

    def mark(self) -> int:
        """The present place in the transcript, for `since`."""
        return len(self.transcript.said)

    def listen(self, seconds: float) -> None:
        """Let time pass, with the service's manners."""
        until = self.line.now() + seconds
        while (heard := self.line.next(until)) is not None:
            self.service.hear(heard)

    def until(self, holds: Callable[[], bool], within: float) -> bool:
        """Wait until it holds; whether it did within the time."""
        until = self.line.now() + within + self.patience_s
        while not holds():
            heard = self.line.next(until)
            if heard is None:
                return holds()
            self.service.hear(heard)
        return True

    def await_frame(self, holds: Callable[[Said], bool], since: int, within: float, expected: str) -> Said:
        """The first frame since a mark for which it holds; Failed after the time, with what came instead."""
        self.until(lambda: self.transcript.find(holds, since) is not None, within)
        found = self.transcript.find(holds, since)
        if found is None:
            raise Failed(expected=f"{expected} within {within:g} s", seen=self.told(since))
        return found

    def await_message(
        self,
        kind: type[M],
        since: int,
        within: float = ANSWER_S,
        *,
        where: Callable[[M], bool] = lambda _: True,
        expected: str = "",
    ) -> tuple[Said, M]:
        """The first message of a kind since a mark; Failed after the time."""
        name = expected or f"a {kind.__name__}"
        said = self.await_frame(lambda one: isinstance(one.message, kind) and where(one.message), since, within, name)
        return said, cast(M, said.message)

    def await_event(
        self, kind: EventType, since: int, within: float = ANSWER_S, *, where: Callable[[Event], bool] = lambda _: True
    ) -> tuple[Said, Event]:
        """The first event of a type since a mark; Failed after the time. On a bad day one that was said before is not meant."""

        def fits(said: Said) -> Iterator[Event]:
            for event in said.events:
                if event.type == kind and where(event) and not self._is_old(said, event, since):
                    yield event

        words = f"an event of type {int(kind)} ({kind.name.lower().replace('_', ' ')})"
        said = self.await_frame(lambda one: any(True for _ in fits(one)), since, within, words)
        return said, next(fits(said))

    def _is_old(self, said: Said, event: Event, since: int) -> bool:
        first = self.transcript.first_said.get((said.epoch, event.sequence), since)
        return self.patience_s > 0 and first < since

    def told(self, since: int) -> str:
        """What the lock has said since a mark, in a few words."""
        names = [
            type(one.message).__name__ if one.message else f"a frame refused ({one.trouble})"
            for one in self.transcript.said[since:]
        ]
        counted = {name: names.count(name) for name in names}
        return (
            ", ".join(f"{count} × {name}" if count > 1 else name for name, count in counted.items()) or "nothing at all"
        )
