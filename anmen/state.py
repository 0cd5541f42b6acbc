"""The one folder that holds everything Anmen keeps on this machine: `.anmen` in the checkout, or ANMEN_STATE.

    lock            held while one Anmen uses the folder
    ports.json      the ports it has come to use
    secrets/        passwords and keys, each a file of its own
    certificates/   the demo's certificate authorities, the server's certificate, the clients'
    postgres/       the database cluster
    broker/         the broker's configuration and store
    logs/           one file a process

PostgreSQL and the broker run as accounts of their own when Anmen is root. A checkout in a folder that only root may
enter (/root, a `mktemp -d`) cannot hold their files, so there the folder becomes a symbolic link to one under
/var/lib/anmen; nobody's permissions are widened.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anmen.errors import MachineError
from anmen.unprivileged import DATABASE_ACCOUNT, account_for, can_reach

_ROOTS_STATES = Path("/var/lib/anmen")
# The accounts pass through to their own part (0711) but may not look around; a normal user shares with nobody.
_FOLDER_MODE_ROOT = 0o711
_FOLDER_MODE_USER = 0o700


@dataclass(frozen=True, slots=True)
class StateFolder:
    """Where each part of the state lies; made by `claimed_state` or `temporary_state`."""

    path: Path

    @property
    def logs(self) -> Path:
        """One log file a process."""
        return self.path / "logs"

    @property
    def secrets(self) -> Path:
        """Folder for `secret`."""
        return self.path / "secrets"

    @property
    def operators_environment(self) -> Path:
        """What an operator's commands need, as lines for a shell."""
        return self.secrets / "operator.sh"

    @property
    def certificates(self) -> Path:
        """Folder for `anmen.certificates.Certificates`."""
        return self.path / "certificates"

    @property
    def postgres(self) -> Path:
        """Folder for `anmen.postgres.PostgresCluster`."""
        return self.path / "postgres"

    @property
    def broker(self) -> Path:
        """Folder for `anmen.broker.Broker`."""
        return self.path / "broker"

    @property
    def ports(self) -> Path:
        """File for `anmen.free_ports.PortBook`."""
        return self.path / "ports.json"

    def secret(self, name: str, draw: Callable[[], bytes]) -> bytes:
        """The secret of that name, drawn once and kept in a file only we may read."""
        return read_or_draw(self.secrets / name, draw)


def default_state_path(checkout: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """ANMEN_STATE where it is set, else `.anmen` in the checkout."""
    chosen = environment.get("ANMEN_STATE")
    return Path(chosen).absolute() if chosen else checkout.absolute() / ".anmen"


@contextmanager
def claimed_state(path: Path, *, fresh: bool = False) -> Iterator[StateFolder]:
    """Open the state folder for ourselves alone, emptied first when `fresh`; refuses while another Anmen uses it."""
    folder = _make_reachable(path)
    with _lock(folder / "lock", shown_as=path):
        if fresh:
            _empty(folder)
        yield _lay_out(folder)


@contextmanager
def temporary_state(prefix: str = "anmen-") -> Iterator[StateFolder]:
    """A state folder that is gone afterwards, in a place where the accounts can reach it."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    folder.chmod(_folder_mode())
    try:
        yield _lay_out(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_or_draw(path: Path, draw: Callable[[], bytes]) -> bytes:
    """The bytes of a secret file; where there is none, what `draw` gives, kept 0600 before it is used."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        write_private(path, draw())
        return path.read_bytes()


def write_private(path: Path, content: bytes) -> None:
    """Put a file in place whole or not at all, readable by its owner only, and on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(draft).replace(path)


def _folder_mode() -> int:
    return _FOLDER_MODE_ROOT if os.geteuid() == 0 else _FOLDER_MODE_USER


def _lay_out(folder: Path) -> StateFolder:
    state = StateFolder(folder)
    for part in (state.postgres, state.broker):
        part.mkdir(exist_ok=True, mode=_folder_mode())
    for private in (state.logs, state.secrets, state.certificates):
        private.mkdir(exist_ok=True, mode=0o700)
    return state


def _make_reachable(path: Path) -> Path:
    if not path.exists() and not path.is_symlink():
        _make(path)
    folder = path.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=_folder_mode())
    _check_owner(folder)
    if not can_reach(folder, account_for(DATABASE_ACCOUNT)):
        raise MachineError(
            f"The account {DATABASE_ACCOUNT}, which runs the database for root, may not enter {folder}.\n"
            "Set ANMEN_STATE to a folder that others may pass through (for example /var/lib/anmen/mine), "
            "or start Anmen as a normal user."
        )
    return folder


def _make(path: Path) -> None:
    path.mkdir(parents=True, mode=_folder_mode())
    account = account_for(DATABASE_ACCOUNT)
    if account is None or can_reach(path, account):
        return
    path.rmdir()
    elsewhere = _ROOTS_STATES / hashlib.sha256(str(path).encode()).hexdigest()[:12]
    elsewhere.mkdir(parents=True, exist_ok=True, mode=_folder_mode())
    path.symlink_to(elsewhere)


def _check_owner(folder: Path) -> None:
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        raise MachineError(
            f"{folder} belongs to another user (uid {owner}; you are {os.geteuid()}).\n"
            "Start Anmen as that user, or set ANMEN_STATE to a folder of your own."
        )


@contextmanager
def _lock(path: Path, *, shown_as: Path) -> Iterator[None]:
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise MachineError(
                f"Another Anmen (process {file.read().strip() or 'unknown'}) is using {shown_as}.\n"
                "Stop it first, or set ANMEN_STATE to another folder to run a second one beside it."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name == "lock":
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
