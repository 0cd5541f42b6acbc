"""Every sentence of docs/protocol/ that binds a lock is held by the conformance kit, and by exactly one thing in it.

Red because of a new sentence? Write its check in anmen/conformance/checks/<page>.py (a function of a few lines, see the others), or
declare it there with the reason why nobody outside can observe it. Until then name it in anmen/conformance/checks/awaited.py.
"""

import pytest

from anmen.conformance import run
from anmen.conformance.registry import AWAITED, CHECKS, DECLARED, WATCHES, awaited, checks, declared
from anmen.conformance.sentences import Sentence, read_sentences

SENTENCES = read_sentences()
HELD = {**CHECKS, **WATCHES, **DECLARED, **AWAITED}


def test_the_registry_was_filled() -> None:
    assert run.PAGES
    assert len(CHECKS) > 40


@pytest.mark.parametrize("number", [number for number, one in SENTENCES.items() if one.binds_lock])
def test_a_sentence_that_binds_a_lock_is_held(number: str) -> None:
    assert number in HELD, SENTENCES[number].text


def test_nothing_is_held_that_nobody_says() -> None:
    assert not HELD.keys() - SENTENCES.keys()


def test_what_is_declared_or_awaited_says_why() -> None:
    assert all(len(reason) > 20 for reason in (*DECLARED.values(), *AWAITED.values()))


def test_nothing_is_held_twice() -> None:
    taken = next(iter(CHECKS))
    for register in (checks(taken), lambda _: declared({taken: "x"}), lambda _: awaited({taken: "x"})):
        with pytest.raises(ValueError, match="twice"):
            register(lambda _: "")


@pytest.mark.parametrize(
    ("text", "binds"),
    [
        ("A lock MUST say its birth.", True),
        ("A receiver MUST refuse it.", True),
        ("The service MUST store events.", False),
        ("A lock asks for the time with 8 bytes.", False),
        ("The service SHOULD refuse a grant. A lock MUST refuse the change.", True),
        ("Before the proof the service stores events. It MUST NOT believe anything else.", False),
        ("A live event MUST NOT wait for stored ones.", True),
    ],
)
def test_who_is_bound_is_read_from_the_sentence(text: str, binds: bool) -> None:
    assert Sentence("ANM-XXX-001", "page", text).binds_lock is binds
