"""Ties a WireLock to a real broker, over TLS with the lock's own certificate."""

import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from anmen.broker import Broker
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.topics import Direction, frame_topic, holder_topic, shard_of
from tests.machine.mqtt_client import let_go
from tests.wire_lock import WireLock


class WireLink:
    """One connection of one lock; everything about the lock happens under `mutex`."""

    def __init__(self, lock: WireLock, broker: Broker) -> None:
        self.lock = lock
        self.mutex = threading.RLock()
        self.refused: list[str] = []
        pair = broker.certificates.for_lock(lock.id)
        context = ssl.create_default_context(cafile=str(broker.authority))
        context.load_cert_chain(str(pair.certificate), str(pair.key))
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, lock.id, clean_session=True)
        self._client.tls_set_context(context)
        # paho's own first second of waiting is for brokers far away; it takes any number.
        shortest: Any = 0.1
        self._client.reconnect_delay_set(shortest, 1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._broker = broker
        self._stop = threading.Event()
        self._ticking = threading.Thread(target=self._tick, daemon=True)

    def start(self) -> None:
        """Connect; the birth follows the subscription."""
        with self.mutex:
            self._client.will_set(self.lock.up, self.lock.side.connecting(), qos=1)
        self._client.connect(self._broker.host, self._broker.ports.locks, keepalive=30)
        self._client.loop_start()
        self._ticking.start()

    def stop(self) -> None:
        """Go away without a word, as a lock without power does."""
        self._stop.set()
        sock = self._client.socket()
        if sock is not None:
            sock.close()
        self._client.loop_stop()
        let_go(self._client)

    def do(self, work: Callable[[WireLock], Any]) -> Any:
        """Something happens at the lock; what it then says is sent."""
        with self.mutex:
            result = work(self.lock)
            self._send(self.lock.frames())
        return result

    def _send(self, frames: list[bytes]) -> None:
        for frame in frames:
            self._client.publish(self.lock.up, frame, qos=1)

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        lock = self.lock.id
        client.subscribe([(frame_topic(lock, Direction.DOWN), 1), (holder_topic(shard_of(lock)), 1)])

    def _on_subscribe(self, *_: Any) -> None:
        with self.mutex:
            self.lock.side.connected(self.lock.standing(), self.lock.now)
            self._send(self.lock.frames())

    def _on_message(self, _client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        with self.mutex:
            if message.topic.endswith("/holder"):
                self.lock.side.announced(self.lock.now)
                self._send(self.lock.frames())
                return
            try:
                self._send(self.lock.receive(bytes(message.payload)))
            except RemoteProtocolError as refused:
                self.refused.append(refused.reason.value)

    def _tick(self) -> None:
        started = time.monotonic()
        while not self._stop.wait(0.05):
            with self.mutex:
                self.lock.now = time.monotonic() - started
                self.lock.side.expire(self.lock.standing(), self.lock.now)
                self._send(self.lock.frames())


def eventually(holds: Callable[[], Any], within_s: float = 10.0) -> Any:
    """The first true value of `holds`; AssertionError after the time."""
    ends = time.monotonic() + within_s
    while True:
        value = holds()
        if value:
            return value
        assert time.monotonic() < ends, f"not within {within_s} s"
        time.sleep(0.01)
