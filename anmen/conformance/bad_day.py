"""A whole run over a line with faults: what is put between the kit and the lock, and what must hold all through it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from anmen.conformance.faults import seeded
from anmen.conformance.faulty_line import FaultyLine
from anmen.conformance.line import Heard
from anmen.conformance.operators import Operator
from anmen.conformance.spared import allowed
from anmen.conformance.stand import Stand
from anmen.conformance.verdict import Failed, Outcome, Verdict
from firmware_protocol.codec import encode
from firmware_protocol.commands import CommandState
from firmware_protocol.enrolment import Enrolled
from firmware_protocol.firmware_messages import FirmwareWanted
from firmware_protocol.messages import Birth, Challenge, Events, Heartbeat, Proof, TimeRequest
from firmware_protocol.vocabulary import EventType, Field

# What a lock says again by itself, so that nobody has to hear each one.
HEALED = Birth | Events | Heartbeat | TimeRequest | FirmwareWanted | Enrolled
# What healing may take beyond what a check waits for: a birth or a probe after 5 s, and again after 10.
PATIENCE_S = 25.0


def bring(stand: Stand, seed: str) -> FaultyLine:
    """Put a line with faults between the stand and its lock. None befalls before `begin` says which may."""

    def heals(heard: Heard) -> bool:
        said = stand.transcript.read(heard)
        stand.transcript.note(said)
        return isinstance(said.message, HEALED)

    line = FaultyLine(stand.line, stand.operator, seeded(seed.encode()), heals)
    stand.line = stand.service.line = line
    stand.operator = cast(Operator, _AtTheDoor(stand.operator, line))
    stand.service.answer_by, stand.service.repeats = line.answer, line.repeats
    stand.patience_s, stand.weather = PATIENCE_S, line
    return line


def begin(line: FaultyLine, seed: str, number: str) -> None:
    """What befalls the check of a sentence follows from seed and number, so that it can be tried again alone."""
    line.draw, line.allowed = seeded(f"{seed} {number}".encode()), allowed(number)


def judged(stand: Stand, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts, with those failed that do not hold over the whole of a bad day."""
    broken: dict[str, Failed] = {}
    for number, rule in _ALL_DAY.items():
        try:
            rule(stand)
        except Failed as failed:
            broken[number] = failed
    return [_failed(one, broken[one.number]) if one.number in broken else one for one in verdicts]


def _failed(one: Verdict, why: Failed) -> Verdict:
    return replace(one, outcome=Outcome.FAILED, seen=why.seen, expected=why.expected)


def _acted_on_once(stand: Stand) -> None:
    """A frame that came again was replayed, whatever became of the connection between."""
    proven = Counter(proof.nonce for _, proof in stand.transcript.of(Proof))
    for nonce, count in proven.items():
        said = stand.service.sealed[encode(Challenge(nonce))]
        if count > max(said, 1):
            raise Failed(
                expected=f"a challenge that was said {said} times answered as often, on a line that delivers frames again",
                seen=f"{count} answers",
            )


def _obeyed_once(stand: Stand) -> None:
    """However often a command was said: once it was done, that boot tells no other end of it, and it opened once."""
    done: dict[tuple[int, int, bytes], int] = {}
    for _, event in sorted(stand.transcript.events(), key=lambda one: one[1].sequence):
        number, ended = event.get(Field.COMMAND), event.type == EventType.COMMAND_DONE
        if not isinstance(number, bytes) or not (ended or event.type == EventType.LOCK_OPERATED):
            continue
        first = done.get((event.type, event.boot_number, number), event.sequence)
        if first != event.sequence:
            raise Failed(
                expected="a command that was done and said again not acted on",
                seen=f"events {first} and {event.sequence} tell of it",
            )
        if not ended or event.get(Field.COMMAND_STATE) == CommandState.DONE:
            done[event.type, event.boot_number, number] = event.sequence


_ALL_DAY: dict[str, Callable[[Stand], None]] = {"ANM-KEY-012": _acted_on_once, "ANM-CMD-010": _obeyed_once}


class _AtTheDoor:
    """An Operator that tells the line when a check itself keeps the lock from the broker."""

    def __init__(self, operator: Operator, line: FaultyLine) -> None:
        self._operator, self._line = operator, line

    def power_off(self) -> None:
        self._line.bar(away=True)
        self._operator.power_off()

    def power_on(self, *, clock_kept: bool = True) -> None:
        self._line.bar(away=False)
        self._operator.power_on(clock_kept=clock_kept)

    def cut_network(self) -> None:
        self._line.bar(away=True)
        self._operator.cut_network()

    def restore_network(self) -> None:
        self._line.bar(away=False)
        self._operator.restore_network()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operator, name)
