"""A lock whose list is not one that the service knows: only what differs goes down, and both agree afterwards."""

from dataclasses import replace

import pytest

from firmware_protocol import list_compare
from firmware_protocol.access_list import ListEntry, encode_entry
from firmware_protocol.list_messages import ListAnswer
from firmware_protocol.vocabulary import CredentialType
from service.access import actions as access
from service.access.rules import Materials, Terms
from service.batches import Outcome
from service.edges.transaction import SYSTEM, transaction
from tests import given
from tests.integration.test_listening import Service, born, door, service
from tests.wire_lock import HungDoor

__all__ = ["door", "service"]

STRANGER = encode_entry(ListEntry(900, CredentialType.PIN, b"s" * 16, 0, 9, 9))


def many(service: Service, door: HungDoor, people: int) -> None:
    """So many people with card and PIN on the lock's list."""
    with transaction(service.database.serve, SYSTEM) as session:
        for _ in range(people):
            document = given.document()
            person = given.person(session, keyring=service.keyring, now=service.now, of=document)
            terms = Terms(
                unit_id=door.home.unit_id,
                person_id=person,
                starts_at=service.now,
                ends_at=service.now.replace(year=service.now.year + 1),
                offline_lease_s=86_400,
            )
            materials = Materials(document_number=document.number, pin="748201")
            access.grant(session, terms, materials=materials, keyring=service.keyring, now=service.now)


def agree(service: Service, door: HungDoor) -> bool:
    held = door.lock.held
    rows = service.rows("SELECT version, digest, held_version, held_digest FROM access_list")
    return rows == [(held.version, held.digest, held.version, held.digest)]


def changes(outcomes: list[Outcome]) -> list[tuple[bool, int, frozenset[int]]]:
    found = [change for outcome in outcomes for change in outcome.changes.values()]
    return [(one.snapshot, len(one.upserts), one.removes) for one in found]


@pytest.fixture
def crowded(service: Service, door: HungDoor) -> HungDoor:
    """A lock that compares and holds a long list."""
    door.lock.capabilities = {"list_compare": True, "list_entries": 200}
    born(service, door)
    many(service, door, 40)
    reconnect(service, door)
    assert len(door.lock.held.entries) == 82
    return door


def reconnect(service: Service, door: HungDoor) -> list[Outcome]:
    return service.converse(door.lock, door.lock.connect())


def damage(door: HungDoor, version: int) -> None:
    """Two entries lost, one that nobody gave."""
    held = door.lock.held
    entries = {number: raw for number, raw in held.entries.items() if number not in (7, 60)} | {900: STRANGER}
    door.lock.held = replace(held, version=version, entries=entries)


@pytest.mark.parametrize("version", [0, 1, 2, 50])
def test_only_what_differs_goes_down(service: Service, crowded: HungDoor, version: int) -> None:
    """Whatever version the lock says: one of long ago, the wanted one, or one of a future that a restore has undone."""
    wanted = service.rows("SELECT version FROM access_list")[0][0]
    damage(crowded, version if version != 2 else int(str(wanted)))
    assert changes(reconnect(service, crowded)) == [(False, 2, frozenset({900}))]
    assert agree(service, crowded)


def test_a_lock_that_cannot_compare_gets_all_of_it(service: Service, crowded: HungDoor) -> None:
    crowded.lock.capabilities = {}
    reconnect(service, crowded)
    damage(crowded, 0)
    assert [(snapshot, upserts) for snapshot, upserts, _ in changes(reconnect(service, crowded))] == [(True, 82)]
    assert agree(service, crowded)


def test_a_short_list_is_sent_as_a_whole(service: Service, door: HungDoor) -> None:
    door.lock.capabilities = {"list_compare": True}
    born(service, door)
    door.lock.held = replace(door.lock.held, version=0, entries={900: STRANGER})
    assert changes(reconnect(service, door)) == [(True, 2, frozenset())]
    assert agree(service, door)


def test_a_lock_that_talks_nonsense_gets_all_of_it(
    service: Service, crowded: HungDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(crowded, 0)
    nonsense = ListAnswer(0, 0, crowded.lock.held.digest, (5, 1), (b"",))
    monkeypatch.setattr(list_compare, "answer", lambda _held, question: replace(nonsense, number=question.number))
    assert [snapshot for snapshot, *_ in changes(reconnect(service, crowded))] == [True]
    assert agree(service, crowded)


def test_a_comparison_that_was_forgotten_begins_anew(service: Service, crowded: HungDoor) -> None:
    damage(crowded, 0)
    outcomes = service.hear(crowded.lock, crowded.lock.connect())
    assert outcomes.afterwards
    service.memory.comparing.clear()
    reconnect(service, crowded)
    assert agree(service, crowded)


def test_a_list_that_is_granted_meanwhile_still_arrives(service: Service, crowded: HungDoor) -> None:
    damage(crowded, 0)
    service.hear(crowded.lock, crowded.lock.connect())
    many(service, crowded, 3)
    reconnect(service, crowded)
    assert len(crowded.lock.held.entries) == 88
    assert agree(service, crowded)
