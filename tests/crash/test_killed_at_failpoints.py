"""Kill -9 the ingest process, the broker or the database at each named point of the event path.

Afterwards the register equals the locks' own record, event for event, exactly once. What a killed Mosquitto had
acknowledged is gone with it; only the service's "stored up to n" counts.
"""

import random
import threading
import time
from collections.abc import Iterator
from enum import StrEnum

import pytest

from anmen.free_ports import PortBook
from anmen.state import temporary_state
from tests.crash.rig import Rig, agree, in_background, rigged
from tests.crash.storm import POINTS
from tests.wire_link import eventually

LIFE_S = 0.7


class Victim(StrEnum):
    INGEST = "ingest"
    BROKER = "broker"
    DATABASE = "database"


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with temporary_state("anmen-crash-") as state, rigged(state, PortBook()) as rig:
        rig.start_ingest()
        rig.hang_locks(4)
        eventually(rig.all_stored, within_s=20)
        rig.ingest_stop()
        yield rig


@pytest.mark.daily
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("victim", Victim)
def test_nothing_is_lost_and_nothing_counts_twice(rig: Rig, victim: Victim, point: str) -> None:
    kills = rig.state.path / "victim.pid"
    environment = {"ANMEN_FAILPOINT": f"{point}@3"}
    if victim is not Victim.INGEST:
        child = rig.broker.child if victim is Victim.BROKER else rig.cluster.child
        kills.write_text(str(child.pid))
        environment["ANMEN_FAILPOINT_KILLS"] = str(kills)
    rig.start_ingest(**environment)
    # On a slow machine a while is only a batch or two: the point is passed when somebody has died there.
    ends, dead = time.monotonic() + LIFE_S, threading.Event()

    def going() -> bool:
        return time.monotonic() < ends or not dead.is_set()

    life = in_background(threading.Thread(target=rig.live_while, args=(going, random.Random(0))))
    try:
        killed(rig, victim, dead)
    finally:
        dead.set()
        life.join()
    agree(rig, within_s=30)
    rig.ingest_stop()


def killed(rig: Rig, victim: Victim, dead: threading.Event) -> None:
    """Wait for the death, say that it was, then bring the dead back."""
    assert rig.ingest is not None
    if victim is Victim.INGEST:
        assert rig.ingest.await_death(20)
        dead.set()
        assert rig.ingest.was_killed
        rig.start_ingest()
    elif victim is Victim.BROKER:
        eventually(lambda: not rig.broker.child.running, within_s=20)
        dead.set()
        time.sleep(0.3)
        rig.broker.start()
    else:
        eventually(lambda: not rig.cluster.child.running, within_s=20)
        dead.set()
        rig.cluster.kill()
        time.sleep(0.3)
        rig.cluster.start()
