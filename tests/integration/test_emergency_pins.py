"""An emergency PIN stands beside the ordinary one, ends with everything else, and nobody but its owner can tell that it is there."""

from collections import Counter
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from firmware_protocol.access_list import ListEntry
from firmware_protocol.vocabulary import CredentialType
from service.access import actions as access
from service.access.rules import DeliveryState
from service.accounts.actions import scope_of
from service.accounts.rules import Role
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import Conflict, NotFound, TooMany
from service.tenancy.rules import TenancyBegun
from service.visits import actions as visits
from service.visits.rules import Wanted
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.fixtures_service import Clock, sign_in
from tests.given_living import Living
from tests.integration.test_visits import entries
from tests.pages.test_http import sign_in as sign_in_to_pages

PIN, CARD = CredentialType.PIN, CredentialType.RFID


@pytest.fixture
def place(database: Database, keyring: Keyring, now: object) -> Living:
    return living.living(database.serve, keyring, now, locks=2)  # type: ignore[arg-type]  # the fixture's instant


@pytest.fixture
def begun(place: Living) -> TenancyBegun:
    return living.tenant(place)


def draw(place: Living, begun: TenancyBegun, make: Callable[..., str] = access.make_emergency_pin) -> str:
    own = living.tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session:
        return make(session, begun.grant_id, keyring=place.keyring, now=place.now)


def kinds(held: list[ListEntry]) -> Counter[tuple[CredentialType, bool]]:
    return Counter((one.type, one.duress) for one in held)


def test_each_pin_is_replaced_without_the_other(place: Living, begun: TenancyBegun) -> None:
    both = {(CARD, False): 1, (PIN, False): 1, (PIN, True): 1}
    draw(place, begun)
    before = {lock: entries(place, lock) for lock in place.locks}
    assert [kinds(held) for held in before.values()] == [both, both]
    draw(place, begun, access.replace_pin)
    for lock in place.locks:
        after = entries(place, lock)
        assert kinds(after) == both
        assert [one for one in after if one.duress] == [one for one in before[lock] if one.duress]
    draw(place, begun)
    assert [kinds(entries(place, lock)) for lock in place.locks] == [both, both]
    duress = next(one for one in entries(place, place.locks[0]) if one.duress)
    ordinary = next(one for one in entries(place, place.locks[0]) if one.type is CARD)
    assert (duress.starts_at, duress.ends_at, duress.visitor) == (ordinary.starts_at, ordinary.ends_at, False)


def test_it_is_taken_away_alone_and_ends_with_the_tenancy(place: Living, begun: TenancyBegun) -> None:
    own = living.tenant_actor(place, begun.person_id)

    def state() -> DeliveryState | None:
        with transaction(place.database, scope_of(own)) as session:
            return access.emergency_pin_on(session, begun.grant_id, place.now)

    assert state() is DeliveryState.REMOVED
    draw(place, begun)
    assert state() is DeliveryState.PENDING
    with transaction(place.database, scope_of(own)) as session:
        access.remove_emergency_pin(session, begun.grant_id, now=place.now)
    assert state() is DeliveryState.REMOVING
    assert [kinds(entries(place, lock)) for lock in place.locks] == [{(CARD, False): 1, (PIN, False): 1}] * 2
    draw(place, begun)
    living.moved_out(place, begun)
    assert [entries(place, lock) for lock in place.locks] == [[], []]
    with transaction(place.database, SYSTEM) as session:
        left = session.execute(text("SELECT count(*) FROM credential WHERE entry_sealed IS NOT NULL")).scalar_one()
    assert left == 0


def test_a_lock_that_was_hung_since_does_not_know_it(place: Living, begun: TenancyBegun) -> None:
    """It never gets there by itself, and whoever waits for that relies on a PIN that opens nothing and calls nobody."""
    own = living.tenant_actor(place, begun.person_id)
    draw(place, begun)
    with transaction(place.database, SYSTEM) as session:
        living.hang_lock(session, place.unit_id, place.keyring, place.now)
    with transaction(place.database, scope_of(own)) as session:
        assert access.emergency_pin_on(session, begun.grant_id, place.now) is None
    draw(place, begun)
    with transaction(place.database, scope_of(own)) as session:
        assert access.emergency_pin_on(session, begun.grant_id, place.now) is DeliveryState.PENDING


def test_neither_anothers_nor_a_visitors_nor_an_ended_access_gets_one(place: Living, begun: TenancyBegun) -> None:
    other = living.tenant(place)
    own = living.tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session:
        visit, _ = visits.invite(session, begun.grant_id, Wanted(), keyring=place.keyring, now=place.now)
    for grant, refusal in ((other.grant_id, NotFound), (visit, Conflict)):
        with pytest.raises(refusal), transaction(place.database, scope_of(own)) as session:
            access.make_emergency_pin(session, grant, keyring=place.keyring, now=place.now)
    with pytest.raises(Conflict), transaction(place.database, scope_of(own)) as session:
        access.make_emergency_pin(session, begun.grant_id, keyring=place.keyring, now=begun.ends_at)
    with pytest.raises(IntegrityError), transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE credential SET duress = true WHERE visitor"))


def test_many_pins_in_an_hour_have_to_wait(place: Living, begun: TenancyBegun) -> None:
    """Of each kind by itself: whoever holds the telephone draws ordinary ones, needs no password for it, and must not be able to count."""
    for _ in range(6):
        draw(place, begun)
    for _ in range(6):
        draw(place, begun, access.replace_pin)
    for make in (access.make_emergency_pin, access.replace_pin):
        with pytest.raises(TooMany) as told:
            draw(place, begun, make)
        assert told.value.retry_after_s == 3601
    other = living.tenant(place)
    draw(place, other)


def test_the_database_shows_it_to_its_owner_only(place: Living, begun: TenancyBegun) -> None:
    draw(place, begun)
    flatmate = living.tenant(place)
    count = text("SELECT count(*) FROM credential WHERE grant_id = :grant")
    seen = []
    asking = (
        place.landlord,
        living.officer(place),
        living.officer(place, role=Role.GRID_WORKER),
        living.tenant_actor(place, flatmate.person_id),
        living.tenant_actor(place, begun.person_id),
    )
    for actor in asking:
        with transaction(place.database, scope_of(actor)) as session:
            seen.append(session.execute(count, {"grant": begun.grant_id}).scalar_one())
    assert seen == [4, 4, 4, 0, 6]


@pytest.mark.parametrize("with_one", [False, True])
def test_a_list_is_full_at_the_same_number_of_tenants(place: Living, begun: TenancyBegun, with_one: bool) -> None:
    """A landlord who fills a small lock must not be able to count."""
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("""UPDATE lock SET capabilities = '{"list_entries": 5}'"""))
    if with_one:
        draw(place, begun)
    waiting = living.registered(place)
    with pytest.raises(Conflict) as full:
        living.confirmed(place, waiting.registration_id)
    assert full.value.code == "list_full"
    draw(place, begun)


def landlord_sees(client: httpx.Client, place: Living, begun: TenancyBegun, token: dict[str, str]) -> list[str]:
    pages = [
        "/rooms",
        f"/rooms/{place.unit_id}",
        f"/tenancies/{begun.tenancy_id}",
        f"/tenancies/{begun.tenancy_id}/end",
    ]
    pages += [f"/locks/{lock}" for lock in place.locks]
    told = [f"/api/v1/grants/{begun.grant_id}/delivery", f"/api/v1/locks/{place.locks[0]}/commands"]
    answers = [client.get(page) for page in pages] + [client.get(path, headers=token) for path in told]
    assert {one.status_code for one in answers} == {200}
    return [one.text for one in answers]


def test_a_landlord_sees_not_one_letter_of_it(
    database: Database, keyring: Keyring, clock: Clock, client: httpx.Client
) -> None:
    """Every page and answer is compared whole: while it is on its way, when the locks have it, and when it is gone again."""
    now = clock.instant
    place = living.living(database.serve, keyring, now, locks=2)
    with transaction(database.serve, SYSTEM) as session:
        owner = given.account(session, login="landlord", keyring=keyring, now=now)
    begun = living.tenant(place)
    confirm = text(
        "UPDATE credential SET on_lock_at = coalesce(on_lock_at, :now),"
        " off_lock_at = CASE WHEN removed_version IS NOT NULL THEN :now END"
    )
    with transaction(database.serve, SYSTEM) as session:
        for table in ("building", "unit", "tenancy", "access_grant"):
            session.execute(text(f"UPDATE {table} SET landlord_id = :id"), {"id": owner})  # noqa: S608 - our own names
        session.execute(confirm, {"now": now})
    assert sign_in_to_pages(client, "landlord").status_code == 303
    token = sign_in(client, "landlord", given.PASSWORD)
    before = landlord_sees(client, place, begun, token)
    draw(place, begun)
    assert landlord_sees(client, place, begun, token) == before
    with transaction(database.serve, SYSTEM) as session:
        session.execute(confirm, {"now": now})
    assert landlord_sees(client, place, begun, token) == before
    with transaction(database.serve, scope_of(living.tenant_actor(place, begun.person_id))) as session:
        access.remove_emergency_pin(session, begun.grant_id, now=now)
    assert landlord_sees(client, place, begun, token) == before
    with transaction(database.serve, scope_of(living.tenant_actor(place, begun.person_id))) as session:
        assert [len(one.credentials) for one in access.delivery(session, begun.grant_id)] == [2, 2]
