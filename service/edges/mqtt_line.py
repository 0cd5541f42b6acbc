"""One connection to an MQTT broker, over TLS with a client certificate. One thread reads; any thread may write.

The broker seals each small packet as a TLS record of its own, and a socket of the ssl module gives up the interpreter
lock twice for each: a thread that computes then starves the one that reads. So the socket is read in large pieces and
the records are opened from memory.
"""

import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from firmware_protocol import mqtt as packets
from firmware_protocol.mqtt import Answer, Incoming, Kind, Published

KEEP_ALIVE_S = 30
_CONNECT_TIMEOUT_S = 10.0
# A peer that takes nothing for so long is gone. The same wait, without a packet, is when a ping is due.
_WAIT_S = KEEP_ALIVE_S / 3
_SILENCE_S = KEEP_ALIVE_S * 1.5
_PIECE_BYTES = 1 << 18
_REFUSALS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it refuses this client id",
    3: "it is not available",
    4: "it refuses this name and password",
    5: "it does not know this certificate's name",
}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are to it: PEM files of the CA, our certificate and its key."""

    host: str
    port: int
    ca: Path
    certificate: Path
    key: Path


class LineDown(OSError):
    """The connection is gone, or never came about; the text says why."""


class Line:
    """An open line: connected and accepted. OSError (LineDown where we know better) means that it is of no use, or no more."""

    def __init__(self, address: BrokerAddress, client_id: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._packets = Incoming()
        self._lock = threading.Lock()
        self._heard_at = self._said_at = time.monotonic()
        context = ssl.create_default_context(cafile=str(address.ca))
        context.load_cert_chain(str(address.certificate), str(address.key))
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=address.host)
        self._socket = socket.create_connection((address.host, address.port), timeout=_CONNECT_TIMEOUT_S)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._shake_hands()
            self._socket.settimeout(_WAIT_S)
            self.write(packets.connect(client_id, keep_alive_s=KEEP_ALIVE_S))
            self._check_accepted()
        except OSError:
            self.close()
            raise

    def read(self) -> tuple[list[Published], list[Answer]]:
        """What has come, waiting for it as long as that may take; keeps the connection alive meanwhile."""
        while True:
            try:
                received = self._socket.recv(_PIECE_BYTES)
            except TimeoutError:
                self._keep_alive()
                continue
            except OSError as gone:
                raise LineDown(str(gone)) from gone
            if not received:
                raise LineDown("the broker closed the connection")
            self._heard_at = time.monotonic()
            said = self._open(received)
            if said[0] or said[1]:
                if time.monotonic() - self._said_at > _WAIT_S:
                    self._keep_alive()
                return said

    def write(self, raw: bytes) -> None:
        """Send whole packets."""
        with self._lock:
            try:
                self._tls.write(raw)
                self._flush()
            except OSError as gone:
                raise LineDown(str(gone)) from gone
            self._said_at = time.monotonic()

    def close(self) -> None:
        """Hang up; a thread that reads notices."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _open(self, received: bytes) -> tuple[list[Published], list[Answer]]:
        pieces = []
        with self._lock:
            self._incoming.write(received)
            try:
                while piece := self._tls.read(_PIECE_BYTES):
                    pieces.append(piece)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as broken:
                raise LineDown(str(broken)) from broken
            # What TLS itself has to say (new keys, for instance).
            self._flush()
        try:
            return self._packets.feed(b"".join(pieces))
        except packets.NotMqtt as garbled:
            raise LineDown(f"not MQTT ({garbled})") from garbled

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._socket.sendall(self._outgoing.read())

    def _keep_alive(self) -> None:
        if time.monotonic() - self._heard_at > _SILENCE_S:
            raise LineDown("the broker has fallen silent")
        self.write(packets.PING)

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                received = self._socket.recv(_PIECE_BYTES)
                if not received:
                    raise LineDown("the broker closed the connection during the TLS handshake") from None
                self._incoming.write(received)
            else:
                self._flush()
                return

    def _check_accepted(self) -> None:
        _, [answer, *_] = self.read()
        if answer.kind is not Kind.CONNACK or answer.codes[1] != 0:
            raise LineDown(_REFUSALS.get(answer.codes[-1], "it refuses us"))
