"""A lock's key is looked at when the lock is taken in."""

import os
from datetime import datetime

import pytest

from firmware_protocol.keys import private_key
from firmware_protocol.topics import draw_lock_id
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import BadInput, Conflict
from service.locks import actions as locks
from tests.fixtures_database import Database
from tests.wire_lock import provisioned


def test_a_key_that_is_no_point_of_the_curve_is_refused(database: Database, keyring: Keyring, now: datetime) -> None:
    with transaction(database.serve, SYSTEM) as session, pytest.raises(BadInput):
        locks.provision(
            session,
            lock_id=draw_lock_id(os.urandom(8)),
            public_key=b"\4" + bytes(64),
            service_private_key=private_key(os.urandom(48)),
            keyring=keyring,
            now=now,
        )


def test_a_lock_is_taken_in_once(database: Database, keyring: Keyring, now: datetime) -> None:
    with transaction(database.serve, SYSTEM) as session:
        lock = provisioned(session, keyring, now)
        with pytest.raises(Conflict):
            locks.provision(
                session,
                lock_id=lock.id,
                public_key=lock.identity.service_public_key,
                service_private_key=lock.identity.private_key,
                keyring=keyring,
                now=now,
            )
