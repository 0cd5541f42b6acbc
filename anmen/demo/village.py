"""The demo's estate, built once and remembered in the state folder: rooms, locks, and who signs in with what."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from anmen.boxed import on_the_shelf
from anmen.database_roles import DatabaseRole
from anmen.demo.machine import Machine
from anmen.estate import ADDRESSES, LOCKS_NEEDED, ROOM_NUMBERS, Estate, ProvisionedLock, SignIn, build_estate
from anmen.maker_key import draw_maker_key, public_point
from anmen.state import write_private
from device_sim.provision import Provision, read_provisions, write_provision
from device_sim.updating import Maker
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.lock_side import LockIdentity
from firmware_protocol.manifest import vendor_id
from firmware_protocol.topics import LockId, draw_lock_id
from service.edges import clock
from service.edges.transaction import SYSTEM, transaction

# Who made the demo's locks; the key is `secrets/maker.pem` in the state folder (docs/operations.md, firmware).
MAKER_DOMAIN = "locks.example"
_KEY_ENTROPY = 48
# Locks in their boxes, to be claimed by hand.
NEW_LOCKS = 2


@dataclass(frozen=True, slots=True)
class Login:
    """What somebody types to sign in."""

    login: str
    password: str


@dataclass(frozen=True, slots=True)
class Room:
    """A room of the estate, by what a person calls it."""

    unit_id: int
    number: str
    lock_id: str


@dataclass(frozen=True, slots=True)
class Village:
    """What the demo tells whoever started it."""

    logins: Mapping[str, Login]
    rooms: tuple[Room, ...]


def open_village(machine: Machine) -> Village:
    """The estate of this state folder, built now where there is none yet; the locks told where the broker is today."""
    village = _remembered_or_built(machine)
    provisions = read_provisions(locks_folder(machine))
    if not any(one.claim_secret for one in provisions):
        certificates, port = machine.broker.certificates, machine.broker.ports.locks
        on_the_shelf(locks_folder(machine), certificates, port, maker=_maker(machine), count=NEW_LOCKS)
    for provision in read_provisions(locks_folder(machine)):
        write_provision(locks_folder(machine), replace(provision, broker_port=machine.broker.ports.locks))
    return village


def locks_folder(machine: Machine) -> Path:
    """Where the simulated locks keep their keys and their flash."""
    return machine.state.path / "locks"


def _remembered_or_built(machine: Machine) -> Village:
    remembered = machine.state.secrets / "village.json"
    if remembered.exists():
        written = json.loads(remembered.read_text(encoding="utf-8"))
        return Village(
            {role: Login(**login) for role, login in written["logins"].items()},
            tuple(Room(**room) for room in written["rooms"]),
        )
    village = _build(machine)
    write_private(remembered, json.dumps(asdict(village), ensure_ascii=False, indent=1).encode())
    return village


def _build(machine: Machine) -> Village:
    made = [_manufacture() for _ in range(LOCKS_NEEDED)]
    engine = machine.engine(DatabaseRole.SERVE)
    with transaction(engine, SYSTEM) as session:
        estate = build_estate(session, machine.keyring, clock.now(), [provisioned for _, provisioned in made])
        # Within the transaction: a lock that the register knows is never without its own half.
        for label, (identity, _) in zip(_labels(estate), made, strict=True):
            write_provision(locks_folder(machine), _provision(machine, identity, label))
    engine.dispose()
    return _village(estate)


def _village(estate: Estate) -> Village:
    people: tuple[tuple[str, SignIn], ...] = (
        ("landlord", estate.landlord),
        ("grid_worker", estate.grid_worker),
        ("officer", estate.officer),
    )
    return Village(
        {role: Login(one.login, one.password) for role, one in people},
        tuple(Room(room.unit_id, room.number, room.lock_id) for room in estate.rooms),
    )


def _labels(estate: Estate) -> list[str]:
    """What people call each door: address and room, in the order of the rooms."""
    return [f"{ADDRESSES[number // len(ROOM_NUMBERS)]} {room.number}" for number, room in enumerate(estate.rooms)]


def _provision(machine: Machine, identity: LockIdentity, label: str) -> Provision:
    certificate = machine.broker.certificates.for_lock(identity.lock)
    return Provision(
        lock=identity.lock,
        label=label,
        private_key=identity.private_key,
        service_public_key=identity.service_public_key,
        signing_key=identity.signing_key,
        maker=_maker(machine),
        certificate=certificate.certificate.absolute(),
        certificate_key=certificate.key.absolute(),
        authority=machine.broker.authority.absolute(),
        broker_host=machine.broker.host,
        broker_port=machine.broker.ports.locks,
    )


def _maker(machine: Machine) -> Maker:
    return Maker(public_point(machine.state.secret("maker.pem", draw_maker_key)), vendor_id(MAKER_DOMAIN))


def _manufacture() -> tuple[LockIdentity, ProvisionedLock]:
    """A lock as it leaves the factory: each side gets its half."""
    lock_id: LockId = draw_lock_id(os.urandom(8))
    locks_half, services_half = private_key(os.urandom(_KEY_ENTROPY)), private_key(os.urandom(_KEY_ENTROPY))
    signs_with = private_key(os.urandom(_KEY_ENTROPY))
    identity = LockIdentity(lock_id, locks_half, public_key(services_half), signing_key=signs_with)
    return identity, ProvisionedLock(lock_id, public_key(locks_half), services_half, public_key(signs_with))
