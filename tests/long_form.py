"""Which tests run in which form, and in which order.

`full(seconds=…)` marks what only the long form does, and about how long it takes there: the longest begin first, so that two workers
end at the same time. `daily` marks what the long form says better; `alone` what measures, and has the machine to itself at the end.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

import pytest

_SECONDS = 20.0
# What every form does goes to the workers a file at a time: the files that take longest begin first, or one worker is left alone
# with them at the end. As measured with `--durations`; any other order is right, too, and only slower.
LONGEST_FILES = (
    "tests/faces/test_engines.py",
    "tests/journeys/test_smoke.py",
    "tests/pages/test_every_page.py",
    "tests/faces/test_finding.py",
    "tests/integration/test_lists_compared.py",
    "tests/device/test_face_at_the_door.py",
    "tests/pages/test_registering.py",
    "tests/faces/test_photographs.py",
    "tests/conformance/test_simulator.py",
    "tests/crash/test_killed_at_failpoints.py",
    "tests/c_reference/test_c_lock_to_register.py",
    "tests/protocol/test_schema.py",
    "tests/fleet/test_fleet.py",
    "tests/fleet/test_backfill.py",
    "tests/fleet/test_storm.py",
    "tests/hostile/test_rights_over_http.py",
    "tests/integration/test_enrolment.py",
    "tests/hostile/test_bad_requests.py",
    "tests/protocol/test_hostile_bytes.py",
    "tests/bench/test_bench_ingest.py",
    "tests/crash/test_killed_simulator.py",
    "tests/pages/test_face_at_the_door.py",
    "tests/device/test_enrolling_at_random.py",
    "tests/architecture/test_house_rules.py",
    "tests/journeys/test_firmware_rollout.py",
    "tests/journeys/test_renewing.py",
)


class Form(Enum):
    """What is asked for."""

    SHORT = "short"
    LONG = "long"
    """What only the long form does, one test at a time to each worker, the longest first."""
    REST = "rest"
    """What every form does, a file at a time; without what the long form says better."""
    ALONE = "alone"
    """What has the machine to itself."""
    ALL = "all"
    """The long form in one process, for whoever starts pytest by hand."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Form":
        """ANMEN_TEST_FULL: unset, 1, or one of the three parts of `./run test --full`."""
        asked = environment.get("ANMEN_TEST_FULL", "")
        parts = {one.value: one for one in (cls.LONG, cls.REST, cls.ALONE)}
        return {"": cls.SHORT, "0": cls.SHORT, **parts}.get(asked, cls.ALL)


def arranged(items: Sequence[pytest.Item], form: Form) -> list[pytest.Item]:
    """The items of this form, in the order in which they begin."""
    chosen = [item for item in items if _is_of(item, form)]
    for item in chosen:
        reason = _reason_to_skip(item, form)
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))
    if form in (Form.LONG, Form.ALL):
        return sorted(chosen, key=lambda item: -seconds_of(item))
    return sorted(chosen, key=_place_of_its_file)


def _place_of_its_file(item: pytest.Item) -> int:
    file = item.nodeid.partition("::")[0]
    return LONGEST_FILES.index(file) if file in LONGEST_FILES else len(LONGEST_FILES)


def _is_of(item: pytest.Item, form: Form) -> bool:
    is_long, is_alone = (item.get_closest_marker(name) is not None for name in ("full", "alone"))
    parts = {Form.LONG: is_long and not is_alone, Form.REST: not is_long and not is_alone, Form.ALONE: is_alone}
    return parts.get(form, True)


def seconds_of(item: pytest.Item) -> float:
    """How long a test of the long form takes, as it says itself; 0 for the others."""
    marker = item.get_closest_marker("full")
    return 0.0 if marker is None else float(marker.kwargs.get("seconds", _SECONDS))


def _reason_to_skip(item: pytest.Item, form: Form) -> str | None:
    if form is Form.SHORT:
        return "long form only: ./run test --full" if item.get_closest_marker("full") else None
    return "the long form says more of it" if item.get_closest_marker("daily") else None
