"""The inbox: in order, bounded, and nobody waits for somebody who has gone."""

import threading

from service.edges.inbox import Delivery, Inbox


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
