"""The inbox: each lock's frames in order, bounded, what just happened first, and nobody waits for somebody who has gone."""

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol.messages import Event, Events, Heartbeat, Proof, UpMessage
from firmware_protocol.service_side import Opened
from service.edges.inbox import ALONE, BESIDE, DEAR, Delivery, Inbox, cost


def deliveries(first: int, end: int) -> list[Delivery]:
    return [Delivery("topic", b"", number, 1) for number in range(first, end)]


def test_batches_keep_the_order_and_the_limit() -> None:
    inbox = Inbox(100)
    inbox.put(deliveries(0, 5))
    inbox.put(deliveries(5, 7))
    assert inbox.take(4, 0) == deliveries(0, 4)
    assert inbox.take(4, 0) == deliveries(4, 7)
    assert inbox.take(4, 0) == []


def test_whoever_waits_is_woken_by_the_first_that_comes() -> None:
    inbox = Inbox(100)
    taken: list[list[Delivery]] = []
    waiting = threading.Thread(target=lambda: taken.append(inbox.take(10, 10.0)))
    waiting.start()
    inbox.put(deliveries(0, 3))
    waiting.join(timeout=5)
    assert taken == [deliveries(0, 3)]


def test_a_full_inbox_holds_the_broker_back_until_somebody_takes() -> None:
    inbox = Inbox(3)
    inbox.put(deliveries(0, 3))
    putting = threading.Thread(target=lambda: inbox.put(deliveries(3, 4)))
    putting.start()
    putting.join(timeout=0.05)
    assert putting.is_alive()
    assert inbox.take(3, 0) == deliveries(0, 3)
    putting.join(timeout=5)
    assert inbox.take(3, 0) == deliveries(3, 4)


def test_a_closed_inbox_holds_nobody_back() -> None:
    inbox = Inbox(1)
    inbox.put(deliveries(0, 1))
    putting = threading.Thread(target=lambda: inbox.put(deliveries(1, 2)))
    putting.start()
    inbox.close()
    putting.join(timeout=5)
    assert not putting.is_alive()


def test_who_has_its_share_waiting_has_no_more_room_and_the_others_have() -> None:
    inbox = Inbox(100, share=3)
    inbox.put([Delivery("loud", b"", number, 1) for number in range(3)])
    inbox.put([Delivery("quiet", b"", 9, 1)])
    assert inbox.full_for(["loud", "quiet", "loud"]) == {"loud"}
    inbox.take(1, 0)
    assert inbox.full_for(["loud", "quiet"]) == set()
    inbox.put([Delivery("loud", b"", 10, 1)])
    assert inbox.full_for(["loud", "quiet"]) == {"loud"}
    inbox.take(10, 0)
    assert inbox.full_for(["loud", "quiet"]) == set()
    inbox.put([Delivery("loud", b"", number, 1) for number in range(3)])
    assert inbox.full_for(["loud"]) == {"loud"}


def said(topic: str, number: int, kind: str) -> Delivery:
    """A frame of one of five kinds; a birth is not opened ahead."""
    events = Events(1, kind == "live", (Event(1, number, 1, 0, 0, {}),))
    beat, proof = Heartbeat(1, 0, bytes(32), 80, 1, 0, 0), Proof(bytes(16))
    messages: dict[str, UpMessage] = {"beat": beat, "proof": proof, "live": events, "stored": events}
    opened = None if kind == "birth" else Opened(b"", number, messages[kind])
    return Delivery(topic, b"", number, 1, opened)


def test_what_just_happened_goes_before_thousands_of_births() -> None:
    inbox = Inbox(10_000)
    inbox.put([said(f"lock {number}", number, "birth") for number in range(3000)])
    inbox.put([said("door", 1, "live"), said("lock 7", 2, "live")])
    batch = inbox.take(1000, 0)
    assert batch[0] == said("door", 1, "live")
    assert len(batch) == 1 + BESIDE // DEAR
    # A lock that has not been heard of since its birth waits behind it.
    assert said("lock 7", 2, "live") not in batch
    heard = [one for batch in iter(lambda: inbox.take(1000, 0), []) for one in batch]
    assert heard[-1] == said("lock 7", 2, "live")


def test_where_nobody_waits_at_a_door_many_come_back_in_a_batch() -> None:
    inbox = Inbox(10_000)
    inbox.put([said(f"lock {number}", number, "birth") for number in range(100)])
    assert len(inbox.take(1000, 0)) == ALONE // DEAR
    # An event that is filled up costs what it costs, however many there are in a frame.
    inbox = Inbox(10_000)
    inbox.put([said("a", number, "stored") for number in range(1000)])
    assert len(inbox.take(1000, 0)) == ALONE


def test_a_heartbeat_does_not_keep_its_locks_events_behind_a_storm() -> None:
    inbox = Inbox(10_000)
    inbox.put([said(f"lock {number}", number, "birth") for number in range(3000)])
    spoken = [said("door", 1, "beat"), said("door", 2, "live")]
    inbox.put(spoken)
    assert inbox.take(1000, 0)[:2] == spoken
    # By itself it is nobody at a door.
    inbox.put([said("door", 3, "beat")])
    assert len(inbox.take(1000, 0)) == 1 + ALONE // DEAR


def test_births_are_heard_however_much_happens() -> None:
    inbox = Inbox(10_000)
    inbox.put([said("dark", 1, "birth")])
    inbox.put([said("door", number, "live") for number in range(2000)])
    assert said("dark", 1, "birth") in inbox.take(1000, 0)
    assert len(inbox.take(1000, 0)) == 1000


def test_a_lock_that_calls_its_whole_log_new_keeps_nobody_at_a_door_waiting() -> None:
    """What happens at a door is one event, or a call for help with the opening it belongs to."""
    inbox, past = Inbox(10_000), tuple(Event(1, number, 1, 0, 0, {}) for number in range(20))
    for number in range(100):
        for liar in ("liar", "another"):
            inbox.put([Delivery(liar, b"", number, 1, Opened(b"", number, Events(1, True, past)))])
    help_called = Delivery("help", b"", 1, 1, Opened(b"", 1, Events(1, True, past[:2])))
    inbox.put([said("door", 1, "live"), help_called])
    batch = inbox.take(1000, 0)
    assert batch[:2] == [said("door", 1, "live"), help_called]
    assert sum(map(cost, batch[2:])) < BESIDE + len(past)


def test_whoever_was_heard_is_forgotten_although_the_inbox_is_never_empty() -> None:
    inbox = Inbox(10_000)
    inbox.put([said("lock 0", 0, "birth")])
    for number in range(1, 500):
        inbox.put([said(f"lock {number}", number, "birth"), said(f"door {number}", number, "live")])
        assert len(inbox.take(2, 0)) == 2
    assert len(inbox) == 1
    assert inbox.remembered <= 2


Kinds = st.sampled_from(["birth", "proof", "beat", "live", "stored"])


@given(st.lists(st.one_of(st.tuples(st.sampled_from("abc"), Kinds), st.integers(1, 12)), max_size=80))
def test_each_lock_is_heard_in_its_order_and_nothing_is_left(steps: list[tuple[str, str] | int]) -> None:
    """A pair: something is said. A number: so many are taken."""
    inbox, put, taken = Inbox(1000), list[Delivery](), list[Delivery]()
    for number, step in enumerate(steps):
        if isinstance(step, int):
            taken += inbox.take(step, 0)
        else:
            put.append(said(step[0], number, step[1]))
            inbox.put([put[-1]])
    while batch := inbox.take(7, 0):
        taken += batch
    assert len(inbox) == 0
    for topic in "abc":
        assert [one for one in taken if one.topic == topic] == [one for one in put if one.topic == topic]
    assert inbox.full_for(["a", "b", "c"]) == set()


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(st.tuples(st.integers(0, 300), st.sampled_from(["birth", "proof", "stored"])), st.none()), max_size=30
    )
)
def test_nobody_at_a_door_waits_behind_more_than_a_few_births(steps: list[tuple[int, str] | None]) -> None:
    """A pair: so many other locks say something. None: a batch is taken, and somebody comes to a door while it is in hand."""
    inbox, number, came = Inbox(100_000), 0, 0
    for step in steps:
        if step is not None:
            many, kind = step
            inbox.put([said(f"lock {number + one}", 1, kind) for one in range(many)])
            number, came = number + many, came + many
            continue
        in_hand = inbox.take(1000, 0)
        event = said(f"door {number}", 1, "live")
        inbox.put([event])
        next_one = inbox.take(1000, 0)
        assert next_one[0] == event
        assert worth(in_hand) < ALONE + DEAR
        assert worth(next_one[1:]) < BESIDE + DEAR
        came -= len(in_hand) + len(next_one) - 1
    came -= sum(map(len, iter(lambda: inbox.take(1000, 0), [])))
    assert came == 0


def worth(batch: list[Delivery]) -> int:
    """What those frames of a batch cost that are not of a door."""
    return sum(cost(one) for one in batch if not one.topic.startswith("door"))
