"""Everything the broker hears, written down, and a hand that publishes in anybody's name."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import cbor2

from anmen.broker import Broker
from tests.conftest import LOAD_NAME, TAP_NAME
from tests.machine.mqtt_client import Connected, connected
from tests.protocol.wire_privacy import readable_findings

_LOCK = r"L-[0-9A-HJKMNP-TV-Z]{12}"
_FRAME_TOPIC = re.compile(rf"anmen/1/[0-9]{{2}}/{_LOCK}/(up|down)")
_HOLDER_TOPIC = re.compile(r"anmen/1/[0-9]{2}/holder")


class Captured(NamedTuple):
    """One message as it passed the broker."""

    topic: str
    payload: bytes


class Tap:
    """What was heard so far."""

    def __init__(self, line: Connected) -> None:
        self.heard: list[Captured] = []
        self._line = line
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def frames(self, ending: str) -> list[bytes]:
        """Payloads of topics with this ending."""
        return [one.payload for one in [*self.heard] if one.topic.endswith(ending)]

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _listen(self) -> None:
        received = self._line.received
        while not self._stop.is_set() or not received.empty():
            try:
                self.heard.append(Captured(*received.get(timeout=0.05)))
            except Exception:  # noqa: BLE001, S112  # the queue is empty
                continue


@contextmanager
def tapped(broker: Broker) -> Iterator[Tap]:
    """Listen to everything."""
    identity = broker.certificates.for_service(TAP_NAME)
    with connected(broker, identity, port=broker.ports.services, client_id="tap") as line:
        line.subscribe("anmen/1/#")
        tap = Tap(line)
        yield tap
        tap.close()


@contextmanager
def loading(broker: Broker) -> Iterator[Connected]:
    """An account that may publish as any lock."""
    identity = broker.certificates.for_service(LOAD_NAME)
    with connected(broker, identity, port=broker.ports.services, client_id="load") as line:
        yield line


def findings(captured: Sequence[Captured], secrets: Sequence[bytes]) -> list[str]:
    """What a tap has learnt that it must not, in words; empty where topics and payloads tell only what they may."""
    found = [f"topic {one.topic}" for one in captured if not _FRAME_TOPIC.fullmatch(one.topic) and not _is_holder(one)]
    found += [
        f"secret {at} in a topic"
        for at, secret in enumerate(secrets)
        for one in captured
        if secret in one.topic.encode()
    ]
    frames = [one.payload for one in captured if not _HOLDER_TOPIC.fullmatch(one.topic)]
    return found + readable_findings(frames, secrets)


def _is_holder(one: Captured) -> bool:
    """The announcement: a generation, and not a byte more."""
    if not _HOLDER_TOPIC.fullmatch(one.topic):
        return False
    said = cbor2.loads(one.payload)
    return isinstance(said, list) and [type(part) for part in said] == [int] and cbor2.dumps(said) == one.payload
