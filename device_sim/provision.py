"""What the factory puts into a lock: its keys, its certificate, and where its broker is. One JSON file a lock.

    {"format": "anmen-lock/1", "lock": "L-…", "label": "…", "private_key": "<hex>", "service_public_key": "<hex>",
     "key_epoch": 1, "signing_key": "<hex>", "certificate": "<path>", "certificate_key": "<path>", "authority": "<path>",
     "broker_host": "…", "broker_port": 8883,
     "maker_public_key": "<hex>", "maker_id": "<hex>"}      (both or neither: a lock without takes no firmware)

Paths are those of PEM files; relative ones start at the file's own folder. Keys are 32-byte scalars and a 65-byte point.
A lock without a signing key (it is optional) signs no heads of its event chain. A lock as it comes from the factory has
no keys yet and, in their place, the secret under its inside cover ("claim_secret").
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device_sim.errors import BadProvision
from device_sim.updating import Maker
from firmware_protocol import LockIdentity
from firmware_protocol.claim import read_secret
from firmware_protocol.topics import LockId, lock_id

FORMAT = "anmen-lock/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """One provisioned lock. `label` is what people call its door."""

    lock: LockId
    certificate: Path
    certificate_key: Path
    authority: Path
    broker_host: str
    broker_port: int
    private_key: bytes = field(default=b"", repr=False)
    service_public_key: bytes = b""
    claim_secret: str | None = field(default=None, repr=False)
    key_epoch: int = 1
    signing_key: bytes | None = field(default=None, repr=False)
    label: str = ""
    maker: Maker | None = None

    @property
    def identity(self) -> LockIdentity:
        """The half of the keys that the protocol needs; BadProvision where the lock is still in its box."""
        if not self.private_key:
            raise BadProvision(f"lock {self.lock} has no keys yet: it must be claimed")
        return LockIdentity(self.lock, self.private_key, self.service_public_key, self.key_epoch, self.signing_key)


def provision_path(folder: Path, lock: LockId) -> Path:
    """Where the lock's file lies; its flash lies beside it, in a folder named for the lock."""
    return folder / f"{lock}.json"


def write_provision(folder: Path, provision: Provision) -> Path:
    """Write the file, readable by its owner only, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = provision_path(folder, provision.lock)
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(_to_json(provision), file, ensure_ascii=False, indent=2)
    draft.replace(path)
    return path


def read_provision(path: Path) -> Provision:
    """The lock in a file; BadProvision says what is wrong with it."""
    try:
        return _from_json(json.loads(path.read_text(encoding="utf-8")), path.parent)
    except OSError as unreadable:
        raise BadProvision(f"{path}: {unreadable.strerror}") from unreadable
    except KeyError as missing:
        raise BadProvision(f"{path}: the field {missing.args[0]} is missing") from missing
    except (ValueError, TypeError, AttributeError) as wrong:
        raise BadProvision(f"{path}: {wrong}") from wrong


def read_provisions(folder: Path) -> tuple[Provision, ...]:
    """All locks of a folder, by id; BadProvision where there is none."""
    found = tuple(read_provision(path) for path in sorted(folder.glob("L-*.json")))
    if not found:
        raise BadProvision(f"{folder} holds no provisioned lock (files named L-….json).")
    return found


def _to_json(provision: Provision) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "lock": provision.lock,
        "label": provision.label,
        **_keys_to_json(provision),
        "certificate": str(provision.certificate),
        "certificate_key": str(provision.certificate_key),
        "authority": str(provision.authority),
        "broker_host": provision.broker_host,
        "broker_port": provision.broker_port,
        **_maker_to_json(provision.maker),
    }


def _keys_to_json(provision: Provision) -> dict[str, Any]:
    if provision.claim_secret is not None:
        return {"claim_secret": provision.claim_secret}
    return {
        "private_key": provision.private_key.hex(),
        "service_public_key": provision.service_public_key.hex(),
        "key_epoch": provision.key_epoch,
        **({"signing_key": provision.signing_key.hex()} if provision.signing_key else {}),
    }


def _keys(written: Mapping[str, Any]) -> dict[str, Any]:
    if "claim_secret" in written:
        return {"claim_secret": read_secret(str(written["claim_secret"]))}
    return {
        "private_key": _key(written, "private_key", 32),
        "service_public_key": _key(written, "service_public_key", 65),
        "key_epoch": int(written.get("key_epoch", 1)),
        "signing_key": _key(written, "signing_key", 32) if "signing_key" in written else None,
    }


def _maker_to_json(maker: Maker | None) -> dict[str, str]:
    return {"maker_public_key": maker.public_key.hex(), "maker_id": maker.vendor_id.hex()} if maker else {}


def _maker(written: Mapping[str, Any]) -> Maker | None:
    if "maker_public_key" not in written:
        return None
    return Maker(_key(written, "maker_public_key", 65), _key(written, "maker_id", 16))


def _from_json(written: Mapping[str, Any], folder: Path) -> Provision:
    if written.get("format") != FORMAT:
        raise ValueError(f"the format must be {FORMAT}")
    return Provision(
        lock=lock_id(str(written["lock"])),
        label=str(written.get("label", "")),
        **_keys(written),
        certificate=folder / str(written["certificate"]),
        certificate_key=folder / str(written["certificate_key"]),
        authority=folder / str(written["authority"]),
        broker_host=str(written["broker_host"]),
        broker_port=int(written["broker_port"]),
        maker=_maker(written),
    )


def _key(written: Mapping[str, Any], name: str, size: int) -> bytes:
    key = bytes.fromhex(str(written[name]))
    if len(key) != size:
        raise ValueError(f"{name} must be {size} bytes in hexadecimal")
    return key
