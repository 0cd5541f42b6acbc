"""What a storm needs: database, broker and ingest process of its own, the locks that are cut off and those that are not."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from anmen.bench import witnesses
from anmen.bench.consumer import Spawned
from anmen.bench.cpu import CpuMeter
from anmen.bench.storm_ingest import Watched
from anmen.broker import Broker
from anmen.database_roles import DATABASE, DatabaseRole
from anmen.demo.machine import Machine, running_machine
from anmen.errors import MachineError
from anmen.fleet.machine import Say, settle
from anmen.state import temporary_state
from device_sim.fleet.roll import read_roll
from firmware_protocol.topics import LockId
from service.settings import Settings

WITNESSES = 20


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs. `folder` and `witness_folder` hold the two rolls; `witnesses` are the names on the second."""

    machine: Machine
    dsn: str
    folder: Path
    witness_folder: Path
    witnesses: list[LockId]
    ingest: Watched
    _living: Spawned

    @property
    def broker(self) -> Broker:
        """The broker."""
        return self.machine.broker

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far, by part."""
        pids = {
            "broker": self.broker.child.pid,
            "PostgreSQL": self.machine.cluster.child.pid,
            "ingest": self.ingest.pid,
        }
        return {"fleet": time.process_time(), **CpuMeter(pids, "PostgreSQL").read()}

    def hear_witnesses(self) -> bool:
        """Nothing happens at their doors any more; whether the service has all that did."""
        self._living.line.send("enough")
        self._living.wait(90)
        return bool(self._living.line.recv())


@contextmanager
def running_parts(locks: int, say: Say) -> Iterator[Parts]:
    """Everything started, the witnesses proven; all of it is gone afterwards."""
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_state("anmen-roll-")).path
        state = stack.enter_context(temporary_state("anmen-storm-"))
        machine = stack.enter_context(running_machine(state, any_ports=True, step=say))
        settle(machine, folder / "fleet", locks, say)
        settle(machine, folder / "witnesses", WITNESSES, say)
        say("ingest")
        ingest = Watched(_settings(machine))
        stack.callback(ingest.stop)
        say("witnesses")
        living = Spawned("The witnesses", witnesses.run, folder / "witnesses")
        stack.callback(living.stop)
        living.wait(60)
        if living.line.recv() != WITNESSES:
            raise MachineError("Not all witnesses were let in.")
        names = [one.lock for one in read_roll(folder / "witnesses").identities]
        dsn = machine.cluster.create_database(DATABASE)
        yield Parts(machine, dsn, folder / "fleet", folder / "witnesses", names, ingest, living)


def _settings(machine: Machine) -> Settings:
    """What `anmen ingest` would find in its environment."""
    pair, broker = machine.broker.certificates.for_service(), machine.broker
    return Settings(
        database_url=machine.urls[DatabaseRole.INGEST],
        keys_file=machine.keys_file,
        broker_host=broker.host,
        broker_port=broker.ports.services,
        broker_ca=broker.authority,
        broker_certificate=pair.certificate,
        broker_key=pair.key,
    )
