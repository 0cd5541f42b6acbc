"""Accounts for the programs that must not be root.

PostgreSQL refuses to run as root, and the broker faces the network: when Anmen is started by root, each gets a system
account of its own, so that neither can read the other's files or the service's secrets. A normal user needs none of
this and runs everything as himself.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from anmen.errors import MachineError

DATABASE_ACCOUNT = "anmen-postgres"
BROKER_ACCOUNT = "anmen-broker"


@dataclass(frozen=True, slots=True)
class Account:
    """A system account that a child process is switched to before it runs."""

    name: str
    uid: int
    gid: int


def account_for(name: str) -> Account | None:
    """The system account of that name, made where it is missing; None unless this process is root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        _create(name)
        entry = pwd.getpwnam(name)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def can_reach(path: Path, account: Account | None) -> bool:
    """Whether the account may pass through every folder above `path` and enter (run) it; the kernel itself is asked."""
    if account is None:
        return os.access(path, os.X_OK)
    asked = subprocess.run(
        ["test", "-x", str(path)], user=account.uid, group=account.gid, extra_groups=[], cwd="/", check=False
    )
    return asked.returncode == 0


def give(path: Path, account: Account | None) -> None:
    """Make the account the owner of one file or folder; nothing to do where there is no account."""
    if account is not None:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _create(name: str) -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:" + os.environ.get("PATH", ""))
    if useradd is None:
        raise MachineError(
            f"Root may not run this program itself, and there is no `useradd` to make the account {name}.\n"
            "Install it (apt-get install passwd), or start Anmen as a normal user."
        )
    made = subprocess.run(
        [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode not in (0, 9):  # 9: it exists by now, made by another Anmen starting at the same moment
        raise MachineError(
            f"The account {name} could not be made: {made.stderr.strip()}\nStart Anmen as a normal user instead."
        )
