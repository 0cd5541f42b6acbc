"""From the shipped `mosquitto.conf` to the one this machine runs: other ports, other folders, else the same lines.

So the rules the tests try to break are the rules an operator installs.
"""

import os
import shutil
from pathlib import Path

from anmen.access_rules import RULES_PATH, account_lines
from anmen.broker_files import HOST, BrokerPlan, BrokerPorts, make_store, write_for

CONFIGURATION_PATH = Path(__file__).resolve().parent.parent / "mosquitto.conf"
_SHIPPED_FOLDER = "/etc/mosquitto/anmen/"
_SHIPPED_STORE = "/var/lib/mosquitto/"
_FILE_OPTIONS = {"acl_file", "cafile", "certfile", "keyfile", "crlfile"}
_LOCKS_PORT, _SERVICES_PORT = "8883", "8884"


def find_mosquitto() -> Path | None:
    """The installed Mosquitto; Debian puts it where a normal user's PATH does not look."""
    found = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")
    return Path(found) if found else None


def write_mosquitto_files(plan: BrokerPlan) -> Path:
    """Write configuration and access rules into the plan's folder; returns the configuration's path."""
    store = make_store(plan, "mosquitto-store")
    rules = RULES_PATH.read_text() + account_lines(plan.accounts)
    write_for(plan, "mosquitto.acl", rules.encode())
    text = localised(CONFIGURATION_PATH.read_text(), folder=plan.folder, store=store, ports=plan.ports)
    return write_for(plan, "mosquitto.conf", text.encode())


def localised(shipped: str, *, folder: Path, store: Path, ports: BrokerPorts) -> str:
    """The shipped configuration with this machine's places in it."""
    lines = [_localised_line(line, folder, store, ports) for line in shipped.splitlines()]
    return "\n".join([*lines, ""])


def _localised_line(line: str, folder: Path, store: Path, ports: BrokerPorts) -> str:
    match line.split():
        case ["listener", port]:
            ours = {_LOCKS_PORT: ports.locks, _SERVICES_PORT: ports.services}[port]
            return f"listener {ours} {HOST}"
        case [option, path] if option in _FILE_OPTIONS and path.startswith(_SHIPPED_FOLDER):
            return f"{option} {folder}/{path.removeprefix(_SHIPPED_FOLDER)}"
        case ["persistence_location", path] if path == _SHIPPED_STORE:
            return f"persistence_location {store}/"
        case ["log_dest", *_]:
            return "log_dest stdout"
        case ["pid_file", *_]:
            return "# The process is watched by the one that started it."
        case _:
            return line
