"""One lock's connection: TLS from memory over a socket that never blocks, and MQTT on it. Whoever calls decides when."""

import os
import socket
import ssl
from contextlib import suppress
from enum import IntEnum

from firmware_protocol.mqtt import (
    DISCONNECT,
    Answer,
    Incoming,
    Kind,
    NotMqtt,
    Published,
    acknowledge,
    connect,
    publish,
    subscribe,
)

# The heartbeat of the protocol (60 s) keeps the connection alive; nothing else needs to.
KEEP_ALIVE_S = 300
_PIECE_BYTES = 1 << 16
_MOST_PACKET_IDS = 65_535


class Stage(IntEnum):
    """How far a connection has come."""

    CONNECTING = 0
    SHAKING_HANDS = 1
    ASKING = 2
    SUBSCRIBING = 3
    OPEN = 4


class LineDown(OSError):
    """The connection is gone, or never came about; the text says why."""


class Credentials:
    """One TLS context for all: a connection takes the certificate that is loaded when it begins, and keeps it.

    A context for each lock would weigh more than the lock. The certificate passes through memory, not through a file.
    """

    def __init__(self, authority: str) -> None:
        self._context = ssl.create_default_context(cadata=authority)
        self._passing = os.memfd_create("certificate")

    def begin(self, pem: bytes, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, host: str) -> ssl.SSLObject:
        """The TLS end of a connection that shows this certificate (its key behind it)."""
        os.ftruncate(self._passing, 0)
        os.pwrite(self._passing, pem, 0)
        self._context.load_cert_chain(f"/proc/self/fd/{self._passing}")
        return self._context.wrap_bio(incoming, outgoing, server_hostname=host)

    def close(self) -> None:
        """Let go of the memory."""
        os.close(self._passing)


class Line:
    """A connection from its first packet on. OSError from any verb means that it is of no use any more."""

    __slots__ = (
        "_incoming",
        "_outgoing",
        "_packet_id",
        "_packets",
        "_tls",
        "_topics",
        "_unsent",
        "_wanted",
        "socket",
        "stage",
    )

    def __init__(self, address: tuple[str, int], credentials: Credentials, pem: bytes) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = credentials.begin(pem, self._incoming, self._outgoing, address[0])
        self._packets = Incoming()
        self._packet_id = 0
        self._unsent = b""
        self._wanted = b""
        self._topics: tuple[str, ...] = ()
        self.stage = Stage.CONNECTING
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect_ex(address)

    def ask(self, client_id: str, will: tuple[str, bytes], topics: tuple[str, ...]) -> None:
        """What to say once there is a line, and what to listen to; the stage is OPEN when the broker has agreed to both."""
        self._wanted = connect(client_id, keep_alive_s=KEEP_ALIVE_S, will=will)
        self._topics = topics

    def publish(self, topic: str, payload: bytes) -> None:
        """With QoS 1; it goes out at the next flush."""
        self._write(publish(self._next_id(), topic, payload))

    def read(self) -> list[Published]:
        """The socket has something, or can be written to: whatever has come."""
        if self.stage is Stage.CONNECTING:
            problem = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if problem:
                raise LineDown(os.strerror(problem))
            self.stage = Stage.SHAKING_HANDS
            self._shake_hands()
        try:
            received = self.socket.recv(_PIECE_BYTES)
        except BlockingIOError:
            return []
        if not received:
            raise LineDown("the broker closed the connection")
        self._incoming.write(received)
        if self.stage is Stage.SHAKING_HANDS:
            self._shake_hands()
        return [] if self.stage is Stage.SHAKING_HANDS else self._understand()

    def flush(self) -> bool:
        """Send what is to be sent; whether some is left because the socket takes no more."""
        self._unsent += self._outgoing.read()
        if self._unsent and self.stage is not Stage.CONNECTING:
            with suppress(BlockingIOError):
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
        return bool(self._unsent)

    def close(self, *, goodbye: bool = False) -> None:
        """Hang up; without a goodbye the broker says the will."""
        if goodbye and self.stage is Stage.OPEN:
            self._write(DISCONNECT)
            self.flush()
        self.socket.close()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.stage = Stage.ASKING
        self._write(self._wanted)

    def _understand(self) -> list[Published]:
        pieces = []
        try:
            while piece := self._tls.read(_PIECE_BYTES):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        try:
            published, answers = self._packets.feed(b"".join(pieces))
        except NotMqtt as garbled:
            raise LineDown(f"not MQTT ({garbled})") from garbled
        for answer in answers:
            self._take(answer)
        if published:
            self._write(acknowledge(one.packet_id for one in published if one.packet_id))
        return published

    def _take(self, answer: Answer) -> None:
        if answer.kind is Kind.CONNACK:
            if answer.codes[1] != 0:
                raise LineDown(f"the broker refuses us (code {answer.codes[1]})")
            self.stage = Stage.SUBSCRIBING
            self._write(subscribe(self._next_id(), self._topics))
            self._wanted, self._topics = b"", ()
        elif answer.kind is Kind.SUBACK:
            self.stage = Stage.OPEN

    def _write(self, packet: bytes) -> None:
        if packet:
            self._tls.write(packet)

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % _MOST_PACKET_IDS + 1
        return self._packet_id
