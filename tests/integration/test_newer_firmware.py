"""What a newer lock says beyond ours: kept as it came, shown as far as it can be, and never fatal."""

import cbor2
import pytest

from firmware_protocol.messages import Event, Events
from firmware_protocol.vocabulary import ClockQuality, EventType, Field
from service.accounts.actions import scope_of
from service.accounts.rules import AccountId, Actor, Role
from service.edges.transaction import transaction
from service.entry import actions as entry
from service.portals.my_things import entries_shown
from service.portals.translation import words_for
from tests.integration.test_listening import Service, born, door, service
from tests.wire_lock import HungDoor

__all__ = ["door", "service"]

AT_MS = 1_772_000_000_000
STRANGE: dict[str, tuple[int, dict[int, object]]] = {
    "a type of its own": (700, {Field.CREDENTIAL_ID: 1, 900: "new", 901: b"\x01", 902: True, 903: -1}),
    "a field of its own": (EventType.LOCK_OPERATED, {0: 1, 1: 8, 2: 1, 4: 1, 900: "new"}),
    "a reason of its own": (EventType.ACCESS_REFUSED, {1: 3, 2: 1, 7: 77}),
    "a source and a direction of its own": (EventType.LOCK_OPERATED, {0: 1, 1: 99, 2: 1, 4: 9}),
    "a mode of its own": (EventType.MODE_CHANGED, {1: 6, 16: 77}),
}


def hear(service: Service, door: HungDoor, kind: int, fields: dict[int, object]) -> None:
    number = len(door.lock.log.events) + 1
    event = Event(kind, number, 1, AT_MS, ClockQuality.SYNCED, fields)
    door.lock.log.events.append(event)
    outcome = service.hear(door.lock, [door.lock.side._session.frame(Events(7, True, (event,)))])
    assert (outcome.stored, outcome.refused) == (1, 0)


def own_page(service: Service, door: HungDoor, locale: str) -> list[tuple[str, str]]:
    tenant = Actor(account_id=AccountId(1), role=Role.TENANT, person_id=door.person_id)
    with transaction(service.database.serve, scope_of(tenant)) as session:
        shown = entries_shown(entry.entries_of_person(session, door.person_id), words_for(locale))
    return [(one.what, one.source) for one in shown]


@pytest.mark.parametrize(("kind", "fields"), STRANGE.values(), ids=STRANGE)
def test_it_is_kept_and_nothing_breaks(service: Service, door: HungDoor, kind: int, fields: dict[int, object]) -> None:
    born(service, door)
    hear(service, door, kind, fields)
    stored, kept = service.rows("SELECT type, fields FROM entry ORDER BY sequence")[-1]
    assert stored == kind
    known = {0, 1, 2, 3, 4, 5, 6, 7}
    assert isinstance(kept, bytes | type(None))
    assert (cbor2.loads(kept) if kept else {}) == {key: value for key, value in fields.items() if key not in known}
    for locale in ("zh", "en"):
        own_page(service, door, locale)


def test_it_is_shown_to_whom_it_concerns(service: Service, door: HungDoor) -> None:
    born(service, door)
    for kind, fields in STRANGE.values():
        hear(service, door, kind, fields)
    shown = own_page(service, door, "en")
    assert ("unknown (700)", "") in shown
    assert ("unknown (77)", "PIN") in shown
    assert ("unknown (9)", "unknown (99)") in shown
