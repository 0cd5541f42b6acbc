"""A fleet out of its folder: everything put together, and what is left when it ends."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from device_sim.errors import BadRequest
from device_sim.fleet.dice import Dice, seed_of
from device_sim.fleet.faults import Faults
from device_sim.fleet.figures import Figures
from device_sim.fleet.hung_lock import HungLock
from device_sim.fleet.loop import FleetLoop
from device_sim.fleet.roll import STANDING, TRUTH, FinalStanding, Roll, occupied, write_standings
from device_sim.fleet.truth import Truth
from device_sim.fleet.world import World


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """How many of the roll's locks, with which chances. `speed` is how much faster the households live than the clock goes."""

    locks: int
    seed: int = 1
    speed: float = 1.0
    faults: Faults = field(default_factory=Faults)


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet that has power."""

    loop: FleetLoop
    world: World

    @property
    def locks(self) -> list[HungLock]:
        """All but the clones."""
        return [hung for hung in self.loop.locks if not hung.lock.clone]

    def figures(self) -> Figures:
        """What it has done so far."""
        figures = self.world.figures
        figures.proven = sum(1 for hung in self.loop.locks if hung.lock.side is not None and hung.lock.side.proven)
        return figures

    def calm_down(self) -> None:
        """Nobody comes or goes, nothing goes wrong, and clones stay away: what is on its way may arrive.

        Where things went wrong the links heal by a new connect, whose birth says what the lock holds.
        """
        self.world.quiet = True
        for place, hung in enumerate(self.loop.locks):
            if self.world.faults != Faults():
                self.loop.leave(place)
                if not hung.lock.clone:
                    self.loop.come_back(place)

    def settled(self) -> bool:
        """Whether every lock is there, and the service has everything."""
        return all(hung.lock.linked for hung in self.locks) and self.all_stored()

    def all_stored(self) -> bool:
        """Whether the service has everything that ever happened."""
        return all(hung.lock.log.stored_up_to == hung.lock.log.next_sequence - 1 for hung in self.locks)


@contextmanager
def running_fleet(roll: Roll, plan: FleetPlan) -> Iterator[Fleet]:
    """The fleet with power; how its locks stood is written down at the end. BadRequest where the roll has too few."""
    if not 0 < plan.locks <= len(roll.identities):
        raise BadRequest(
            f"{roll.folder} has {len(roll.identities)} locks; ask for as many or fewer, or make a larger fleet in another folder"
        )
    with occupied(roll.folder):
        yield from _run(roll, plan)


def _run(roll: Roll, plan: FleetPlan) -> Iterator[Fleet]:
    (roll.folder / STANDING).unlink(missing_ok=True)
    began_ms = time.time_ns() // 1_000_000
    truth = Truth(roll.folder / TRUTH)
    figures = Figures(locks=plan.locks)
    world = World(
        run=roll.next_run(),
        truth=truth,
        unix_ms=lambda now: began_ms + round(now * 1000),
        draw=os.urandom,
        seed=plan.seed,
        speed=plan.speed,
        faults=plan.faults,
        figures=figures,
    )
    hung = [HungLock(place, roll.identities[place], world) for place in range(plan.locks)]
    clones = [place for place in range(plan.locks) if Dice(seed_of(plan.seed, place, 2)).happens(plan.faults.clone)]
    hung += [HungLock(place, roll.identities[place], world, clone=True) for place in clones]
    address = (roll.broker.host, roll.broker.port)
    loop = FleetLoop(hung, world, address=address, authority=roll.broker.authority, pem_of=roll.pem)
    try:
        fleet = Fleet(loop, world)
        loop.power_on()
        yield fleet
    finally:
        standings = [_standing(one) for one in hung if not one.lock.clone]
        loop.close()
        truth.close()
        write_standings(roll.folder, standings)


def _standing(hung: HungLock) -> FinalStanding:
    lock = hung.lock
    log = lock.log
    return FinalStanding(
        lock.identity.lock,
        log.epoch,
        log.next_sequence - 1,
        log.stored_up_to,
        lock.list_version,
        lock.list_digest.hex(),
        lock.linked,
    )
