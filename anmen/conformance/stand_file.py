"""Where the kit finds the broker, its own certificate, and the service's half of each lock's keys: one JSON file.

    {"format": "anmen-conformance-stand/1", "broker": "HOST:PORT", "authority": "<path>", "certificate": "<path>",
     "certificate_key": "<path>", "locks": {"L-…": {"service_private_key": "<hex>", "lock_public_key": "<hex>", "key_epoch": 1}}}

"coming" beside a lock's keys are those of a change that is under way, in the same form: the lock may speak under either.

Paths are those of PEM files; relative ones start at the file's own folder. For the checks of firmware.md one of two more: "images", a folder
that the lock's maker has filled (anmen conformance images), or, for simulated locks, "maker_key", the maker's private key. For those about
a new certificate "lock_authority" and "lock_authority_key": whose certificates the broker takes of locks.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from anmen.conformance.authority import LockAuthority, read_authority
from anmen.conformance.image_list import releases_from
from anmen.conformance.mqtt_line import BrokerAddress, MqttLine
from anmen.conformance.operators import CommandOperator, Operator, SimulatorOperator
from anmen.conformance.prompting import PromptOperator
from anmen.conformance.releases import Releases
from anmen.conformance.stand import Stand
from anmen.errors import MachineError
from anmen.state import write_private
from device_sim.control import ask
from firmware_protocol import ServiceIdentity
from firmware_protocol.claim import read_secret
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.topics import LockId, lock_id

FORMAT = "anmen-conformance-stand/1"
PRIVATE_BYTES, PUBLIC_BYTES = 32, 65


def write_stand_file(path: Path, address: BrokerAddress, *identities: ServiceIdentity) -> None:
    """Write the file, readable by its owner only."""
    content = {
        "format": FORMAT,
        "broker": f"{address.host}:{address.port}",
        "authority": str(address.authority),
        "certificate": str(address.certificate),
        "certificate_key": str(address.key),
        "locks": {one.lock: _keys_of(one) for one in identities},
    }
    write_private(path, json.dumps(content, indent=1).encode())


def read_stand_file(path: Path, lock: str) -> tuple[BrokerAddress, ServiceIdentity, str | None]:
    """Broker, keys, and the secret of a lock that has none yet; MachineError says what is wrong with the file."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        if written["format"] != FORMAT:
            raise ValueError(f"the format must be {FORMAT}")
        known = lock_id(lock)
        return _address(written, path.parent), _identity(written, known), _secret(written, known)
    except OSError as unreadable:
        raise MachineError(
            f"{path}: {unreadable.strerror}. It says where the lock's broker is and holds the service's half of its keys"
            " (docs/protocol/conformance.md). To see the kit without a lock: anmen conformance try"
        ) from unreadable
    except KeyError as missing:
        raise MachineError(f"{path}: {missing.args[0]} is missing (see docs/protocol/conformance.md)") from missing
    except (TypeError, ValueError, AttributeError) as wrong:
        raise MachineError(f"{path}, lock {lock}: {wrong} (see docs/protocol/conformance.md)") from wrong


@contextmanager
def stand_with(path: Path, lock: str, operator: str) -> Iterator[Stand]:
    """A stand with that lock on its broker and that operator at its door."""
    address, identity, secret = read_stand_file(path, lock)
    at_the_door = operator_of(operator, identity.lock)
    releases, keep = _releases(path), partial(keep_keys, path)
    with MqttLine(address, identity.lock) as line:
        stand = Stand(line, at_the_door, identity, releases=releases, boxed_secret=secret, keep_keys=keep)
        stand.authority = _lock_authority(path)
        # A run that ended in the midst of a change of keys: the lock says under which of the two it speaks.
        stand.transcript.other = read_coming(path, identity.lock)
        stand.service.takes_other = stand.transcript.other is not None
        yield stand


def keep_keys(path: Path, identity: ServiceIdentity, coming: ServiceIdentity | None = None) -> None:
    """Write a lock's keys in the place of its secret or of those that it had, and beside them those to come; the rest as it was."""
    written = json.loads(path.read_text(encoding="utf-8"))
    written["locks"][identity.lock] = _keys_of(identity) | ({"coming": _keys_of(coming)} if coming else {})
    write_private(path, json.dumps(written, indent=1).encode())


def read_coming(path: Path, lock: LockId) -> ServiceIdentity | None:
    """The keys that a lock was offered and may be speaking under; None where no change of keys was left unfinished."""
    keys = json.loads(path.read_text(encoding="utf-8"))["locks"][lock].get("coming")
    try:
        return None if keys is None else _identity_of(lock, keys)
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise MachineError(f"{path}, lock {lock}, coming: {wrong} (see docs/protocol/conformance.md)") from wrong


def operator_of(text: str, lock: LockId) -> Operator:
    """The operator that the command line names; MachineError where it names none."""
    kind, _, where = text.partition(":")
    if kind == "prompt" and not where:
        return PromptOperator(input)
    if kind == "simulator" and where:
        socket, _, photo = where.partition(",")
        return SimulatorOperator(lock, lambda request: ask(Path(socket), request), _picture(photo))
    if kind == "command" and where:
        return CommandOperator(Path(where))
    raise MachineError(f"--operator {text}: write prompt, simulator:SOCKET, simulator:SOCKET,PHOTO or command:PROGRAM.")


def _picture(photo: str) -> bytes | None:
    try:
        return Path(photo).read_bytes() if photo else None
    except OSError as unreadable:
        raise MachineError(f"--operator: the photograph {photo}: {unreadable.strerror}") from unreadable


def _releases(path: Path) -> Releases | None:
    written = json.loads(path.read_text(encoding="utf-8"))
    places = (path.parent / str(written[name]) if name in written else None for name in ("images", "maker_key"))
    return releases_from(*places)


def _lock_authority(path: Path) -> LockAuthority | None:
    written = json.loads(path.read_text(encoding="utf-8"))
    if "lock_authority" not in written:
        return None
    if "lock_authority_key" not in written:
        raise MachineError(
            f"{path}: lock_authority_key is missing beside lock_authority (see docs/protocol/conformance.md)"
        )
    return read_authority(*(path.parent / str(written[name]) for name in ("lock_authority", "lock_authority_key")))


def _address(written: dict[str, Any], folder: Path) -> BrokerAddress:
    host, _, port = str(written["broker"]).rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise ValueError("broker must be HOST:PORT, such as localhost:8884")
    authority, certificate, key = (
        folder / str(written[name]) for name in ("authority", "certificate", "certificate_key")
    )
    return BrokerAddress(host, int(port), authority, certificate, key)


def boxed_identity(lock: LockId) -> ServiceIdentity:
    """What stands for keys before a lock is claimed; nobody speaks under them."""
    nobodys = private_key(os.urandom(48))
    return ServiceIdentity(lock, nobodys, public_key(nobodys))


def _keys_of(one: ServiceIdentity) -> dict[str, Any]:
    return {
        "service_private_key": one.private_key.hex(),
        "lock_public_key": one.lock_public_key.hex(),
        "key_epoch": one.key_epoch,
    }


def _secret(written: dict[str, Any], lock: LockId) -> str | None:
    secret = written["locks"][lock].get("claim_secret")
    return None if secret is None else read_secret(str(secret))


def _identity(written: dict[str, Any], lock: LockId) -> ServiceIdentity:
    if lock not in written["locks"]:
        raise ValueError("its keys are not in this file")
    keys = written["locks"][lock]
    if "claim_secret" in keys:
        return boxed_identity(lock)
    return _identity_of(lock, keys)


def _identity_of(lock: LockId, keys: dict[str, Any]) -> ServiceIdentity:
    private, public = bytes.fromhex(keys["service_private_key"]), bytes.fromhex(keys["lock_public_key"])
    if (len(private), len(public)) != (PRIVATE_BYTES, PUBLIC_BYTES):
        raise ValueError(
            f"service_private_key has {PRIVATE_BYTES} bytes, lock_public_key {PUBLIC_BYTES}, in hexadecimal"
        )
    return ServiceIdentity(lock, private, public, int(keys.get("key_epoch", 1)))
