"""The publisher: a process of its own, a few TLS connections, as many packets in flight as a window lets it."""

import os
import select
import socket
import ssl
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from anmen.bench import packets
from anmen.bench.load import Fleet, Load, Pipeline
from anmen.bench.town import TownLock
from firmware_protocol.topics import LockId
from service.edges import clock
from service.edges.mqtt_link import BrokerAddress

CONNECTIONS = 4
WINDOW = 400
_CHUNK = 40
_TICK_S = 0.001
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Prepare:
    """Pack this many events; answered by their number."""

    pipeline: Pipeline
    events: int


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish what is prepared, at so many events a second (0: flat out); answered by Published."""

    rate: int


@dataclass(frozen=True, slots=True)
class Published:
    """When each event was handed to the network (time.monotonic), and which it was; all of them have been acknowledged."""

    sent_at: "array[float]"
    locks: "array[int]"
    sequences: "array[int]"


@dataclass(frozen=True, slots=True)
class Played:
    """Everything published to a pipeline so far: the last sequence of each lock, and unit -> (how many are in, unsure)."""

    sequences: dict[LockId, int]
    units: dict[int, tuple[int, bool]]


def run(control: "Connection[object, object]", address: BrokerAddress, locks: Sequence[TownLock]) -> None:
    """Obey Prepare, Publish and a Pipeline (answered by Played) until the other end closes."""
    fleets = {pipeline: Fleet(locks, pipeline, connections=CONNECTIONS, seed=7) for pipeline in Pipeline}
    lines = [_Line(address) for _ in range(CONNECTIONS)]
    control.send("ready")
    load = Load([], array("I"), array("Q"))
    while True:
        match _next(control):
            case Prepare(pipeline, events):
                load = fleets[pipeline].load(events, round(clock.now().timestamp() * 1000))
                control.send(len(load.packets))
            case Publish(rate):
                sent_at = _paced(lines, load.packets, rate) if rate else _flat_out(lines, load.packets)
                control.send(Published(sent_at, load.locks, load.sequences))
            case Pipeline() as pipeline:
                control.send(Played(fleets[pipeline].sequences(), fleets[pipeline].recount()))
            case _:
                return


def _next(control: "Connection[object, object]") -> object:
    try:
        return control.recv()
    except (EOFError, OSError):
        return None


class _Line:
    """One connection to the broker, by TLS; counts what is not acknowledged yet."""

    def __init__(self, address: BrokerAddress) -> None:
        context = ssl.create_default_context(cafile=str(address.ca))
        context.load_cert_chain(str(address.certificate), str(address.key))
        plain = socket.create_connection((address.host, address.port), timeout=_TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname=address.host)
        self._socket.sendall(packets.connect(f"anmen-load-{os.urandom(6).hex()}"))
        if self._socket.recv(4) != packets.ACCEPTED:
            raise ConnectionRefusedError("the broker does not let the publisher in")
        self._pending_bytes = 0

    @property
    def in_flight(self) -> int:
        """Packets without an acknowledgement."""
        return -(-self._pending_bytes // packets.PUBACK_BYTES)

    def send(self, chunk: Sequence[bytes]) -> None:
        """Hand these packets to the network."""
        self._socket.sendall(b"".join(chunk))
        self._pending_bytes += packets.PUBACK_BYTES * len(chunk)

    def hear(self) -> None:
        """Wait for acknowledgements and count them; nothing else is ever said to us."""
        heard = len(self._socket.recv(65_536))
        if not heard:
            raise ConnectionResetError("the broker closed the publisher's connection")
        self._pending_bytes -= heard

    def hear_waiting(self) -> None:
        """Count acknowledgements that are there already."""
        while self._socket.pending() or select.select([self._socket], [], [], 0)[0]:
            self.hear()


def _flat_out(lines: Sequence[_Line], queued: Sequence[bytes]) -> "array[float]":
    sent_at = array("d", bytes(8 * len(queued)))
    ends = len(queued)
    step = _CHUNK * len(lines)
    for first in range(0, ends, step):
        for offset, line in enumerate(lines):
            while line.in_flight > WINDOW:
                line.hear()
            own = range(first + offset, min(first + step, ends), len(lines))
            now = time.monotonic()
            line.send([queued[number] for number in own])
            for number in own:
                sent_at[number] = now
    _settle(lines)
    return sent_at


def _paced(lines: Sequence[_Line], queued: Sequence[bytes], rate: int) -> "array[float]":
    sent_at = array("d", bytes(8 * len(queued)))
    started = time.monotonic()
    sent = 0
    while sent < len(queued):
        now = time.monotonic()
        due = min(len(queued), int((now - started) * rate) + 1)
        for offset, line in enumerate(lines):
            own = [number for number in range(sent, due) if number % len(lines) == offset]
            if own:
                line.send([queued[number] for number in own])
            for number in own:
                sent_at[number] = now
            line.hear_waiting()
        sent = due
        time.sleep(_TICK_S)
    _settle(lines)
    return sent_at


def _settle(lines: Sequence[_Line]) -> None:
    for line in lines:
        while line.in_flight:
            line.hear()
