"""One loop for a whole fleet: which socket has something, which lock's time has come. One thread, one epoll."""

import select
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from heapq import heappop, heappush

from device_sim.fleet.hung_lock import HungLock
from device_sim.fleet.line import Credentials, Line, Stage
from device_sim.fleet.world import World
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType

# Connections that are being made at a time: fewer than a broker's queue of those it has not accepted yet.
OPENING_AT_A_TIME = 64
# And begun in one turn: each costs a millisecond, in which nobody is heard.
_BEGUN_IN_A_TURN = 32
# A handshake that takes longer is given up and tried again.
_OPENING_S = 30.0
_LONGEST_WAIT_S = 0.25
_NEVER = float("inf")


class FleetLoop:
    """`pem_of` gives a lock's certificate and key by its place. `opening_at_a_time`: connections being made; no limit in a storm."""

    def __init__(
        self,
        locks: Sequence[HungLock],
        world: World,
        *,
        address: tuple[str, int],
        authority: str,
        pem_of: Callable[[int], bytes],
    ) -> None:
        self.locks = locks
        self._world = world
        self._address = address
        self._pem_of = pem_of
        self._credentials = Credentials(authority)
        self._epoll = select.epoll()
        self._by_socket: dict[int, int] = {}
        self._opening: dict[int, float] = {}
        self._asking: deque[int] = deque()
        self._due = [_NEVER] * len(locks)
        self._dates: list[tuple[float, int]] = []
        self._unflushed: set[int] = set()
        self._blocked: set[int] = set()
        self._began = time.monotonic()
        self.opening_at_a_time = OPENING_AT_A_TIME

    @property
    def now(self) -> float:
        """Uptime of the fleet in seconds."""
        return time.monotonic() - self._began

    def power_on(self) -> None:
        """Every lock boots."""
        for place, hung in enumerate(self.locks):
            hung.power_on(self.now)
            self._plan(place)

    def leave(self, place: int) -> None:
        """Hang up without a word, and stay away."""
        hung = self.locks[place]
        if hung.line is not None:
            self._forget(hung.line.socket.fileno(), place)
        hung.hang_up()
        hung.connect_at = _NEVER

    def cut_power(self, places: Iterable[int], back_at: float) -> None:
        """The power of all these locks goes in one moment, and is there again at that uptime."""
        for place in places:
            hung = self.locks[place]
            if hung.line is not None:
                self._forget(hung.line.socket.fileno(), place)
            hung.power_off(self.now, back_at)
            self._plan(place)

    def come_back(self, place: int) -> None:
        """Connect now."""
        hung = self.locks[place]
        if hung.line is None and hung.lock.side is not None:
            hung.connect_at = self.now
            self._plan(place)

    def record(self, place: int, kind: EventType, fields: dict[int, object]) -> Event:
        """Something happens at a lock, besides what its household does."""
        event = self.locks[place].lock.record(kind, fields, self.now)
        self._drive(place, self.now)
        return event

    def run(self, goes_on: Callable[[float], bool], *, every_s: float = 0.5) -> None:
        """Turn until `goes_on(now)`, asked every so often, says no."""
        ask_at = 0.0
        while True:
            now = self.now
            if now >= ask_at:
                ask_at = now + every_s
                if not goes_on(now):
                    return
            self.turn()

    def turn(self) -> None:
        """What has come, what is due, who connects; then everything that is to be said goes out at once."""
        self._read()
        now = self.now
        while self._dates and self._dates[0][0] <= now:
            at, place = heappop(self._dates)
            if at == self._due[place]:
                self._due[place] = _NEVER
                self._drive(place, now)
        self._open_lines(now)
        # What happened is written down before anybody is told.
        self._world.truth.flush()
        self._flush()

    def close(self, *, goodbye: bool = True) -> None:
        """Hang up everywhere."""
        for hung in self.locks:
            with suppress(OSError):
                hung.hang_up(goodbye=goodbye)
        self._epoll.close()
        self._credentials.close()
        self._world.truth.flush()

    def _read(self) -> None:
        wait_s = _LONGEST_WAIT_S if not self._dates else min(_LONGEST_WAIT_S, max(0.0, self._dates[0][0] - self.now))
        if self._asking and len(self._opening) < self.opening_at_a_time:
            wait_s = 0.0
        for descriptor, _ in self._epoll.poll(wait_s, maxevents=1024):
            place = self._by_socket.get(descriptor)
            hung = self.locks[place] if place is not None else None
            if place is None or hung is None or hung.line is None:
                continue
            was_open = hung.line.stage is Stage.OPEN
            try:
                published = hung.line.read()
            except OSError as gone:
                self._lose(place, gone)
                continue
            if not was_open and hung.line.stage is Stage.OPEN:
                self._opened(place)
            hung.heard(published, self.now)
            if hung.line is None:
                self._forget(descriptor, place)
            self._unflushed.add(place)
            self._plan(place)

    def _drive(self, place: int, now: float) -> None:
        hung = self.locks[place]
        descriptor = hung.line.socket.fileno() if hung.line else -1
        hung.drive(now)
        if hung.line is None and descriptor >= 0:
            self._forget(descriptor, place)
        if hung.line is not None:
            self._unflushed.add(place)
        if hung.wants_line and hung.connect_at <= now and not hung.queued:
            hung.queued = True
            self._asking.append(place)
        self._plan(place)

    def _plan(self, place: int) -> None:
        at = self.locks[place].next_at(self.now)
        if at < self._due[place]:
            self._due[place] = at
            heappush(self._dates, (at, place))

    def _open_lines(self, now: float) -> None:
        # In the order in which they were begun.
        while self._opening and now - next(iter(self._opening.values())) > _OPENING_S:
            self._lose(next(iter(self._opening)), OSError("the handshake took too long"))
        for _ in range(_BEGUN_IN_A_TURN):
            if not self._asking or len(self._opening) >= self.opening_at_a_time:
                break
            place = self._asking.popleft()
            hung = self.locks[place]
            hung.queued = False
            if hung.wants_line and hung.lock.side is not None:
                self._open_line(place, now)
            self._plan(place)

    def _open_line(self, place: int, now: float) -> None:
        hung = self.locks[place]
        self._world.figures.connects += 1
        try:
            line = Line(self._address, self._credentials, self._pem_of(hung.lock.place))
        except OSError as refused:
            self._lose(place, refused)
            return
        hung.open_line(line)
        if hung.line is None:
            return
        self._by_socket[line.socket.fileno()] = place
        self._opening[place] = now
        self._blocked.add(place)
        self._epoll.register(line.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _opened(self, place: int) -> None:
        self._opening.pop(place, None)
        self._world.figures.connected += 1

    def _flush(self) -> None:
        for place in self._unflushed:
            line = self.locks[place].line
            if line is None:
                continue
            connecting = line.stage is Stage.CONNECTING
            try:
                blocked = line.flush() or connecting
            except OSError as gone:
                self._lose(place, gone)
                continue
            self._watch(line.socket.fileno(), place, blocked=blocked)
        self._unflushed.clear()

    def _watch(self, descriptor: int, place: int, *, blocked: bool) -> None:
        """Ask for room to write only while there is something to write: else the loop would never rest."""
        if blocked != (place in self._blocked):
            self._epoll.modify(descriptor, select.EPOLLIN | (select.EPOLLOUT if blocked else 0))
            (self._blocked.add if blocked else self._blocked.discard)(place)

    def _lose(self, place: int, why: OSError) -> None:
        hung = self.locks[place]
        figures = self._world.figures
        figures.last_problem = str(why)
        if hung.line is not None:
            self._forget(hung.line.socket.fileno(), place)
        else:
            figures.connects_failed += 1
        hung.lose_line(self.now)
        self._plan(place)

    def _forget(self, descriptor: int, place: int) -> None:
        """A line is gone, or about to be; a closed socket leaves the epoll by itself."""
        self._by_socket.pop(descriptor, None)
        self._blocked.discard(place)
        if self._opening.pop(place, None) is None:
            self._world.figures.connected -= 1
        else:
            self._world.figures.connects_failed += 1
