"""Kill -9 the simulated locks at each named point of their side; the register equals what their flash says happened.

Once at each point every day; a thousand times and more, one death upon the other, in the long form.
"""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from anmen.free_ports import PortBook
from anmen.state import temporary_state
from device_sim.failpoints import Failpoint
from tests.crash.estate import Estate, estate_of, storm
from tests.crash.rig import Rig, rigged
from tests.crash.test_thousands_of_kills import SHARE
from tests.figures import FigureBook

ESTATES_AT_A_TIME, ESTATES_OF_A_HALF = 3, max(3, round(15 * SHARE))
ROUNDS, KILLS_A_ROUND = 4, 10


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with temporary_state("anmen-simkill-") as state, rigged(state, PortBook()) as rig:
        rig.start_ingest()
        yield rig


@pytest.fixture(scope="module")
def estate(rig: Rig) -> Iterator[Estate]:
    estate = estate_of(rig, "locks")
    yield estate
    if estate.child is not None and estate.child.running:
        estate.child.kill()


@pytest.mark.daily
@pytest.mark.timeout(90)
@pytest.mark.parametrize("point", list(Failpoint), ids=lambda point: point.value)
def test_what_flash_says_is_what_the_register_says(estate: Estate, point: Failpoint) -> None:
    estate.die_busily(point, 2, random.Random(point.value))
    estate.settle()
    assert estate.rig.presence_is_right()


@pytest.mark.full(seconds=200)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("half", [1, 2])
def test_locks_die_all_the_time(rig: Rig, figures: FigureBook, half: int) -> None:
    """Short lives of many estates side by side: an estate's log stays short, so that its next life begins at once."""
    kills: Counter[str] = Counter()
    compared: Counter[str] = Counter()

    def live_and_die(number: int) -> None:
        estate = estate_of(rig, f"estate-{number}")
        dice = random.Random(number)
        for _ in range(ROUNDS):
            storm(estate, KILLS_A_ROUND, dice, lambda point: kills.update([point.value]))
            estate.settle()
        compared[str(number)] = len(estate.own_account())

    name, first = f"kill -9 of simulated locks ({half} of 2)", half * ESTATES_OF_A_HALF
    with figures.noting(name) as noted, ThreadPoolExecutor(ESTATES_AT_A_TIME) as people:
        for _ in people.map(live_and_die, range(first, first + ESTATES_OF_A_HALF)):
            noted["kills"] = kills.total()
            noted["events compared"] = compared.total()
            noted["fewest kills at a point"] = min(kills[point.value] for point in Failpoint)
    assert rig.presence_is_right()
