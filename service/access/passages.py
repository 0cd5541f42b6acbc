"""Hours in which a door of the whole house stands unlocked for everybody. Pure."""

import re
from enum import StrEnum

from firmware_protocol.schedules import ALL_DAYS, WeeklySchedule
from service.errors import BadInput

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
# Bits from Sunday, as in a list entry.
_WORKDAYS = 0b011_1110


class Days(StrEnum):
    """On which days."""

    WORKDAYS = "workdays"
    EVERY_DAY = "every_day"


_BITS = {Days.WORKDAYS: _WORKDAYS, Days.EVERY_DAY: ALL_DAYS}


def passage_hours(days: Days, opens: str, closes: str) -> WeeklySchedule:
    """The hours from HH:MM to HH:MM on these days, local time at the door; BadInput says what to write instead."""
    first, last = _minute(opens, "opens"), _minute(closes, "closes")
    if last <= first:
        raise BadInput(
            "The door must lock later on the same day than it unlocks.", code="passage_hours", field="closes"
        )
    return WeeklySchedule(_BITS[days], first, last)


def days_of(hours: WeeklySchedule) -> Days:
    """The days of hours that `passage_hours` made."""
    return Days.EVERY_DAY if hours.days == ALL_DAYS else Days.WORKDAYS


def clock_of(minute: int) -> str:
    """HH:MM of a minute of the day."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _minute(text: str, field: str) -> int:
    read = _CLOCK.fullmatch(text.strip())
    if read is None:
        raise BadInput("Please write a time of the day such as 07:00.", code="passage_time", field=field)
    return int(read[1]) * 60 + int(read[2])
