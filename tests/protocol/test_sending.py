"""SendWindow against a wire that loses what chance says: bounds, order, and that nothing waits for ever in silence."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.messages import Events
from firmware_protocol.sending import BACKFILL_PER_S, GROUP, PROBE_S, URGENT, WINDOW, SendWindow
from firmware_protocol.vocabulary import EventType
from tests.protocol.fake_lock import MemoryLog


def filled(count: int, capacity: int = 10_000) -> MemoryLog:
    log = MemoryLog(1, capacity)
    for _ in range(count):
        log.record(2, {}, 1)
    return log


def begun(log: MemoryLog) -> SendWindow:
    window = SendWindow(log)
    window.rewind(0.0)
    return window


def numbers(sent: list[Events]) -> list[int]:
    return [event.sequence for events in sent for event in events.events]


def moments(window: SendWindow, until: float) -> Iterator[float]:
    """The times at which the window has something to do."""
    now = 0.0
    while now < until:
        yield now
        now = max(window.deadline() or until, now + 0.001)


@given(st.integers(1, 300), st.integers(1, 200))
def test_at_most_a_window_is_on_its_way(stored: int, rate: int) -> None:
    window = begun(filled(stored))
    window.set_rate(rate)
    sent: list[int] = []
    for now in moments(window, PROBE_S[0]):
        sent += numbers(window.take(now))
        assert len(sent) <= now * rate + GROUP + 0.001
    assert sent == list(range(1, len(sent) + 1))
    assert len(sent) <= WINDOW
    assert len(sent) == min(stored, WINDOW) or len(sent) > (PROBE_S[0] - 1) * rate - GROUP


def test_live_events_overtake_fifty_thousand_stored_ones() -> None:
    log = filled(50_000, 60_000)
    window = begun(log)
    window.take(0.0)
    [alarm] = log.record(0, {}, 1)
    window.add_live(alarm, 0.01)
    assert window.take(0.01) == [Events(1, True, (alarm,))]


def test_stored_events_go_in_order_and_in_groups() -> None:
    window, sent = begun(filled(100)), []
    for now in moments(window, 60.0):
        for events in window.take(now):
            assert not events.live
            assert len(events.events) <= GROUP
            sent += numbers([events])
        window.stored(len(sent), now)
        if len(sent) == 100:
            assert now == pytest.approx(100 / BACKFILL_PER_S, abs=GROUP / BACKFILL_PER_S)
            break
    assert sent == list(range(1, 101))
    assert window.deadline() is None


def test_live_events_wait_behind_a_window_of_their_own() -> None:
    log = filled(0)
    window = begun(log)
    for _ in range(WINDOW + 10):
        [event] = log.record(2, {}, 1)
        window.add_live(event, 0.0)
    live = [events for events in window.take(0.0) if events.live]
    assert len(live) == WINDOW
    rest = [number for now in moments(window, 4.0) for number in numbers(window.take(now))]
    assert set(rest) | set(numbers(live)) | set(range(WINDOW + 1, WINDOW + 9)) == set(range(1, WINDOW + 11))


def test_probes_back_off_from_five_seconds_to_five_minutes() -> None:
    window = begun(filled(1))
    assert numbers(window.take(0.0)) == [1]
    probes = []
    for now in moments(window, 3600.0):
        window.expire(now)
        if numbers(window.take(now)):
            probes.append(now)
    waits = [later - earlier for earlier, later in zip([0.0, *probes], probes, strict=False)]
    assert waits[:7] == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0]
    assert set(waits[7:]) == {300.0}
    assert PROBE_S == (5.0, 300.0)


def test_a_receipt_ends_the_waiting() -> None:
    window = begun(filled(1))
    window.take(0.0)
    window.stored(1, 1.0)
    assert window.deadline() is None


def test_a_closed_window_sends_nothing_and_waits_for_nothing() -> None:
    log = filled(3)
    window = begun(log)
    window.pause()
    [event] = log.record(2, {}, 1)
    window.add_live(event, 0.0)
    window.missing(1, 3, 0.0)
    assert window.take(0.0) == []
    assert window.deadline() is None


def test_an_unreadable_end_of_the_log_is_no_reason_to_turn_in_circles() -> None:
    log = filled(3)
    log.events.pop()
    window = begun(log)
    assert numbers(window.take(0.0)) == [1, 2]
    window.take(1.0)
    assert window.deadline() == PROBE_S[0]


def test_a_named_gap_goes_again_but_not_what_has_just_been_sent() -> None:
    window = begun(filled(20))
    window.take(0.0)
    window.missing(3, 5, 1.0)
    assert 3 not in numbers(window.take(1.0))
    window.missing(3, 5, 2.5)
    assert numbers(window.take(2.5))[:3] == [3, 4, 5]


def test_a_tombstone_far_behind_a_lost_front_gets_through() -> None:
    log = filled(600, 400)
    lost_up_to = log.oldest_sequence - 1
    window = begun(log)
    sent: set[int] = set()
    for now in moments(window, 60.0):
        window.expire(now)
        for group in window.take(now):
            sent.update(numbers([group]))
            # The service has nothing of the front: no receipt moves until it hears the tombstone.
            window.stored(0, now)
            window.missing(1, lost_up_to, now)
    assert lost_up_to > 100
    assert sent == set(range(log.oldest_sequence, log.next_sequence))


def test_naming_gaps_hurries_no_back_fill() -> None:
    window = begun(filled(5_000, 6_000))
    sent = numbers(window.take(0.0))
    for step in range(1, 300):
        now = step / 100
        window.missing(1, 5_000, now)
        sent += numbers(window.take(now))
    assert len(sent) <= 3 * BACKFILL_PER_S + GROUP


def test_naming_what_was_never_sent_sends_nothing_twice() -> None:
    """A live event that overtakes a back-fill leaves a gap, which the service names and which fills by itself."""
    log = filled(100)
    window = begun(log)
    sent = numbers(window.take(0.0))
    window.add_live(log.record(2, {}, 1)[-1], 0.1)
    sent += numbers(window.take(0.1))
    window.missing(9, 100, 0.1)
    for now in moments(window, 3.0):
        sent += numbers(window.take(now))
        window.stored(max(number for number in sent if number <= 100), now)
    assert sorted(sent) == list(range(1, 102))


LOSSY = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(st.integers(1, 90), LOSSY, st.lists(st.integers(0, 20), max_size=8))
def test_nothing_waits_for_ever_in_silence(stored: int, fates: list[tuple[bool, bool]], live_at: list[int]) -> None:
    """A service that stores what arrives and answers, over a wire that loses both ways for a while."""
    log = filled(stored, 200)
    window, arrived, tries = begun(log), set[int](), 0
    for now in moments(window, 20_000.0):
        if tries in live_at:
            window.add_live(log.record(2, {}, 1)[-1], now)
        window.expire(now)
        for events in window.take(now):
            lost, receipt_lost = fates[tries] if tries < len(fates) else (False, False)
            tries += 1
            if lost:
                continue
            arrived |= {event.sequence for event in events.events}
            if not receipt_lost:
                window.stored(next(number for number in range(1, 999) if number not in arrived) - 1, now)
    assert arrived == set(range(1, log.next_sequence))
    assert window.deadline() is None


def test_the_latest_alarms_go_before_everything_else_that_is_stored() -> None:
    log = filled(1000)
    for _ in range(URGENT + 2):
        log.record(EventType.ALARM_RAISED, {}, 1)
        log.record(EventType.DOOR_MOVED, {}, 1)
    window = begun(log)
    first, *rest = window.take(0.0)
    assert [event.type for event in first.events] == [EventType.ALARM_RAISED] * URGENT
    assert first.events[-1].sequence == log.next_sequence - 2
    assert not first.live
    assert numbers(rest) == list(range(1, GROUP + 1))
    # Once a connect; a gap that is named brings what lies before them, not the alarms once more.
    assert numbers(window.take(0.001)) == []


def test_what_was_sent_as_an_alarm_is_not_sent_again_in_its_turn() -> None:
    log = filled(20)
    log.record(EventType.ALARM_RAISED, {}, 1)
    log.record(EventType.DOOR_MOVED, {}, 1)
    window, sent = begun(log), []
    for now in moments(window, PROBE_S[0] - 0.1):
        sent += numbers(window.take(now))
    assert sent == [21, *range(1, 21), 22]


def test_live_events_above_a_long_back_fill_do_not_end_with_the_window() -> None:
    log = filled(5000)
    window = begun(log)
    overtook = []
    for number in range(3 * WINDOW):
        now = 1.0 + number * PROBE_S[0] / WINDOW
        [event] = log.record(EventType.DOOR_MOVED, {}, 1)
        window.add_live(event, now)
        overtook += [one for events in window.take(now) if events.live for one in events.events]
    assert len(overtook) == 3 * WINDOW


def test_an_alarm_is_sent_however_much_is_on_its_way() -> None:
    log = filled(5000)
    window = begun(log)
    window.take(0.0)
    for _ in range(2 * WINDOW):
        [event] = log.record(EventType.DOOR_MOVED, {}, 1)
        window.add_live(event, 0.1)
    assert len(window.take(0.1)) == WINDOW
    [alarm] = log.record(EventType.ALARM_RAISED, {}, 1)
    window.add_live(alarm, 0.11)
    assert window.take(0.11) == [Events(1, True, (alarm,))]


def test_a_receipt_that_was_overtaken_moves_nothing_back() -> None:
    """What a later receipt has covered does not go up again because an earlier one comes behind it."""
    log = filled(20)
    window = begun(log)
    window.take(0.0)
    window.stored(10, 0.1)
    window.stored(5, 0.2)
    window.expire(PROBE_S[0] + 1)
    assert numbers(window.take(PROBE_S[0] + 1))[0] == 11
