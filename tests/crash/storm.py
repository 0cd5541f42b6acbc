"""Kill after kill while life goes on: who has died is replaced at once, and now and then all of it is let come to rest and counted."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.crash.forked import ForkedCommand
from tests.crash.rig import Rig, agree
from tests.figures import Figures

POINTS = ("inbox.taken", "inbox.before_commit", "inbox.committed", "inbox.before_acknowledge", "inbox.acknowledged")
_PATIENCE_S = 30.0


@contextmanager
def life(rig: Rig, seed: int) -> Iterator[None]:
    """People come and go in the background until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=rig.live_while, args=(lambda: not over.is_set(), random.Random(seed)))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@dataclass
class Workers:
    """Several ingest processes that share the shards; each is to die at a point of its own, and then another one starts."""

    rig: Rig
    dice: random.Random
    count: int = 6
    kills: dict[str, int] = field(default_factory=dict)
    _alive: list[tuple[str, ForkedCommand]] = field(default_factory=list)
    _started: int = 0

    def storm(self, kills: int) -> None:
        """So many of them die, while life goes on."""
        until = self.killed + kills
        while self.killed < until:
            self._replace_dead(doomed=True)

    def calm(self) -> None:
        """Whoever still dies is replaced by one that will not, until the register is complete; then the last ones are killed, too."""
        calm = threading.Event()
        attendant = threading.Thread(target=self._attend, args=(calm,))
        attendant.start()
        try:
            agree(self.rig, within_s=_PATIENCE_S)
        finally:
            calm.set()
            attendant.join()
        for _, worker in self._alive:
            worker.kill()
        self._alive.clear()

    @property
    def killed(self) -> int:
        return sum(self.kills.values())

    def _attend(self, calm: threading.Event) -> None:
        while not calm.is_set():
            self._replace_dead(doomed=False)

    def _replace_dead(self, *, doomed: bool) -> None:
        while len(self._alive) < self.count:
            self._alive.append(self._another(doomed=doomed))
        for point, worker in self._alive[:]:
            if worker.await_death(0.01):
                assert worker.was_killed, f"a worker died by itself: {self.rig.state.logs}"
                self.kills[point] = self.kills.get(point, 0) + 1
                self._alive.remove((point, worker))

    def _another(self, *, doomed: bool) -> tuple[str, ForkedCommand]:
        self._started += 1
        point = self.dice.choice(POINTS)
        environment = {"ANMEN_FAILPOINT": f"{point}@{self.dice.randint(1, 6)}"} if doomed else {}
        ready = self.rig.state.path / f"{self._started}.ready"
        return point, self.rig.another_ingest(ready, **environment)


@dataclass
class Outage:
    """The broker or the database dies at the ingest process's points, several times in one life of it, and comes back."""

    rig: Rig
    dice: random.Random
    database: bool
    kills: dict[str, int] = field(default_factory=dict)

    def storm(self, point: str, kills: int) -> None:
        """So many deaths at this point while life goes on; the ingest process itself lives through all of them."""
        victim = self.rig.state.path / "victim.pid"
        victim.unlink(missing_ok=True)
        self.rig.start_ingest(ANMEN_FAILPOINT=f"{point}@{self.dice.randint(1, 6)}", ANMEN_FAILPOINT_KILLS=str(victim))
        for _ in range(kills):
            child = self.rig.cluster.child if self.database else self.rig.broker.child
            written = victim.with_suffix(".new")
            written.write_text(str(child.pid))
            written.rename(victim)
            ends = time.monotonic() + _PATIENCE_S
            while child.running:
                assert time.monotonic() < ends, f"{point} was not reached within {_PATIENCE_S} s"
                time.sleep(0.003)
            self.kills[point] = self.kills.get(point, 0) + 1
            self._bring_back()

    def calm(self) -> None:
        """The register becomes complete, and the process that brought it about ends in order."""
        agree(self.rig, within_s=_PATIENCE_S)
        assert self.rig.ingest is not None
        assert self.rig.ingest.running
        self.rig.ingest_stop()

    def _bring_back(self) -> None:
        if self.database:
            self.rig.cluster.kill()
            self.rig.cluster.start()
        else:
            self.rig.broker.start()


def note(figures: Figures, rig: Rig, kills: dict[str, int]) -> None:
    """What a storm has done, for the table."""
    figures["kills"] = sum(kills.values())
    figures["events compared"] = len(rig.own_record())
    figures["fewest kills at a point"] = min(kills.values())
