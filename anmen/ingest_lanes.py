"""Several ingest loops in one process: while one waits for the database, another computes.

Each lane is a whole worker of its own, with its own line to the broker and its own leases, as another process would be.
So nothing about a batch is shared, and no rule has to know of lanes.
"""

import threading
from collections.abc import Callable, Sequence

from service.ingest import Ingest


class Lanes:
    """The loops, each in a thread. One that ends takes the others with it: what is half deaf had better start again."""

    def __init__(self, loops: Sequence[Ingest]) -> None:
        self.loops = loops
        self._faults: list[Exception] = []
        self._not_ready = len(loops)
        self._lock = threading.Lock()

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Work until stop() is called; `ready` once every lane holds its shards. Raises what ended a lane."""
        for loop in self.loops:
            loop.join()

        def count_down() -> None:
            with self._lock:
                self._not_ready -= 1
                if self._not_ready == 0:
                    ready()

        threads = [
            threading.Thread(target=self._run_one, args=(loop, count_down), name=f"lane-{number}")
            for number, loop in enumerate(self.loops)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._faults:
            raise self._faults[0]

    def stop(self) -> None:
        """End after the batches in hand."""
        for loop in self.loops:
            loop.stop()

    def _run_one(self, loop: Ingest, ready: Callable[[], None]) -> None:
        try:
            loop.run(ready)
        except Exception as fault:  # noqa: BLE001 - raised again by run, in the thread that people hear from
            self._faults.append(fault)
        finally:
            self.stop()
