"""A plain MQTT client with a certificate, for asking the broker what it lets whom do."""

import queue
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from anmen.broker import Broker
from anmen.certificates import KeyPair

PATIENCE_S = 20.0


class Connected:
    """One connection: what it received, and whether the broker has thrown it out."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.received: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.accepted = threading.Event()
        self.thrown_out = threading.Event()
        self.answered = threading.Event()
        self._granted = threading.Event()
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        self.refused_filters = 0

    def subscribe(self, *topics: str) -> None:
        """Subscribe with QoS 1 and wait for the broker's answer, whichever it is."""
        self._granted.clear()
        self.client.subscribe([(topic, 1) for topic in topics])
        assert self._granted.wait(PATIENCE_S)

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> None:
        """Publish with QoS 1 and wait for the acknowledgement, which proves nothing about being allowed."""
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(PATIENCE_S)

    def next(self) -> tuple[str, bytes]:
        """The next message; fails after a while."""
        return self.received.get(timeout=PATIENCE_S)

    def _on_connect(
        self, client: Client, _: object, flags: ConnectFlags, reason: ReasonCode, props: Properties | None
    ) -> None:
        if not reason.is_failure:
            self.accepted.set()
        self.answered.set()

    def _on_subscribe(
        self, client: Client, _: object, mid: int, reasons: list[ReasonCode], props: Properties | None
    ) -> None:
        self.refused_filters += sum(reason.is_failure for reason in reasons)
        self._granted.set()

    def _on_message(self, client: Client, _: object, message: MQTTMessage) -> None:
        self.received.put((message.topic, bytes(message.payload)))

    def _on_disconnect(
        self, client: Client, _: object, flags: DisconnectFlags, reason: ReasonCode, props: Properties | None
    ) -> None:
        if reason.is_failure:
            self.thrown_out.set()
        self.answered.set()


def let_go(client: Client) -> None:
    """Have it freed at once. It and its callbacks hold each other; left to the collector of garbage, its sockets may be found
    before it is, and that is a warning, and so a failure, of whichever test runs then.
    """
    client.on_connect = client.on_subscribe = client.on_message = client.on_disconnect = None


@contextmanager
def connected(
    broker: Broker, identity: KeyPair | None, *, port: int, client_id: str = "", clean: bool = True
) -> Iterator[Connected]:
    """Connect under a certificate (or none); raises ConnectionError where the broker does not let us in."""
    client = Client(CallbackAPIVersion.VERSION2, client_id, clean_session=clean, reconnect_on_failure=False)
    context = ssl.create_default_context(cafile=str(broker.authority))
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    client.tls_set_context(context)
    connection = Connected(client)
    try:
        client.connect(broker.host, port)
        client.loop_start()
        connection.answered.wait(PATIENCE_S)
        if not connection.accepted.is_set():
            raise ConnectionError("not let in")
        yield connection
    finally:
        client.disconnect()
        client.loop_stop()
        let_go(client)
