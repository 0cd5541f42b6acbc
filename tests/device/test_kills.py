"""The simulator dies by SIGKILL at each failpoint; started again, the register becomes its own account, event for event."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from anmen.broker import Broker
from device_sim.audit import read_log
from device_sim.control import ask
from device_sim.errors import NoSimulator
from device_sim.failpoints import Failpoint
from device_sim.report import Json, report_event
from firmware_protocol.messages import Event
from tests.device.listening_service import card_on, eventually, listening, provision
from tests.device.rig import DOCUMENT
from tests.lock_at_broker import await_confirmed

# The first event of a boot is its start, the second the list: later ones happen while people come and go.
NTH = {Failpoint.LIST_SLOT_WRITTEN: 1, Failpoint.LIST_SWITCHED: 1}


@contextmanager
def simulator(folder: Path, control: Path, failpoint: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """The process, stopped in order at the end if it still runs."""
    command = [sys.executable, "-m", "tests.device.sim_process", str(folder), str(control)]
    process = subprocess.Popen(command, env={**os.environ, "ANMEN_FAILPOINT": failpoint})
    try:
        yield process
        if process.poll() is None:
            process.terminate()
        process.wait(20)
    finally:
        process.kill()
        process.wait()


def press_handles(control: Path, lock: str, process: subprocess.Popen[bytes]) -> list[Json]:
    """Press the inside handle until the simulator is dead; the events it told of.

    No card: before the list is there it would be a wrong one, and wrong tries lock out over a kill, too.
    """
    told = []

    def dies() -> bool:
        try:
            answer = ask(control, {"lock": lock, "do": "handle"})
        except NoSimulator:
            return process.poll() is not None
        if answer.get("event"):
            told.append(answer["event"])
        return False

    eventually(dies, 60)
    return told


# tests/crash kills the simulator at all of them, with the whole service.
@pytest.mark.parametrize("point", [Failpoint.EVENT_TORN, Failpoint.LIST_SLOT_WRITTEN])
def test_register_and_account_agree_after_a_kill(broker: Broker, tmp_path: Path, point: Failpoint) -> None:
    folder, control = tmp_path / "locks", tmp_path / "control"
    with listening(broker) as service:
        lock = provision(folder, broker, service, 1)
        service.give(lock.lock, card_on(lock, DOCUMENT))

        def account() -> list[Event]:
            return [event for _, event in read_log(folder / lock.lock)]

        with simulator(folder, control, f"{point}@{NTH.get(point, 5)}") as process:
            told = press_handles(control, lock.lock, process)
        assert process.returncode == -signal.SIGKILL
        before = account()
        recorded = [report_event(event) for event in before]
        assert all(event in recorded for event in told)
        with simulator(folder, control):
            eventually(lambda: account()[len(before) :] and service.register(lock.lock) == account(), 30)
            eventually(lambda: ask(control, {"lock": lock.lock, "do": "state"})["state"]["list"]["entries"].get("rfid"))
            await_confirmed(partial(ask, control), lock.lock)
            assert ask(control, {"lock": lock.lock, "do": "card", "number": DOCUMENT})["opened"]
            eventually(lambda: service.register(lock.lock) == account())
        after = account()
    assert after[: len(before)] == before
    assert [event.sequence for event in after] == list(range(1, len(after) + 1))
