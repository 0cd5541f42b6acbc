"""What a check comes to."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The five things that can be said of a sentence."""

    PASSED = "passed"
    FAILED = "failed"
    # The lock does not say that it has the feature.
    NOT_APPLICABLE = "not applicable"
    # Nobody could do what the check needs at the door, or the lock did not get far enough. Counts as not passed.
    NOT_TRIED = "not tried"
    # Cannot be observed from outside: the maker's word.
    DECLARED = "declared"


class Failed(Exception):
    """The lock does not do what the sentence says; both texts are for a firmware engineer."""

    def __init__(self, *, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}; seen: {seen}")
        self.expected = expected
        self.seen = seen


class NotTried(Exception):
    """The check could not be carried out; the text says why."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence's result. `seen`: what was observed, or the reason; `unseen`: the part of it that nobody can observe."""

    number: str
    outcome: Outcome
    seen: str = ""
    expected: str = ""
    unseen: str = ""
    took_s: float = 0.0
