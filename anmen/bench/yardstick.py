"""The yardstick: the least that stores an event durably and once, written by hand. No sealing, no rules, no receipts.

One process: paho with manual acknowledgement, a batch is what came in while the last commit ran, one statement a
batch (event rows, ON CONFLICT DO NOTHING, and the occupancy of the persons in them), acknowledged after the commit.
"""

import json
import os
import ssl
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from anmen.bench.consumer import Reporter
from anmen.bench.load import YARDSTICK_TOPICS
from service.edges import clock
from service.edges.mqtt_link import BrokerAddress

TABLES = """
    CREATE TABLE yardstick_event (
        device_id text, seq bigint, occurred_at bigint, recorded_at timestamptz DEFAULT now(), type integer, source smallint,
        direction smallint, credential integer, room_id bigint, person_id bigint, live boolean DEFAULT true, note text,
        PRIMARY KEY (device_id, seq, occurred_at));
    CREATE INDEX ON yardstick_event (person_id, occurred_at);
    CREATE INDEX ON yardstick_event (room_id, occurred_at);
    CREATE TABLE yardstick_occupancy (person_id bigint PRIMARY KEY, room_id bigint, as_of bigint NOT NULL);
    CREATE INDEX ON yardstick_occupancy (room_id) WHERE room_id IS NOT NULL;
"""
_STORE = """
    WITH fresh AS (
        INSERT INTO yardstick_event (device_id, seq, occurred_at, type, source, direction, credential, room_id, person_id)
        SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::integer[], %s::smallint[], %s::smallint[],
            %s::integer[], %s::bigint[], %s::bigint[])
        ON CONFLICT DO NOTHING RETURNING person_id, room_id, direction, occurred_at
    )
    INSERT INTO yardstick_occupancy
        SELECT DISTINCT ON (person_id) person_id, CASE WHEN direction = 1 THEN room_id END, occurred_at
        FROM fresh ORDER BY person_id, occurred_at DESC
    ON CONFLICT (person_id) DO UPDATE SET room_id = excluded.room_id, as_of = excluded.as_of
        WHERE yardstick_occupancy.as_of <= excluded.as_of
"""
_COLUMNS = ("device", "seq", "at", "type", "source", "direction", "credential", "room", "person")
_BATCH = 1000
_QUIET_S = 0.05


@dataclass(frozen=True, slots=True)
class YardstickPlan:
    """Where the broker and the database are."""

    dsn: str
    broker: BrokerAddress


def run(control: "Connection[Any, Any]", plan: YardstickPlan) -> None:
    """Store what arrives until the other end closes."""
    reporter = Reporter(control)
    arrived: SimpleQueue[mqtt.MQTTMessage] = SimpleQueue()
    stopped = threading.Event()
    reporter.stop_on_close(stopped.set)
    client = _connected(plan.broker, arrived, reporter)
    with psycopg.connect(plan.dsn) as connection:
        while not stopped.is_set():
            batch = _take(arrived)
            if batch:
                said = [json.loads(one.payload) for one in batch]
                connection.execute(_STORE, [[one[column] for one in said] for column in _COLUMNS])
                connection.commit()
                reporter.committed(clock.now(), len(batch))
                for one in batch:
                    client.ack(one.mid, 1)
    client.disconnect()
    client.loop_stop()


def _take(arrived: "SimpleQueue[mqtt.MQTTMessage]") -> list[mqtt.MQTTMessage]:
    batch: list[mqtt.MQTTMessage] = []
    try:
        batch.append(arrived.get(timeout=_QUIET_S))
        while len(batch) < _BATCH:
            batch.append(arrived.get_nowait())
    except Empty:
        pass
    return batch


def _connected(address: BrokerAddress, arrived: "SimpleQueue[mqtt.MQTTMessage]", reporter: Reporter) -> mqtt.Client:
    name = f"anmen-yardstick-{os.urandom(6).hex()}"
    client = mqtt.Client(CallbackAPIVersion.VERSION2, name, clean_session=True, manual_ack=True)
    context = ssl.create_default_context(cafile=str(address.ca))
    context.load_cert_chain(str(address.certificate), str(address.key))
    client.tls_set_context(context)
    client.on_message = lambda _client, _userdata, message: arrived.put(message)
    client.on_subscribe = lambda *_: reporter.ready()
    client.connect(address.host, address.port)
    client.subscribe(f"{YARDSTICK_TOPICS}/#", qos=1)
    client.loop_start()
    return client
