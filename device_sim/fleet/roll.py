"""A fleet's folder: who its locks are, what they recorded, how they stood at the end.

roll.jsonl     first line: format, broker, authority; then one line a lock: id, keys, certificate with its key
truth.bin      every event recorded (truth.py)
run            the number of the last run; boot numbers rise with it
standing.jsonl the end of the last run: per lock its log epoch, last number, receipt, list version and digest
"""

import fcntl
import json
import os
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from device_sim.errors import BadProvision, BadRequest
from firmware_protocol.lock_session import LockIdentity
from firmware_protocol.topics import lock_id

FORMAT = "anmen-fleet/1"
ROLL, TRUTH, RUN, STANDING = "roll.jsonl", "truth.bin", "run", "standing.jsonl"


class Broker(NamedTuple):
    """Where the locks connect, and the PEM of the authority that the broker's certificate is checked against."""

    host: str
    port: int
    authority: str


class NewLock(NamedTuple):
    """A lock to be put on a roll; `pem` is its certificate and the certificate's key."""

    identity: LockIdentity
    pem: str = ""


class FinalStanding(NamedTuple):
    """How a lock stood at the end of a run."""

    lock: str
    log_epoch: int
    last: int
    stored_up_to: int
    list_version: int
    list_digest: str
    linked: bool = True


@dataclass(frozen=True, slots=True)
class Roll:
    """The locks of a fleet. Their certificates stay in the file: a lock needs its own once a connect."""

    folder: Path
    broker: Broker
    identities: tuple[LockIdentity, ...] = field(repr=False)
    _offsets: "array[int]" = field(repr=False)

    def pem(self, place: int) -> bytes:
        """Certificate and key of a lock."""
        with (self.folder / ROLL).open("rb") as file:
            file.seek(self._offsets[place])
            pem: str = json.loads(file.readline())["pem"]
            return pem.encode()

    def next_run(self) -> int:
        """A number higher than that of any run before; written down before this returns."""
        path = self.folder / RUN
        number = int(path.read_text()) + 1 if path.exists() else 1
        draft = path.with_suffix(".new")
        draft.write_text(str(number))
        draft.replace(path)
        return number


def write_roll(folder: Path, broker: Broker, locks: Iterable[NewLock]) -> None:
    """Make the folder; the file can be read by its owner only."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(folder / ROLL, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps({"format": FORMAT, **broker._asdict()}) + "\n")
        file.writelines(json.dumps(_to_json(one)) + "\n" for one in locks)


def refuse_occupied(folder: Path) -> None:
    """BadProvision where the folder has a fleet: what its locks recorded would be taken for the new ones'."""
    if (folder / ROLL).exists():
        raise BadProvision(
            f"{folder} has a fleet already. Run it without --provision; or take another folder, or remove this one,"
            " for more locks or another demo."
        )


@contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """For one process at a time: two would speak for the same locks. BadRequest where another one runs."""
    with (folder / ROLL).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            raise BadRequest(f"Another fleet runs in {folder}. End it first, or take another folder.") from taken
        yield


def read_roll(folder: Path) -> Roll:
    """The fleet of a folder; BadProvision says what to do where there is none."""
    path = folder / ROLL
    if not path.exists():
        raise BadProvision(f"{folder} holds no fleet. Make one: anmen sim fleet --provision --locks N {folder}")
    offsets, identities = array("Q"), list[LockIdentity]()
    try:
        with path.open("rb") as file:
            first = json.loads(file.readline())
            if first["format"] != FORMAT:
                raise BadProvision(f"{path}: the format must be {FORMAT}")
            at = file.tell()
            for line in file:
                offsets.append(at)
                identities.append(_identity(json.loads(line)))
                at += len(line)
        return Roll(folder, Broker(first["host"], first["port"], first["authority"]), tuple(identities), offsets)
    except (KeyError, ValueError, TypeError) as wrong:
        raise BadProvision(f"{path}: {wrong!r}") from wrong


def write_standings(folder: Path, standings: Iterable[FinalStanding]) -> None:
    """The end of a run."""
    with (folder / STANDING).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(one._asdict()) + "\n" for one in standings)


def read_standings(folder: Path) -> Iterator[FinalStanding]:
    """The end of the last run; nothing where it was killed or still runs."""
    path = folder / STANDING
    if path.exists():
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield FinalStanding(**json.loads(line))


def _to_json(one: NewLock) -> dict[str, Any]:
    identity = one.identity
    return {
        "lock": identity.lock,
        "private_key": identity.private_key.hex(),
        "service_public_key": identity.service_public_key.hex(),
        "key_epoch": identity.key_epoch,
        "pem": one.pem,
    }


def _identity(written: Mapping[str, Any]) -> LockIdentity:
    private, public = bytes.fromhex(written["private_key"]), bytes.fromhex(written["service_public_key"])
    return LockIdentity(lock_id(written["lock"]), private, public, int(written["key_epoch"]))
