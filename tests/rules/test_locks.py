"""What a lock's birth says of itself, read with care."""

from datetime import UTC, datetime
from typing import Any

import pytest

from service.locks.rules import certificate_end_said


def test_the_end_of_its_certificate_is_a_moment() -> None:
    assert certificate_end_said({"certificate_until": 1_800_000_000}) == datetime(2027, 1, 15, 8, tzinfo=UTC)


@pytest.mark.parametrize("said", [None, True, -1, 0, 1 << 60, 1.5, "1800000000", [], {}])
def test_what_could_be_no_moment_is_none(said: Any) -> None:
    assert certificate_end_said({"certificate_until": said}) is None
    assert certificate_end_said({}) is None
