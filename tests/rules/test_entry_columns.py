"""A stored event can be put together again, bit for bit, or the chain could not be checked against what is stored."""

from datetime import UTC, datetime

from hypothesis import given

from firmware_protocol.codec import encoded_event
from firmware_protocol.messages import Event
from firmware_protocol.topics import LockId
from service.entry.rules import HeardEvents, StoredColumns, entry_of, event_of
from tests.protocol.drawn import EVENTS


@given(EVENTS)
def test_columns_lose_nothing(event: Event) -> None:
    heard = HeardEvents(LockId("L-0123456789AB"), b"session!", 7, True, True, (event,))
    row = entry_of(heard, event, datetime(2026, 3, 2, tzinfo=UTC))
    small = (row.source, row.direction, row.code, row.score_band, row.liveness)
    stored = StoredColumns(
        row.sequence,
        row.type,
        row.boot_number,
        row.device_ms,
        row.clock_quality,
        row.fields,
        (row.operation, row.credential_id, row.list_version, *small),
    )
    assert event_of(stored) == event
    assert encoded_event(event_of(stored)) == encoded_event(event)
