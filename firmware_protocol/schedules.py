"""When a credential opens within its span: weekly hours and dates. Pure.

Weekly hours are those of the door's place. All doors are in one country with one time and no summer time, so the time is
a constant (Asia/Shanghai) and not a field that a lock could have wrong.
"""

from dataclasses import dataclass
from typing import Any

from firmware_protocol.cbor_subset import NotOurs

LOCAL_OFFSET_S = 8 * 3600
MOST_SCHEDULES = 16
MINUTES_A_DAY = 24 * 60
ALL_DAYS = 0b111_1111
_DAY_S = 86_400
# 1970-01-01 was a Thursday; Sunday is bit 0 (Matter DaysMaskBitmap).
_FIRST_WEEKDAY = 4
_WEEKLY, _DATES = 0, 1


@dataclass(frozen=True, slots=True)
class WeeklySchedule:
    """These minutes [from, to) of these days (bits, Sunday first), local time; it never runs over midnight."""

    days: int
    from_minute: int
    to_minute: int

    def holds(self, now_s: int) -> bool:
        """Whether it opens at this moment (Unix seconds)."""
        day, second = divmod(now_s + LOCAL_OFFSET_S, _DAY_S)
        weekday = (day + _FIRST_WEEKDAY) % 7
        return bool(self.days >> weekday & 1) and self.from_minute <= second // 60 < self.to_minute


@dataclass(frozen=True, slots=True)
class DateSchedule:
    """This span [starts_at, ends_at), Unix seconds."""

    starts_at: int
    ends_at: int

    def holds(self, now_s: int) -> bool:
        """Whether it opens at this moment (Unix seconds)."""
        return self.starts_at <= now_s < self.ends_at


Schedule = WeeklySchedule | DateSchedule


def written(schedules: tuple[Schedule, ...]) -> list[list[int]]:
    """The schedules as they stand in an entry."""
    return [
        [_WEEKLY, one.days, one.from_minute, one.to_minute]
        if isinstance(one, WeeklySchedule)
        else [_DATES, one.starts_at, one.ends_at]
        for one in schedules
    ]


def read_schedules(said: Any) -> tuple[Schedule, ...]:
    """The schedules; NotOurs for a kind of a later version too, because skipping one would open the door at other times."""
    if type(said) is not list or len(said) > MOST_SCHEDULES:
        raise NotOurs("schedules")
    return tuple(_schedule(one) for one in said)


def _schedule(said: Any) -> Schedule:
    if type(said) is not list or any(type(one) is not int for one in said):
        raise NotOurs("schedule")
    match said:
        case [0, days, start, end] if (
            0 <= days <= ALL_DAYS and 0 <= start <= MINUTES_A_DAY and 0 <= end <= MINUTES_A_DAY
        ):
            return WeeklySchedule(days, start, end)
        case [1, start, end] if 0 <= start < 1 << 62 and 0 <= end < 1 << 62:
            return DateSchedule(start, end)
    raise NotOurs("schedule")
