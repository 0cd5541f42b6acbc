"""What the embedded PostgreSQL is started with: settings for a small machine that must not lose a committed row."""

from collections.abc import Mapping
from pathlib import Path

_SETTINGS: Mapping[str, str] = {
    # Nobody but this machine's own processes, by the socket.
    "listen_addresses": "",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    # A commit that was answered is on disk: "stored up to n" lets a lock erase its copy.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # After a crash every file is synced first: one call for the file system instead of one a file (seconds, here).
    "recovery_init_sync_method": "syncfs",
    # Enough for backups and a standby; checkpoints far apart, since each rewrites whole pages into the log.
    "wal_level": "replica",
    "max_wal_senders": "4",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Two cores and a few gigabytes, shared with the broker, the service and the simulated locks.
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    # Parallel plans gain nothing on two cores and need /dev/shm, of which a container has 64 MB.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    # The event path writes the same small tables all day: look often, or presence and cursors bloat.
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No identity data in the log: statements, parameters and the DETAIL lines of errors carry names and numbers.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}

_ACCESS = """\
# Written by Anmen at each start. Everybody needs a password, the superuser too; there is no way in over the network.
# TYPE  DATABASE        USER            METHOD
local   all             all             scram-sha-256
local   replication     postgres        scram-sha-256
"""


def settings_file(socket_folder: Path, access_file: Path, overrides: Mapping[str, str]) -> str:
    """The text of postgresql.conf; `overrides` win over ours (tests turn fsync off, for instance)."""
    places = {"unix_socket_directories": str(socket_folder), "hba_file": str(access_file)}
    settings = {**_SETTINGS, **places, **overrides}
    lines = [f"{name} = {_quoted(value)}" for name, value in settings.items()]
    return "\n".join(["# Written by Anmen at each start; change anmen/postgres_settings.py instead.", *lines, ""])


def access_file() -> str:
    """The text of pg_hba.conf."""
    return _ACCESS


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
