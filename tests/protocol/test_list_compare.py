"""Two lists that differ: the questions end soon, at exactly the entries that differ, whatever the lists are."""

import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_protocol.access_list import AccessList, Erased, ListChange, ListEntry, encode_entry, entry_hash
from firmware_protocol.codec import decode_down, decode_up, encode
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.list_compare import (
    MOST_OPEN,
    MOST_ROUNDS,
    MOST_RUNS,
    Comparison,
    Span,
    answer,
    begin,
    follow,
)
from firmware_protocol.list_messages import ListAnswer, ListQuestion
from firmware_protocol.vocabulary import CredentialType
from tests.protocol.schema import problems

IDS = st.integers(1, 60) | st.integers(0, (1 << 62) - 1)


def entry(number: int, variant: int) -> bytes:
    return encode_entry(ListEntry(number, CredentialType.PIN, b"v%d" % variant, 0, 9, 9))


LISTS = st.dictionaries(IDS, st.integers(0, 1), max_size=120).map(
    lambda drawn: {number: entry(number, variant) for number, variant in drawn.items()}
)


def hashes(entries: dict[int, bytes]) -> dict[int, bytes]:
    return {number: entry_hash(raw) for number, raw in entries.items()}


def compared(held: AccessList, wanted: dict[int, bytes]) -> tuple[Comparison, int]:
    """Ask over a wire until nothing is left; the comparison, and how many rounds it took."""
    comparison, questions = begin(held.version, held.digest)
    rounds = 0
    while questions:
        rounds += 1
        further: list[ListQuestion] = []
        for question in questions:
            heard = decode_down(encode(question))
            assert isinstance(heard, ListQuestion)
            said = answer(held, heard)
            assert said is not None
            told = decode_up(encode(said))
            assert isinstance(told, ListAnswer)
            comparison, more = follow(comparison, told, hashes(wanted))
            further += more
        questions = tuple(further)
    assert comparison.is_done
    return comparison, rounds


@given(LISTS, LISTS)
@example({}, {})
@example(
    {number: entry(number, 0) for number in range(1, 1001)}, {number: entry(number, 1) for number in range(1, 1001)}
)
def test_any_two_lists_end_at_the_exact_difference_and_then_agree(
    held: dict[int, bytes], wanted: dict[int, bytes]
) -> None:
    before = AccessList(4, held)
    comparison, rounds = compared(before, wanted)
    assert comparison.removes == held.keys() - wanted.keys()
    assert comparison.upserts == {number for number, raw in wanted.items() if held.get(number) != raw}
    assert rounds <= 1 + math.ceil(math.log2(max(2, len(held))))
    after = AccessList(5, wanted)
    upserts = tuple(wanted[number] for number in comparison.upserts)
    change = ListChange(4, 5, False, comparison.removes, upserts, after.digest)
    assert before.changed(change) == after


@given(LISTS, st.data())
def test_one_difference_takes_two_or_three_rounds(wanted: dict[int, bytes], data: st.DataObject) -> None:
    held = dict(wanted)
    number = data.draw(st.sampled_from(sorted(wanted)) if wanted else st.just(1))
    held[number] = entry(number, 7)
    comparison, rounds = compared(AccessList(4, held), wanted)
    assert comparison.removes | comparison.upserts == {number}
    assert rounds <= 1 + math.ceil(math.log(max(2, len(held)), MOST_RUNS))


def test_what_was_erased_is_compared_by_its_hash() -> None:
    raw = {number: entry(number, 0) for number in range(1, 9)}
    kept = {number: one for number, one in raw.items() if number != 5}
    held = AccessList(4, kept, {5: Erased(9, entry_hash(raw[5]))})
    assert compared(held, raw)[0] == compared(AccessList(4, raw), raw)[0]


def question_and_answer() -> tuple[Comparison, ListAnswer]:
    held = AccessList(4, {number: entry(number, 0) for number in range(1, 100)})
    comparison, [question] = begin(4, held.digest)
    said = answer(held, question)
    assert said is not None
    return comparison, said


def lying(said: ListAnswer, **changes: object) -> ListAnswer:
    named = {name: getattr(said, name) for name in ("number", "list_version", "list_digest", "runs", "digests")}
    return ListAnswer(**(named | changes))


LIES = {
    "another version": {"list_version": 5},
    "another digest": {"list_digest": bytes(32)},
    "a digest too few": {"digests": (b"",)},
    "runs that overlap": {"runs": (1, 9, 5, 12), "digests": (b"", b"")},
    "runs that touch": {"runs": (1, 9, 9, 12), "digests": (b"", b"")},
    "a run backwards": {"runs": (9, 1), "digests": (b"",)},
    "half a run": {"runs": (9,), "digests": (b"",)},
    "a run beyond every id": {"runs": (1, 1 << 62), "digests": (b"",)},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_an_answer_that_makes_no_sense_is_refused(lie: dict[str, object]) -> None:
    comparison, said = question_and_answer()
    with pytest.raises(RemoteProtocolError):
        follow(comparison, lying(said, **lie), {})


def test_a_lock_that_leads_on_for_ever_is_not_followed() -> None:
    comparison, said = question_and_answer()
    answers = (lying(said, number=number, runs=(number, 1000), digests=(b"",)) for number in range(MOST_ROUNDS + 2))
    for one in answers:
        if one.number == MOST_ROUNDS:
            with pytest.raises(RemoteProtocolError):
                follow(comparison, one, {})
            return
        comparison, _ = follow(comparison, one, {})


def test_an_answer_that_came_twice_changes_nothing() -> None:
    comparison, said = question_and_answer()
    after, _ = follow(comparison, said, {})
    assert follow(after, said, {}) == (after, ())


@pytest.mark.parametrize("spans", [(), (5,), (5, 1), (1, 5, 4, 9), tuple(range(34))])
def test_a_question_that_makes_no_sense_is_not_answered(spans: tuple[int, ...]) -> None:
    assert answer(AccessList(), ListQuestion(0, spans)) is None


def test_both_are_in_the_schema() -> None:
    _, said = question_and_answer()
    for message, root in ((said, "up-message"), (ListQuestion(3, (0, 9)), "down-message")):
        raw = encode(message)
        assert problems(raw.rstrip(b"\0"), root) == []


def invented(question: ListQuestion, comparison: Comparison) -> ListAnswer:
    """As many runs as may be said, in every span that was asked about, and none of them what anybody wants."""
    spans = [Span(*question.spans[at : at + 2]) for at in range(0, len(question.spans), 2)]
    each = MOST_RUNS // len(spans)
    cuts = [[span.first + (span.last - span.first) * piece // each for piece in range(each + 1)] for span in spans]
    bounds = tuple(bound for cut in cuts for first, last in pairwise(cut) for bound in (first, last - 1))
    return ListAnswer(question.number, comparison.version, comparison.digest, bounds, (b"?" * 16,) * (len(bounds) // 2))


def test_a_lock_that_invents_entries_without_end_is_not_asked_without_end() -> None:
    comparison, questions = begin(1, bytes(32))
    open_ones = list(questions)
    while len(comparison.asked) <= MOST_OPEN + 1:
        comparison, more = follow(comparison, invented(open_ones.pop(0), comparison), {})
        open_ones += more
    with pytest.raises(RemoteProtocolError):
        follow(comparison, invented(open_ones.pop(0), comparison), {})
