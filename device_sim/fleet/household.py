"""Who lives behind a door, and when they come and go: a day's acts follow from the seed, the lock and the day. Pure."""

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from device_sim.fleet.dice import Dice, seed_of

DAY_S = 86_400
_HOUR_S = 3600


class Act(IntEnum):
    """What somebody does at the door."""

    COME = 0
    LEAVE = 1
    WRONG_PIN = 2
    FORCED_OPEN = 3


class Deed(NamedTuple):
    """An act, and when: seconds of simulated time."""

    at_s: float
    act: Act


class Household:
    """One door's people. `next` is what they do next; `go_on` moves past it."""

    __slots__ = ("_kind", "_seed", "next")

    def __init__(self, seed: int, after_s: float) -> None:
        self._seed = seed
        self._kind = _KINDS[Dice(seed).below(len(_KINDS))]
        self.next = self._after(after_s)

    def go_on(self) -> None:
        """The next deed was done."""
        self.next = self._after(self.next.at_s)

    def _after(self, at_s: float) -> Deed:
        day = int(at_s // DAY_S)
        while True:
            # Made again at every deed: a day's deeds kept would weigh more than the lock.
            later = (deed for deed in deeds_of(self._kind, self._seed, day) if deed.at_s > at_s)
            found = min(later, default=None)
            if found is not None:
                return found
            day += 1


Kind = Callable[[Dice], list[tuple[float, Act]]]


def deeds_of(kind: Kind, seed: int, day: int) -> list[Deed]:
    """One household's day, in no order."""
    dice = Dice(seed_of(seed, day))
    hours = kind(dice)
    if dice.happens(0.15):
        hours += _visit(dice)
    if dice.happens(0.05):
        hours.append((_around(dice, 17, 6), Act.WRONG_PIN))
    if dice.happens(0.002):
        hours.append((_around(dice, 12, 12), Act.FORCED_OPEN))
    return [Deed(day * DAY_S + hour * _HOUR_S, act) for hour, act in hours]


def _worker(dice: Dice) -> list[tuple[float, Act]]:
    leaves = _around(dice, 7.5, 1)
    hours = [(leaves, Act.LEAVE), (_around(dice, 18.5, 1.5), Act.COME)]
    if dice.happens(0.3):
        hours += [(_around(dice, 20.5, 0.5), Act.LEAVE), (_around(dice, 22, 0.7), Act.COME)]
    return hours


def _family(dice: Dice) -> list[tuple[float, Act]]:
    """Two who work and a child that has a lunch break."""
    child = [(_around(dice, 7.2, 0.2), Act.LEAVE), (_around(dice, 11.7, 0.2), Act.COME)]
    child += [(_around(dice, 13.6, 0.2), Act.LEAVE), (_around(dice, 16.5, 0.5), Act.COME)]
    return child + _worker(dice) + _worker(dice)


def _night_shift(dice: Dice) -> list[tuple[float, Act]]:
    hours = [(_around(dice, 6.5, 0.5), Act.COME), (_around(dice, 15, 1), Act.LEAVE)]
    return [*hours, (_around(dice, 16, 0.9), Act.COME), (_around(dice, 21.5, 0.5), Act.LEAVE)]


def _retired(dice: Dice) -> list[tuple[float, Act]]:
    hours = [(_around(dice, 6, 0.5), Act.LEAVE), (_around(dice, 8, 0.7), Act.COME)]
    return [*hours, (_around(dice, 15, 1), Act.LEAVE), (_around(dice, 17, 1), Act.COME)]


def _visit(dice: Dice) -> list[tuple[float, Act]]:
    comes = _around(dice, 18, 3)
    return [(comes, Act.COME), (min(23.9, comes + 0.5 + 2 * dice.share()), Act.LEAVE)]


def _around(dice: Dice, hour: float, by: float) -> float:
    return min(23.99, max(0.0, hour + by * (dice.share() + dice.share() - 1)))


_KINDS: tuple[Kind, ...] = (_worker, _worker, _family, _family, _night_shift, _retired)
