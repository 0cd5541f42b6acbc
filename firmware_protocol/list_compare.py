"""Narrowing two lists that differ down to the entries they differ in, without sending either. Pure; both sides.

The service asks about spans of credential ids. The lock cuts its own entries in each span into runs of equal number, and
answers each run's first and last id and its digest. What lies between two runs the lock does not hold. A run whose digest
is as wanted is settled, a run of one entry is an answer, and every other run is the next span: each round divides what is
left, so the rounds grow with the logarithm of the list.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from firmware_protocol.access_list import AccessList, list_digest
from firmware_protocol.errors import FrameRefusal, RemoteProtocolError
from firmware_protocol.list_messages import ListAnswer, ListQuestion

# What a message's arrays hold: 64 numbers are 32 spans or runs.
MOST_RUNS = 32
MOST_SPANS = 16
DIGEST_BYTES = 16
# An honest lock halves each span at least, and holds no 2^15 entries.
MOST_ROUNDS = 16
# Where so many questions are open, or so many ids came up that nobody knows, the whole list is cheaper to say.
MOST_OPEN = 256
MOST_UNKNOWN = 4096
LIST_COMPARE_CAPABILITY = "list_compare"
_LAST_ID = (1 << 62) - 1

Hashes = Mapping[int, bytes]
"""Credential id -> hash of its entry."""


class Span(NamedTuple):
    """Credential ids from the first to the last, both in it."""

    first: int
    last: int


WHOLE = Span(0, _LAST_ID)


def answer(held: AccessList, question: ListQuestion) -> ListAnswer | None:
    """The lock's answer; None where the question makes no sense."""
    spans = _pairs(question.spans)
    if not spans or len(spans) > MOST_SPANS:
        return None
    hashes = held.hashes
    numbers = sorted(hashes)
    each = MOST_RUNS // len(spans)
    runs = [run for span in spans for run in _cut([one for one in numbers if span.first <= one <= span.last], each)]
    bounds = tuple(bound for run in runs for bound in (run[0], run[-1]))
    digests = tuple(_short((number, hashes[number]) for number in run) for run in runs)
    return ListAnswer(question.number, held.version, held.digest, bounds, digests)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far a comparison with one list, as the lock said it holds it, has come."""

    version: int
    digest: bytes
    number: int = 0
    # Question -> its spans, and how many questions led to it.
    asked: Mapping[int, tuple[int, tuple[Span, ...]]] = field(default_factory=dict)
    removes: frozenset[int] = frozenset()
    upserts: frozenset[int] = frozenset()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to ask: `removes` and `upserts` are exactly what differs."""
        return not self.asked


Step = tuple[Comparison, tuple[ListQuestion, ...]]


def begin(version: int, digest: bytes, number: int = 0) -> Step:
    """The first question about a list of that version and digest; `number` is above that of every earlier question."""
    return _ask(Comparison(version, digest, number), [WHOLE], 1)


def follow(comparison: Comparison, said: ListAnswer, wanted: Hashes) -> Step:
    """The comparison after an answer, and what to ask next. An answer to nothing changes nothing.

    RemoteProtocolError for an answer about another list, or one that makes no sense: then the whole list must be sent.
    """
    rounds, spans = comparison.asked.get(said.number, (0, ()))
    if not spans:
        return comparison, ()
    if (said.list_version, said.list_digest) != (comparison.version, comparison.digest) or rounds > MOST_ROUNDS:
        raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "comparison")
    runs = _checked(said, spans)
    asked = {number: one for number, one in comparison.asked.items() if number != said.number}
    within = [number for number in wanted if any(span.first <= number <= span.last for span in spans)]
    missing = {number for number in within if not any(run.first <= number <= run.last for run in runs)}
    differing = [run for run, digest in runs.items() if _digest_of(wanted, run) != digest]
    found = {run.first for run in differing if run.first == run.last}
    after = replace(
        comparison,
        asked=asked,
        removes=comparison.removes | (found - wanted.keys()),
        upserts=comparison.upserts | missing | (found & wanted.keys()),
    )
    if len(asked) > MOST_OPEN or len(after.removes) > MOST_UNKNOWN:
        raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "comparison without end")
    return _ask(after, [run for run in differing if run.first < run.last], rounds + 1)


def _ask(comparison: Comparison, spans: Sequence[Span], rounds: int) -> Step:
    questions = []
    asked = dict(comparison.asked)
    number = comparison.number
    for start in range(0, len(spans), MOST_SPANS):
        some = tuple(spans[start : start + MOST_SPANS])
        asked[number] = rounds, some
        questions.append(ListQuestion(number, tuple(bound for span in some for bound in span)))
        number += 1
    return replace(comparison, asked=asked, number=number), tuple(questions)


def _checked(said: ListAnswer, spans: Iterable[Span]) -> dict[Span, bytes]:
    """The runs with their digests, if they are in order, apart, and inside what was asked."""
    runs = _pairs(said.runs)
    if runs is None or len(runs) != len(said.digests):
        raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "runs")
    if any(not any(span.first <= run.first and run.last <= span.last for span in spans) for run in runs):
        raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "a run nobody asked about")
    return dict(zip(runs, said.digests, strict=True))


def _pairs(bounds: tuple[int, ...]) -> list[Span] | None:
    """Bounds as spans; None where they are not ascending and apart."""
    spans = [Span(*bounds[at : at + 2]) for at in range(0, len(bounds) - 1, 2)]
    apart = all(one.last < other.first for one, other in pairwise(spans))
    return spans if len(bounds) % 2 == 0 and apart and all(span.first <= span.last for span in spans) else None


def _cut(numbers: Sequence[int], pieces: int) -> list[Sequence[int]]:
    """The numbers in at most so many runs, as equal as can be."""
    pieces = min(pieces, len(numbers))
    cuts = [len(numbers) * piece // pieces for piece in range(pieces + 1)] if pieces else [0]
    return [numbers[start:end] for start, end in pairwise(cuts)]


def _digest_of(wanted: Hashes, run: Span) -> bytes:
    return _short((number, hashed) for number, hashed in wanted.items() if run.first <= number <= run.last)


def _short(hashes: Iterable[tuple[int, bytes]]) -> bytes:
    return list_digest(hashes)[:DIGEST_BYTES]
