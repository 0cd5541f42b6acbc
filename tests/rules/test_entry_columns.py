"""A stored event can be put together again, bit for bit, or the chain could not be checked against what is stored; and when it happened."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.codec import encoded_event
from firmware_protocol.messages import Event
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import ClockQuality
from service.entry import rules
from service.entry.rules import AHEAD, EARLIEST, HeardEvents, StoredColumns, entry_of, event_of, happened_at
from tests.protocol.drawn import EVENTS

EDGES = [-1, 0, 1, 7, (1 << 15) - 1, 1 << 15, (1 << 31) - 1, 1 << 31, (1 << 63) - 1]
VALUES = st.sampled_from(EDGES) | st.booleans() | st.binary(max_size=2) | st.text(max_size=2)
FIELDS = st.dictionaries(st.sampled_from([*rules._KEYS, 0, 17, 40]), VALUES, max_size=6)


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


NOW = datetime(2026, 3, 2, tzinfo=UTC)
KNOWN = st.sampled_from([one for one in ClockQuality if one is not ClockQuality.UNSET])


@given(EVENTS, KNOWN, st.integers(-3 * 86_400_000, 7 * 365 * 86_400_000))
def test_a_clock_is_believed_from_2020_to_tomorrow(event: Event, quality: ClockQuality, after_ms: int) -> None:
    shown = EARLIEST + timedelta(milliseconds=after_ms)
    milliseconds = (shown - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    believed = EARLIEST <= shown <= NOW + AHEAD
    told = event._replace(occurred_at_ms=milliseconds, clock_quality=quality)
    assert happened_at(told, NOW) == (shown if believed else NOW)


@given(EVENTS)
def test_a_clock_that_was_never_set_says_nothing(event: Event) -> None:
    assert happened_at(event._replace(clock_quality=ClockQuality.UNSET), NOW) == NOW


@given(FIELDS)
def test_the_shorter_way_into_the_columns_leads_where_the_longer_does(said: dict[int, object]) -> None:
    at_once = rules._columns_at_once(said)
    columns, rest = rules._columns(said)
    if at_once is not None:
        assert (list(at_once[0]), at_once[1]) == (columns, rest)


def test_an_opening_takes_the_shorter_way() -> None:
    assert rules._columns_at_once({1: 1, 2: 8, 3: 1, 4: 1}) is not None
