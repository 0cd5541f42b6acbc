"""What another thread opened ahead goes through the register's rules in its turn, like everything else."""

from collections.abc import Sequence

import pytest
from sqlalchemy import text

from service.batches import Outcome
from service.edges.inbox import Delivery
from service.edges.transaction import SYSTEM, transaction
from service.hearing import locks_of
from service.lock_reactions import react
from tests.integration.test_listening import Service, born, door, service
from tests.wire_lock import HungDoor

__all__ = ["door", "service"]  # fixtures


def ahead(service: Service, door: HungDoor, frames: Sequence[bytes]) -> list[Delivery]:
    """As the broker's thread delivers them."""
    topic = door.lock.up
    return [Delivery(topic, frame, 1, 1, service.memory.open_ahead(topic, frame)) for frame in frames]


def hear(service: Service, batch: Sequence[Delivery], *, fails: bool = False) -> Outcome:
    with transaction(service.database.ingest, SYSTEM) as session:
        outcome = react(session, batch, locks_of(batch, service.memory), service.memory, service.now)
        if fails:
            raise ZeroDivisionError
    return outcome


def test_events_opened_ahead_are_stored_once(service: Service, door: HungDoor) -> None:
    born(service, door)
    for _ in range(3):
        door.lock.open_with(1)
    batch = ahead(service, door, door.lock.frames())
    assert all(one.opened for one in batch)
    assert hear(service, batch).stored == 3
    assert hear(service, batch).refused == 3


def test_after_a_failed_batch_they_count_all_the_same(service: Service, door: HungDoor) -> None:
    born(service, door)
    door.lock.open_with(1)
    batch = ahead(service, door, door.lock.frames())
    with pytest.raises(ZeroDivisionError):
        hear(service, batch, fails=True)
    service.memory.forget([door.lock.id])
    assert hear(service, batch).stored == 1


def test_a_lock_revoked_meanwhile_is_not_heard(service: Service, door: HungDoor) -> None:
    born(service, door)
    door.lock.open_with(1)
    batch = ahead(service, door, door.lock.frames())
    with transaction(service.database.serve, SYSTEM) as session:
        session.execute(text("UPDATE lock SET revoked_at = now(), revoked_as = 'stolen'"))
    service.memory.forget([door.lock.id])
    assert (hear(service, batch).refused, batch[0].opened is not None) == (1, True)


def test_nothing_is_opened_ahead_of_an_unknown_lock_or_from_garbage(service: Service, door: HungDoor) -> None:
    born(service, door)
    door.lock.open_with(1)
    [good] = door.lock.frames()
    assert service.memory.open_ahead("anmen/1/00/L-000000000000/up", good) is None
    assert service.memory.open_ahead(door.lock.up, b"\xff") is None
    assert hear(service, ahead(service, door, [good[:-1] + b"\0", good])).stored == 1
