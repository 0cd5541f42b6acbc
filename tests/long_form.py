"""Which tests run in which form, and in which order.

`full(seconds=…)` marks what only the long form does, and about how long it takes there: the longest begin first, so that two workers
end at the same time. `daily` marks what the long form says better; `alone` what measures, and has the machine to itself at the end.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

import pytest

_SECONDS = 20.0


class Form(Enum):
    """What is asked for."""

    SHORT = "short"
    LONG = "long"
    """Everything but what has the machine to itself."""
    ALONE = "alone"
    ALL = "all"
    """The long form in one process, for whoever starts pytest by hand."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Form":
        """ANMEN_TEST_FULL: unset, 1, or one of the two halves of `./run test --full`."""
        asked = environment.get("ANMEN_TEST_FULL", "")
        return {"": cls.SHORT, "0": cls.SHORT, "long": cls.LONG, "alone": cls.ALONE}.get(asked, cls.ALL)


def arranged(items: Sequence[pytest.Item], form: Form) -> list[pytest.Item]:
    """The items of this form. Of two workers each takes a whole file of short tests, or one long test, at a time."""
    chosen = [item for item in items if form is not Form.ALONE or item.get_closest_marker("alone")]
    for item in chosen:
        reason = _reason_to_skip(item, form)
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))
        if item.get_closest_marker("full") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    return chosen if form is Form.SHORT else sorted(chosen, key=lambda item: -seconds_of(item))


def seconds_of(item: pytest.Item) -> float:
    """How long a test of the long form takes, as it says itself; 0 for the others."""
    marker = item.get_closest_marker("full")
    return 0.0 if marker is None else float(marker.kwargs.get("seconds", _SECONDS))


def _reason_to_skip(item: pytest.Item, form: Form) -> str | None:
    if form is Form.SHORT:
        return "long form only: ./run test --full" if item.get_closest_marker("full") else None
    if item.get_closest_marker("daily"):
        return "the long form says more of it"
    if form is Form.LONG and item.get_closest_marker("alone"):
        return "has the machine to itself, later"
    return None
