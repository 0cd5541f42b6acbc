"""Locks that are broken in one place each: what the kit must see, and see alone.

A sabotage changes the simulated lock through monkeypatch (what only a lock uses), or the wire's own flags. `breaks` is the
sentence it breaks, `also` those that cannot hold without it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conformance.memory_line import MemoryWire

Patch = pytest.MonkeyPatch
Deed = Callable[[Patch, MemoryWire], None]


@dataclass(frozen=True, slots=True)
class Sabotage:
    """One broken lock."""

    name: str
    breaks: str
    do: Deed
    also: frozenset[str] = frozenset()


SABOTAGES: list[Sabotage] = []


def breaks(sentence: str, *also: str) -> Callable[[Deed], Deed]:
    """Puts a sabotage into the table; numbers are written without their ANM-."""

    def register(do: Deed) -> Deed:
        others = frozenset(f"ANM-{one}" for one in also)
        SABOTAGES.append(Sabotage(getattr(do, "__name__", ""), f"ANM-{sentence}", do, others))
        return do

    return register


def around(patch: Patch, owner: Any, name: str, wrap: Callable[..., Any]) -> None:
    """Replaces owner.name by wrap(original, *arguments)."""
    original = getattr(owner, name)
    patch.setattr(owner, name, lambda *args, **more: wrap(original, *args, **more))


def nothing(*_: object, **__: object) -> None:
    """What a lock does that does not do it."""
