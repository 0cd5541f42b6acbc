"""Which check holds which sentence.

A check is a function that takes the Stand, does something to the lock, and returns in a few words what it saw; it raises
Failed or NotTried. A watch is a function over the transcript of the whole run: it holds a sentence about everything that the
lock says. What cannot be observed from outside stands in DECLARED with the reason. A sentence that nobody has looked at yet
stands in AWAITED. Each sentence that binds a lock is in exactly one of the four (tests/architecture/test_conformance.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from firmware_protocol.commands import CommandKind

if TYPE_CHECKING:
    from anmen.conformance.stand import Stand
    from anmen.conformance.transcript import Transcript


class Profile(StrEnum):
    """How much is tried. CORE needs nobody but somebody who can restart the lock; FULL needs the door."""

    CORE = "core"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Check:
    """One sentence's check. `feature`: the capability of the birth without which it does not apply; `kind`: the command.
    `settled`: whether it begins with a lock that is born, proven and welcomed; those about birth and proof do not.
    """

    number: str
    run: "Callable[[Stand], str]"
    profile: Profile
    feature: str | None
    unseen: str
    settled: bool
    kind: CommandKind | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """One sentence held against everything the lock said."""

    number: str
    run: "Callable[[Transcript], str]"
    unseen: str


CHECKS: dict[str, Check] = {}
WATCHES: dict[str, Watch] = {}
DECLARED: dict[str, str] = {}
AWAITED: dict[str, str] = {}


def checks(
    number: str,
    *,
    profile: Profile = Profile.CORE,
    feature: str | None = None,
    unseen: str = "",
    settled: bool = True,
    kind: CommandKind | None = None,
) -> "Callable[[Callable[[Stand], str]], Callable[[Stand], str]]":
    """Registers the check of a sentence; ValueError where it has one already."""

    def register(run: "Callable[[Stand], str]") -> "Callable[[Stand], str]":
        _once(number)
        CHECKS[number] = Check(number, run, profile, feature, unseen, settled, kind)
        return run

    return register


def watches(number: str, *, unseen: str = "") -> "Callable[[Callable[[Transcript], str]], Callable[[Transcript], str]]":
    """Registers the watch of a sentence; ValueError where it has one already."""

    def register(run: "Callable[[Transcript], str]") -> "Callable[[Transcript], str]":
        _once(number)
        WATCHES[number] = Watch(number, run, unseen)
        return run

    return register


def declared(reasons: Mapping[str, str]) -> None:
    """Sentences that nobody can observe from outside, each with the reason."""
    for number, reason in reasons.items():
        _once(number)
        DECLARED[number] = reason


def awaited(numbers: Mapping[str, str]) -> None:
    """Sentences whose checks are still to be written, each with what stands in the way."""
    for number, why in numbers.items():
        _once(number)
        AWAITED[number] = why


def _once(number: str) -> None:
    if any(number in table for table in (CHECKS, WATCHES, DECLARED, AWAITED)):
        raise ValueError(f"{number} is held twice")
