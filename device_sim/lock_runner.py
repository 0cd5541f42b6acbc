"""Runs one lock: its thread does everything that happens to the lock, one thing after the other.

Readers, keypads and the link put their business into a queue; whoever wants an answer waits for it. Connecting is
another thread's business, because a broker that does not answer must not keep a person waiting at the door.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

from device_sim.errors import SimulatorError
from device_sim.failpoints import Failpoint
from device_sim.hardware import Hardware
from device_sim.installation import Installation
from device_sim.mqtt_link import MqttLink
from device_sim.provision import Provision

T = TypeVar("T")
_log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 10.0
PAUSE_AFTER_FAILURE_S = 0.5


class LockRunner:
    """One installed lock and the thread that runs it; `folder` holds its flash."""

    def __init__(self, provision: Provision, folder: Path, hardware: Hardware) -> None:
        self.provision = provision
        self.folder = folder
        self.engine = hardware.engine
        self._reached = hardware.reached
        self._installed = Installation(provision, folder, hardware=hardware, link=MqttLink(provision, self))
        self._business: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"lock {provision.lock}", daemon=True)

    def start(self) -> None:
        """Power on and connect."""
        self._installed.power_on()
        self._thread.start()

    def stop(self) -> None:
        """An orderly end."""
        self._business.put(self._end)
        self._thread.join(ANSWER_WITHIN_S)

    def call(self, work: Callable[[Installation], T]) -> T:
        """Do something to the lock in its own thread and give the result; SimulatorError where that takes too long."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work(self._installed))
            except (SimulatorError, OSError, ValueError) as failed:
                done.set_exception(failed)

        self._business.put(run)
        try:
            return done.result(ANSWER_WITHIN_S)
        except TooLate:
            raise SimulatorError(
                f"lock {self.provision.lock} does not answer; the simulator's log may say why"
            ) from None

    def link_up(self) -> None:
        """Connected and subscribed."""
        self._business.put(self._installed.came_up)

    def link_down(self, why: str) -> None:
        """Not connected any more, or not at all."""
        self._business.put(lambda: self._installed.went_down(why))

    def frame_arrived(self, frame: bytes) -> None:
        """A frame came down."""
        self._business.put(lambda: self._installed.receive(frame))

    def holder_announced(self) -> None:
        """A process has announced that it holds the shard."""
        self._business.put(self._installed.announced)

    def frame_acknowledged(self) -> None:
        """The broker has taken a frame."""
        self._reached(Failpoint.FRAME_PUBLISHED)

    def _run(self) -> None:
        while not self._stopped:
            try:
                self._do_next()
            except OSError as failed:
                # A flash that cannot be written: the lock goes on, the door above all.
                _log.error("lock %s: %s", self.provision.lock, failed)
                time.sleep(PAUSE_AFTER_FAILURE_S)

    def _do_next(self) -> None:
        with suppress(Empty):
            self._business.get(timeout=self._installed.wait_s())()
        self._installed.drive()

    def _end(self) -> None:
        self._stopped = True
        self._installed.shut_down()
