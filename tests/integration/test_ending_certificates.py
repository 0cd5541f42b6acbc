"""Locks whose certificates end soon are named in time, to the police of their area and to nobody else."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from service.edges.keyring import Keyring
from service.edges.transaction import NOBODY, SYSTEM, Scope, transaction
from service.locks.ending import ending_certificates
from service.locks.rules import ENDS_SOON
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living


@pytest.fixture
def place(database: Database, keyring: Keyring, now: datetime) -> Living:
    return living.living(database.serve, keyring, now)


def say(place: Living, said: str) -> None:
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE lock SET capabilities = CAST(:said AS jsonb)"), {"said": said})


def named_to(place: Living, scope: Scope) -> list[str]:
    with transaction(place.database, scope) as session:
        return [one.lock_id for one in ending_certificates(session, place.now)]


def test_who_has_a_month_left_is_named_to_the_police_of_the_area(place: Living) -> None:
    say(place, f'{{"certificate_until": {int((place.now + ENDS_SOON - timedelta(days=1)).timestamp())}}}')
    areas = place.home.areas
    assert named_to(place, Scope(areas=(areas.grid,))) == list(place.locks)
    assert named_to(place, Scope(areas=(areas.other_grid,))) == []
    assert named_to(place, NOBODY) == []
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE lock SET revoked_at = :now, revoked_as = 'stolen'"), {"now": place.now})
    assert named_to(place, Scope(areas=(areas.grid,))) == []


@pytest.mark.parametrize(
    "said", ["{}", '{"certificate_until": "soon"}', '{"certificate_until": true}', '{"certificate_until": -1}', "[]"]
)
def test_who_says_no_end_or_one_that_is_far_is_not_named(place: Living, said: str) -> None:
    say(place, said)
    assert named_to(place, SYSTEM) == []
    say(place, f'{{"certificate_until": {int((place.now + ENDS_SOON + timedelta(days=1)).timestamp())}}}')
    assert named_to(place, SYSTEM) == []
