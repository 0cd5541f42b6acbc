"""The long form of killing: thousands of deaths of ingest, broker and database, one upon the other while people come and go.

After every round the register equals the locks' own record, event for event, exactly once.
"""

import os
import random
from collections.abc import Iterator

import pytest

from anmen.free_ports import PortBook
from anmen.state import temporary_state
from tests.crash.rig import Rig, rigged
from tests.crash.storm import POINTS, Outage, Workers, life, note
from tests.figures import FigureBook

pytestmark = [
    # paho leaves a socket open where the broker dies in the middle of the TLS handshake.
    pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning"),
]
# A part of the whole, for trying the tests themselves.
SHARE = float(os.environ.get("ANMEN_TEST_SHARE", "1"))
# Thirty rounds of ingest, six of the others: in two halves, which two workers do at a time.
INGEST_ROUNDS, INGEST_KILLS = max(1, round(15 * SHARE)), 50
BROKER_ROUNDS = max(1, round(3 * SHARE))
HALVES = (1, 2)
OUTAGES = 20


@pytest.fixture
def rig() -> Iterator[Rig]:
    with temporary_state("anmen-storm-") as state, rigged(state, PortBook()) as rig:
        rig.hang_locks(8)
        yield rig


@pytest.mark.full(seconds=310)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("half", HALVES)
def test_ingest_dies_all_the_time(rig: Rig, figures: FigureBook, half: int) -> None:
    workers = Workers(rig, random.Random(half))
    with figures.noting(f"kill -9 of ingest processes ({half} of 2)") as noted:
        for round_number in range(half * INGEST_ROUNDS, (half + 1) * INGEST_ROUNDS):
            with life(rig, round_number):
                workers.storm(INGEST_KILLS)
            workers.calm()
            note(noted, rig, workers.kills)


@pytest.mark.full(seconds=250)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("database", [False, True], ids=["broker", "database"])
def test_what_ingest_needs_dies_all_the_time(rig: Rig, figures: FigureBook, *, database: bool, half: int) -> None:
    outage = Outage(rig, random.Random(1 + half), database)
    with figures.noting(f"kill -9 of the {'database' if database else 'broker'} ({half} of 2)") as noted:
        for round_number in range(half * BROKER_ROUNDS, (half + 1) * BROKER_ROUNDS):
            for point in POINTS:
                with life(rig, round_number):
                    outage.storm(point, OUTAGES)
                outage.calm()
                note(noted, rig, outage.kills)
