"""The line to a real broker: MQTT 5 over TLS, because only MQTT 5 tells a subscriber whether a message was published as retained."""

import queue
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from anmen.conformance.line import Heard
from anmen.errors import MachineError
from firmware_protocol.topics import Direction, LockId, frame_topic, holder_topic, shard_of
from service.edges import clock

CONNECT_S = 15.0
# More than any lock says in the time a check takes; a flood beyond it is a fault worth failing of.
MOST_WAITING = 100_000


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who the kit is there: a service account of docs/operations.md (such as anmen-ingest)."""

    host: str
    port: int
    authority: Path
    certificate: Path
    key: Path


class MqttLine:
    """A Line for one lock; a context manager that connects and says goodbye."""

    def __init__(self, address: BrokerAddress, lock: LockId, *, uptime_s: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._now = uptime_s
        self._up = frame_topic(lock, Direction.UP)
        self._down = frame_topic(lock, Direction.DOWN)
        self._holder = holder_topic(shard_of(lock))
        self._heard: queue.Queue[Heard] = queue.Queue(MOST_WAITING)
        self._ready = threading.Event()
        self._trouble = ""
        self._client = client = Client(
            CallbackAPIVersion.VERSION2, f"anmen-conformance-{lock}", protocol=MQTTProtocolVersion.MQTTv5
        )
        client.tls_set_context(_tls(address))
        client.max_inflight_messages_set(0)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect

    def __enter__(self) -> "MqttLine":
        where = f"{self._address.host}:{self._address.port}"
        try:
            self._client.connect(self._address.host, self._address.port, 30)
        except OSError as unreachable:
            raise MachineError(f"The broker at {where} cannot be reached: {unreachable}.") from unreachable
        self._client.loop_start()
        if not self._ready.wait(CONNECT_S) or self._trouble:
            self._client.loop_stop()
            raise MachineError(
                f"The broker at {where} does not let the kit in ({self._trouble or 'no answer'}). It needs a service's certificate, and MQTT 5."
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def now(self) -> float:
        """Seconds on this machine's steady clock."""
        return self._now()

    def unix_ms(self) -> int:
        """This machine's time of day."""
        return round(clock.now().timestamp() * 1000)

    def say(self, frame: bytes) -> None:
        """Publish on the lock's down topic."""
        self._client.publish(self._down, frame, qos=1)

    def announce(self, payload: bytes) -> None:
        """Publish on the holder topic, not retained: the kit leaves nothing behind."""
        self._client.publish(self._holder, payload, qos=1)

    def next(self, until: float) -> Heard | None:
        """The next message of the lock."""
        try:
            return self._heard.get(timeout=max(0.0, until - self._now()))
        except queue.Empty:
            return None

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _props: Properties | None
    ) -> None:
        if reason.is_failure:
            self._trouble = str(reason)
            self._ready.set()
            return
        wish = SubscribeOptions(qos=2, retainAsPublished=True, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        client.subscribe(self._up, options=wish)

    def _on_subscribe(
        self, _client: Client, _data: Any, _id: int, granted: list[ReasonCode], _props: Properties | None
    ) -> None:
        if any(one.is_failure for one in granted):
            self._trouble = f"it may not read {self._up}"
        self._ready.set()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._heard.put(Heard(bytes(message.payload), self._now(), message.qos, message.retain))

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _props: Properties | None
    ) -> None:
        if reason.is_failure and not self._ready.is_set():
            self._trouble = str(reason)
            self._ready.set()


def _tls(address: BrokerAddress) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(address.authority))
        context.load_cert_chain(address.certificate, address.key)
    except OSError as unusable:
        raise MachineError(f"The certificates of the kit cannot be used: {unusable}") from unusable
    return context
