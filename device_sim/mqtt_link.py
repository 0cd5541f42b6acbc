"""A lock's one way out: MQTT 3.1.1 over TLS with the lock's own certificate. One client object a connection.

A connection is never taken up again: what one left behind (queued frames, an old will) must not leak into the next, and
the will is another at every connect. When and whether to try again is the runner's to say.
"""

import socket
import ssl
import threading
import time
from typing import Any, Protocol

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device_sim.certificate import HeldCertificate
from device_sim.errors import BadProvision
from device_sim.provision import Provision
from firmware_protocol.topics import Direction, frame_topic, holder_topic, shard_of

KEEPALIVE_S = 30
CONNECT_TIMEOUT_S = 5.0
# A frame that was handed to the link is on the wire within this; a link that takes longer is torn with it.
FRAMES_OUT_S = 0.5


class LinkListener(Protocol):
    """Who is told what happens on the link; called from the link's own threads."""

    def link_up(self) -> None:
        """Connected and subscribed."""

    def link_down(self, why: str) -> None:
        """Not connected any more, or not at all."""

    def frame_arrived(self, frame: bytes) -> None:
        """A frame came down."""

    def holder_announced(self) -> None:
        """A process has announced that it holds the shard."""

    def frame_acknowledged(self) -> None:
        """The broker has taken a frame, which proves nothing."""


class MqttLink:
    """The link of one lock."""

    def __init__(self, provision: Provision, listener: LinkListener) -> None:
        lock = provision.lock
        self._provision = provision
        self._listener = listener
        self._up = frame_topic(lock, Direction.UP)
        self._down = frame_topic(lock, Direction.DOWN)
        self._holder = holder_topic(shard_of(lock))
        self._client: Client | None = None
        self._tls = _tls_context(provision, None)

    def connect(self, will: bytes, certificate: HeldCertificate | None = None) -> None:
        """Begin a new connection with this will (none where it is empty) and return; the listener is told how it went.

        `certificate`: the one that the lock holds; without it the factory's.
        """
        self._client = client = self._new_client(will)
        name = f"connect {self._provision.lock}"
        threading.Thread(target=self._open, args=(client, certificate), name=name, daemon=True).start()

    def publish(self, frame: bytes) -> None:
        """Send a frame up with QoS 1; without a connection it is dropped, as it would be in the air."""
        if self._client is not None:
            self._client.publish(self._up, frame, qos=1)

    def drop(self) -> None:
        """Tear the connection without a word, as a pulled cable does; the broker will say the will."""
        client, self._client = self._client, None
        line = client.socket() if client else None
        if client is not None and isinstance(line, socket.socket):
            _let_out(client)
            try:
                # The method of the plain socket: the TLS one would stop decrypting under the loop's feet.
                socket.socket.shutdown(line, socket.SHUT_RDWR)
            except OSError:
                return

    def close(self) -> None:
        """Say goodbye; the broker forgets the will."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _new_client(self, will: bytes) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            self._provision.lock,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)
        if will:
            client.will_set(self._up, will, qos=1)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        return client

    def _open(self, client: Client, certificate: HeldCertificate | None) -> None:
        try:
            client.tls_set_context(_tls_context(self._provision, certificate) if certificate else self._tls)
            client.connect(self._provision.broker_host, self._provision.broker_port, KEEPALIVE_S)
        except (OSError, BadProvision) as unreachable:
            self._went_down(client, str(unreachable))
        else:
            client.loop_start()

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _props: Properties | None
    ) -> None:
        if reason.is_failure:
            client.disconnect()
        else:
            client.subscribe([(self._down, 1), (self._holder, 1)])

    def _on_subscribe(
        self, client: Client, _data: Any, _id: int, granted: list[ReasonCode], _props: Properties | None
    ) -> None:
        if any(one.is_failure for one in granted):
            client.disconnect()
        elif client is self._client:
            self._listener.link_up()

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        if client is not self._client:
            return
        if message.topic == self._down:
            self._listener.frame_arrived(bytes(message.payload))
        elif message.topic == self._holder:
            self._listener.holder_announced()

    def _on_publish(
        self, _client: Client, _data: Any, _id: int, _reason: ReasonCode, _props: Properties | None
    ) -> None:
        self._listener.frame_acknowledged()

    def _on_disconnect(
        self, client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _props: Properties | None
    ) -> None:
        self._went_down(client, str(reason))

    def _went_down(self, client: Client, why: str) -> None:
        """Only the present connection's end is news."""
        if client is self._client:
            self._client = None
            self._listener.link_down(why)


def _let_out(client: Client) -> None:
    """A lock that starts again by itself (a wipe, other keys) has said its last frame before: briefly waits for the link's own thread."""
    until = time.monotonic() + FRAMES_OUT_S
    while client.want_write() and time.monotonic() < until:
        time.sleep(0.002)


def _tls_context(provision: Provision, certificate: HeldCertificate | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(provision.authority))
        if certificate is None:
            context.load_cert_chain(provision.certificate, provision.certificate_key)
        else:
            certificate.into(context)
    except OSError as unusable:
        raise BadProvision(f"lock {provision.lock}: its certificate cannot be used: {unusable}") from unusable
    return context
