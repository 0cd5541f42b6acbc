"""The ingest process's line to the broker: subscribe to shards, deliver to the inbox, acknowledge after the commit, publish.

Sessions are clean and acknowledgements manual. Nothing depends on the broker's memory: what it forgets, the locks send
again, because only the service's own receipt frees their flash.
"""

import ssl
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cbor2
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from firmware_protocol.topics import PREFIX, holder_topic
from service.edges.inbox import Delivery, Inbox
from service.errors import Broken


class BrokerUnreachable(Broken):
    """The broker does not answer, or refuses us; the text says which setting to look at."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are to it: PEM files of the CA, our certificate and its key."""

    host: str
    port: int
    ca: Path
    certificate: Path
    key: Path


class MqttLink:
    """One connection. Callbacks run on paho's thread; they queue and return."""

    def __init__(self, address: BrokerAddress, client_id: str, inbox: Inbox) -> None:
        self._address = address
        self._inbox = inbox
        self._connection = 0
        self._held: dict[int, int] = {}
        self._announce: dict[int, list[int]] = {}
        self._lock = threading.Lock()
        self._up = threading.Event()
        self._refused = ""
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, clean_session=True, manual_ack=True)
        context = ssl.create_default_context(cafile=str(address.ca))
        context.load_cert_chain(str(address.certificate), str(address.key))
        client.tls_set_context(context)
        client.max_queued_messages_set(0)
        client.max_inflight_messages_set(1000)
        client.reconnect_delay_set(1, 10)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_subscribe, client.on_message = self._on_subscribe, self._on_message
        self._client = client

    def start(self, timeout_s: float = 20.0) -> None:
        """Connect and keep connected; BrokerUnreachable where the first connection does not come about in time."""
        try:
            self._client.connect_async(self._address.host, self._address.port, keepalive=30)
            self._client.loop_start()
        except (OSError, ValueError) as impossible:
            raise BrokerUnreachable(self._advice(str(impossible))) from impossible
        if not self._up.wait(timeout_s):
            self.stop()
            raise BrokerUnreachable(self._advice(self._refused or "no answer"))

    def stop(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def hold(self, generations: dict[int, int]) -> None:
        """Listen to exactly these shards (shard -> lease generation), and announce ourselves on those that are new."""
        with self._lock:
            gone = [shard for shard in self._held if shard not in generations]
            new = {shard: number for shard, number in generations.items() if self._held.get(shard) != number}
            self._held = dict(generations)
            if gone:
                self._client.unsubscribe([_filter(shard) for shard in gone])
            self._subscribe(new)

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """Tell the broker that these are done with; those of an older connection it has forgotten anyway."""
        for delivery in deliveries:
            if delivery.connection == self._connection:
                self._client.ack(delivery.message_id, 1)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send with QoS 1; while the line is down it is dropped, because every frame is made again when its lock is heard."""
        if self._up.is_set():
            self._client.publish(topic, payload, qos=1, retain=retain)

    def _subscribe(self, generations: dict[int, int]) -> None:
        if not generations or not self._up.is_set():
            return
        _, message_id = self._client.subscribe([(_filter(shard), 1) for shard in sorted(generations)])
        if message_id is not None:
            self._announce[message_id] = sorted(generations)

    def _on_connect(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            return
        with self._lock:
            self._connection += 1
            self._announce.clear()
            self._up.set()
            self._subscribe(self._held)

    def _on_disconnect(self, *_: Any) -> None:
        self._up.clear()

    def _on_subscribe(self, _client: Any, _userdata: Any, message_id: int, _reasons: Any, _properties: Any) -> None:
        # Only now, when we certainly hear them, may the locks be asked to speak.
        for shard in self._announce.pop(message_id, []):
            generation = self._held.get(shard)
            if generation is not None:
                self._client.publish(holder_topic(shard), cbor2.dumps([generation]), qos=1, retain=True)

    def _on_message(self, _client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        self._inbox.put(Delivery(message.topic, bytes(message.payload), message.mid, self._connection))

    def _advice(self, what: str) -> str:
        return (
            f"The broker at {self._address.host}:{self._address.port} cannot be used ({what})."
            " Look at ANMEN_BROKER_HOST, ANMEN_BROKER_PORT, ANMEN_BROKER_CA, ANMEN_BROKER_CERTIFICATE and ANMEN_BROKER_KEY."
        )


def _filter(shard: int) -> str:
    return f"{PREFIX}/{shard:02d}/+/up"
