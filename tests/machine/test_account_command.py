"""`anmen account` at a terminal: whoever it opens an account for signs in with what it printed."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from anmen.__main__ import app
from service.accounts import actions as accounts
from service.accounts.rules import Role
from service.edges.keyring import read_keyring, write_new_keys
from service.edges.transaction import SYSTEM, transaction
from service.errors import BadInput, Conflict, NotFound
from service.premises import actions as premises
from tests import given
from tests.fixtures_database import Database


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    write_new_keys(tmp_path / "keys.json")
    return tmp_path / "keys.json"


def account(database: Database, keys: Path, *words: str) -> str:
    """Run the command; what it raises is what `anmen` prints as a sentence."""
    environment = {"ANMEN_DATABASE_URL": database.url(), "ANMEN_KEYS_FILE": str(keys)}
    return CliRunner().invoke(app, ["account", *words], env=environment, catch_exceptions=False).output


def test_a_landlord_signs_in_with_what_was_printed(database: Database, keys: Path, now: datetime) -> None:
    said = account(database, keys, "open", "landlord", "chen", "--name", "陈阿姨")
    found = re.fullmatch(r"chen signs in with the password (\S+)\n", said)
    assert found is not None
    with transaction(database.serve) as session:
        token = accounts.sign_in(session, "chen", found[1], keyring=read_keyring(keys), now=now, lifetime_s=60)
        assert isinstance(token, str)
        actor = accounts.actor_for(session, token, now=now)
    assert actor is not None
    assert (actor.role, actor.areas) == (Role.LANDLORD, ())


def test_an_officer_works_in_the_areas_that_were_named(database: Database, keys: Path, now: datetime) -> None:
    with transaction(database.serve, SYSTEM) as session:
        town = premises.get_area(session, given.areas(session).town)
    account(database, keys, "open", "officer", "lu", "--name", "陆警官", "--area", town.code)
    with transaction(database.serve, SYSTEM) as session:
        held = session.connection().execute(text("SELECT area_id FROM account_area")).scalars().all()
    assert held == [town.id]


def test_what_cannot_be_is_said(database: Database, keys: Path) -> None:
    with pytest.raises(NotFound, match="No area has the code 990000"):
        account(database, keys, "open", "officer", "lu", "--name", "陆警官", "--area", "990000")
    with pytest.raises(BadInput, match="have areas"):
        account(database, keys, "open", "grid_worker", "shen", "--name", "沈小妹")
    account(database, keys, "open", "landlord", "chen", "--name", "陈阿姨")
    with pytest.raises(Conflict, match="taken"):
        account(database, keys, "open", "landlord", "Chen", "--name", "陈叔叔")


def test_areas_are_added_from_above(database: Database, keys: Path) -> None:
    with pytest.raises(NotFound, match="No area has the code 339902"):
        account(database, keys, "area", "339902100", "白石镇", "--english", "Baishi Town")
    account(database, keys, "area", "339902", "云溪县", "--english", "Yunxi County")
    said = account(database, keys, "area", "339902100", "白石镇", "--english", "Baishi Town")
    with transaction(database.serve, SYSTEM) as session:
        town = premises.area_with_code(session, "339902100")
        assert town.parent_id == premises.area_with_code(session, "339902").id
    assert said == f"白石镇 (339902100) is area {town.id}.\n"
    with pytest.raises(BadInput, match="6 digits"):
        account(database, keys, "area", "33990", "云溪县", "--english", "Yunxi County")
