"""The ingest process's line to the broker: subscribe to shards, deliver to the inbox, acknowledge after the commit, publish.

Sessions are clean and acknowledgements ours to give. Nothing depends on the broker's memory: what it forgets, the locks send
again, because only the service's own receipt frees their flash. So nothing is kept to be sent again either.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle

import cbor2

from firmware_protocol import mqtt as packets
from firmware_protocol.mqtt import Answer, Kind, Published
from firmware_protocol.service_side import Opened
from firmware_protocol.topics import PREFIX, holder_topic
from service.edges.faults import name_of
from service.edges.inbox import Delivery, Inbox
from service.edges.mqtt_line import BrokerAddress, Line
from service.errors import Broken

__all__ = ["BrokerAddress", "BrokerUnreachable", "MqttLink"]

log = logging.getLogger(__name__)

_RECONNECT_S = (1.0, 10.0)
_REFUSED = 0x80
# Opening what has come takes time; so much of it goes on at once to whoever waits for it.
_PUT_AT_ONCE = 100

OpenAhead = Callable[[str, bytes], Opened | None]


class BrokerUnreachable(Broken):
    """The broker does not answer, or refuses us; the text says which setting to look at."""


class MqttLink:
    """One connection at a time, made again whenever it breaks. A thread of its own reads; it queues and goes on.

    The same thread opens frames ahead of their turn (topic, payload), while the one that records waits for the database.
    """

    def __init__(
        self, address: BrokerAddress, client_id: str, inbox: Inbox, open_ahead: OpenAhead = lambda *_: None
    ) -> None:
        self._address = address
        self._open_ahead = open_ahead
        self._client_id = client_id
        self._inbox = inbox
        self._line: Line | None = None
        self._connection = 0
        self._held: dict[int, int] = {}
        self._announce: dict[int, list[int]] = {}
        self._unsent: list[bytes] = []
        self._flooded: Counter[str] = Counter()
        self._packet_ids = cycle(range(1, 65_536))
        self._lock = threading.RLock()
        self._up, self._stopped = threading.Event(), threading.Event()
        self._problem = "no answer"
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)

    def start(self, timeout_s: float = 20.0) -> None:
        """Connect and keep connected; BrokerUnreachable where the first connection does not come about in time."""
        self._thread.start()
        if not self._up.wait(timeout_s):
            self.stop()
            raise BrokerUnreachable(self._advice())

    def stop(self) -> None:
        """Disconnect."""
        self._stopped.set()
        self._inbox.close()
        self._write(packets.DISCONNECT)
        with self._lock:
            if self._line is not None:
                self._line.close()
        self._thread.join(timeout=10)

    def hold(self, generations: dict[int, int]) -> None:
        """Listen to exactly these shards (shard -> lease generation), and announce ourselves on those that are new."""
        with self._lock:
            gone = [shard for shard in self._held if shard not in generations]
            new = {shard: number for shard, number in generations.items() if self._held.get(shard) != number}
            self._held = dict(generations)
            if gone:
                self._write(packets.unsubscribe(next(self._packet_ids), map(_filter, gone)))
            self._subscribe(new)

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """Tell the broker, in one go, that these are done with; those of an older connection it has forgotten anyway."""
        with self._lock:
            connection = self._connection
            done = [one.message_id for one in deliveries if one.connection == connection and one.message_id]
            if done:
                self._write(packets.acknowledge(done))

    def publish(self, topic: str, payload: bytes) -> None:
        """Send with QoS 1 at the next flush; while the line is down it is dropped, for every frame is made again when its lock is heard."""
        if self._line is not None:
            with self._lock:
                self._unsent.append(packets.publish(next(self._packet_ids), topic, payload))

    def flush(self) -> None:
        """Send, in one go, what has been published."""
        with self._lock:
            unsent, self._unsent = self._unsent, []
            if unsent:
                self._write(b"".join(unsent))

    def take_flooded(self) -> Counter[str]:
        """Frames dropped since this was last asked, by topic: their senders had more waiting than their share."""
        with self._lock:
            flooded, self._flooded = self._flooded, Counter()
        return flooded

    def _run(self) -> None:
        wait_s = _RECONNECT_S[0]
        while not self._stopped.is_set():
            try:
                line = Line(self._address, self._client_id)
                wait_s = _RECONNECT_S[0]
                self._listen(line)
            except (OSError, ValueError) as gone:
                self._note_problem(str(gone), wait_s)
            except Exception as fault:  # noqa: BLE001  # or a process that holds shards hears nothing
                self._note_problem(name_of(fault), wait_s)
            self._stopped.wait(wait_s)
            wait_s = min(wait_s * 2, _RECONNECT_S[1])

    def _note_problem(self, problem: str, wait_s: float) -> None:
        self._problem = problem
        if not self._stopped.is_set():
            log.warning("the line to the broker is down (%s); connecting again in %.0f s", problem, wait_s)

    def _listen(self, line: Line) -> None:
        try:
            with self._lock:
                self._line = line
                self._connection += 1
                self._announce.clear()
                self._unsent.clear()
                self._subscribe(self._held)
            self._up.set()
            while not self._stopped.is_set():
                published, answers = line.read()
                self._put(published)
                for answer in answers:
                    self._take(answer)
        finally:
            with self._lock:
                self._line = None
            line.close()

    def _put(self, published: Sequence[Published]) -> None:
        for first in range(0, len(published), _PUT_AT_ONCE):
            some = published[first : first + _PUT_AT_ONCE]
            full = self._inbox.full_for(one.topic for one in some)
            heard = [one for one in some if one.topic not in full] if full else some
            if full:
                self._drop([one for one in some if one.topic in full])
            self._inbox.put(
                [Delivery(*one, self._connection, self._open_ahead(one.topic, one.payload)) for one in heard]
            )

    def _drop(self, flooding: Sequence[Published]) -> None:
        """Done with, without a look inside; unacknowledged they would take the broker's window from everybody else."""
        self._write(packets.acknowledge(one.packet_id for one in flooding if one.packet_id))
        with self._lock:
            self._flooded.update(one.topic for one in flooding)

    def _take(self, answer: Answer) -> None:
        if answer.kind is not Kind.SUBACK:
            return
        if _REFUSED in answer.codes:
            log.error("the broker refuses to let us listen: look at its access rules")
        # Only now, when we certainly hear them, may the locks be asked to speak. Not retained: a lock that subscribes later
        # says its birth anyway, and would say it twice.
        with self._lock:
            for shard in self._announce.pop(answer.packet_id, []):
                generation = self._held.get(shard)
                if generation is not None:
                    self.publish(holder_topic(shard), cbor2.dumps([generation]))
            self.flush()

    def _subscribe(self, generations: dict[int, int]) -> None:
        if generations and self._line is not None:
            packet_id = next(self._packet_ids)
            self._announce[packet_id] = sorted(generations)
            self._write(packets.subscribe(packet_id, map(_filter, sorted(generations))))

    def _write(self, raw: bytes) -> None:
        line = self._line
        if line is not None:
            try:
                line.write(raw)
            except OSError as gone:
                # The reading thread comes to know of it as well, and connects again.
                log.warning("could not speak to the broker (%s)", gone)
                line.close()

    def _advice(self) -> str:
        return (
            f"The broker at {self._address.host}:{self._address.port} cannot be used ({self._problem})."
            " Look at ANMEN_BROKER_HOST, ANMEN_BROKER_PORT, ANMEN_BROKER_CA, ANMEN_BROKER_CERTIFICATE and ANMEN_BROKER_KEY."
        )


def _filter(shard: int) -> str:
    return f"{PREFIX}/{shard:02d}/+/up"
