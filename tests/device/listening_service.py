"""A service on a real broker for the simulated locks: the model of the ingest for each lock, and a worker's certificate."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from anmen.broker import Broker
from device_sim.hardware import draw_private_key
from device_sim.provision import Provision, write_provision
from firmware_protocol import LockIdentity, ServiceIdentity
from firmware_protocol.access_list import ListEntry, encode_entry
from firmware_protocol.keys import credential_key, exchange, public_key
from firmware_protocol.messages import Event
from firmware_protocol.sealing import FrameKind, parse
from firmware_protocol.topics import Direction, LockId, draw_lock_id, frame_topic, holder_topic, shard_of
from tests.device.rig import card
from tests.lock_at_broker import provision_of
from tests.machine.mqtt_client import Connected, connected
from tests.protocol.fake_ingest import FakeIngest


@dataclass
class ListeningService:
    """Everything about a lock happens under `mutex`."""

    line: Connected
    ingests: dict[LockId, FakeIngest] = field(default_factory=dict)
    mutex: threading.RLock = field(default_factory=threading.RLock)
    wills: list[bytes] = field(default_factory=list)

    def listen(self) -> None:
        self.line.client.on_message = lambda _client, _data, message: self._take(message.topic, bytes(message.payload))
        self.line.subscribe("anmen/1/+/+/up")

    def give(self, lock: LockId, *entries: ListEntry) -> None:
        with self.mutex:
            self._say(lock, self.ingests[lock].change_list({one.credential_id: encode_entry(one) for one in entries}))

    def announce(self, lock: LockId) -> None:
        """Another process takes the shard."""
        with self.mutex:
            self.ingests[lock].take_lease()
        self.line.client.publish(holder_topic(shard_of(lock)), b"{}", qos=1)

    def register(self, lock: LockId) -> list[Event]:
        with self.mutex:
            return [event for _, event in sorted(self.ingests[lock].durable.register.items())]

    def _take(self, topic: str, payload: bytes) -> None:
        lock = LockId(topic.split("/")[3])
        with self.mutex:
            if parse(payload).header.kind is FrameKind.WILL:
                self.wills.append(payload)
            if lock in self.ingests:
                self._say(lock, self.ingests[lock].receive([payload]))

    def _say(self, lock: LockId, frames: list[bytes]) -> None:
        for frame in frames:
            self.line.client.publish(frame_topic(lock, Direction.DOWN), frame, qos=1)


@contextmanager
def listening(broker: Broker) -> Iterator[ListeningService]:
    identity = broker.certificates.for_service()
    with connected(broker, identity, port=broker.ports.services, client_id="sim-test-worker") as line:
        service = ListeningService(line)
        service.listen()
        yield service


def provision(folder: Path, broker: Broker, service: ListeningService, number: int) -> Provision:
    """A lock of the folder that the service knows."""
    lock = draw_lock_id(bytes([number]) * 8)
    lock_key, service_key = draw_private_key(), draw_private_key()
    identity = LockIdentity(lock, lock_key, public_key(service_key))
    provisioned = provision_of(identity, broker, label=f"{number} 号")
    write_provision(folder, provisioned)
    service.ingests[lock] = FakeIngest(ServiceIdentity(lock, service_key, public_key(lock_key)))
    return provisioned


def card_on(provisioned: Provision, document: str) -> ListEntry:
    """A card's entry made for that lock."""
    key = credential_key(
        exchange(provisioned.private_key, provisioned.service_public_key), provisioned.lock, provisioned.key_epoch
    )
    return card(1, document, key)


def eventually(holds: Callable[[], object], within_s: float = 15.0) -> None:
    """Wait until it holds; AssertionError after the time."""
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends, f"not within {within_s} s"
        time.sleep(0.02)
