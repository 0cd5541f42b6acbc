"""The ingest process of a storm: the product's own, and it says what it has committed and how much waits."""

import struct
import threading
import time
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from anmen.bench.consumer import READY, Spawned, microseconds, stop_when_closed
from anmen.workers import compose_ingest
from service.settings import Settings

_SAMPLE_S = 0.02
_SAID = struct.Struct("<dIq")


class Said(NamedTuple):
    """At a time (time.monotonic): so many frames waited; or, where `recorded_us` is not 0, the batch of that time was committed."""

    at: float
    waiting: int
    recorded_us: int


def run(control: "Connection[Any, Any]", settings: Settings) -> None:
    """Ingest until the other end closes."""
    guard = threading.Lock()

    def say(waiting: int, recorded_us: int) -> None:
        with guard:
            control.send_bytes(_SAID.pack(time.monotonic(), waiting, recorded_us))

    def committed(recorded_at: datetime, _stored: int) -> None:
        say(0, microseconds(recorded_at))

    lanes = compose_ingest(settings, reached=lambda _: None, committed=committed)

    def sample() -> None:
        before = 0
        while True:
            time.sleep(_SAMPLE_S)
            waiting = sum(loop.waiting for loop in lanes.loops)
            if waiting or before:
                say(waiting, 0)
            before = waiting

    stop_when_closed(control, lanes.stop)
    threading.Thread(target=sample, daemon=True).start()
    lanes.run(lambda: control.send_bytes(READY))


class Watched:
    """The ingest process as the storm sees it; it can be killed, and another takes its place."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process = Spawned("The ingest process", run, settings)
        self.committed_at: dict[int, float] = {}
        self.waiting: list[Said] = []
        self._process.wait(60)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def listen(self) -> None:
        """Take what it has said; must be called often, or it waits for us."""
        line = self._process.line
        while line.poll():
            raw = line.recv_bytes()
            if raw == READY:
                continue
            said = Said(*_SAID.unpack(raw))
            if said.recorded_us:
                self.committed_at[said.recorded_us] = said.at
            else:
                self.waiting.append(said)

    def heard_of(self, recorded_us: set[int], within_s: float) -> dict[int, float]:
        """When each batch was committed; waits for those it has not told of yet."""
        ends = time.monotonic() + within_s
        while not recorded_us <= self.committed_at.keys() and time.monotonic() < ends:
            self.listen()
            time.sleep(_SAMPLE_S)
        return self.committed_at

    def most_waiting(self, since: float) -> int:
        """The most frames that waited at any one time since then."""
        return max((said.waiting for said in self.waiting if said.at >= since), default=0)

    def die(self) -> None:
        """SIGKILL; what it has said before is kept. Another one is there when `begin_again` is called."""
        self._process.kill()
        try:
            self.listen()
        except (EOFError, OSError):
            return

    def begin_again(self) -> None:
        """Another process, which takes the shards once the dead one's leases have run out."""
        self._process = Spawned("The ingest process", run, self._settings)

    def stop(self) -> None:
        """End in order."""
        self._process.stop()
