"""The fall-back broker: `nats-server` out of a wheel, for machines where Mosquitto cannot be installed.

It speaks MQTT 3.1.1 with the same certificates and the same access rules, with two differences that keep it out of
production (docs/decisions/0022): it has one MQTT listener, and it cannot tie a client id to a certificate, so that one lock
can throw another out. Its rules have no "own name" in them: every lock is listed.
"""

import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from anmen.access_rules import LOCK_ID, RULES_PATH, Rule, read_access_list
from anmen.broker_files import BOTH_AUTHORITIES, HOST, SERVER_CERTIFICATE, SERVER_KEY, BrokerPlan, make_store, write_for
from anmen.errors import MachineError
from firmware_protocol.topics import SHARDS

SHORTCOMINGS = (
    "Mosquitto is not installed; using nats-server instead. Everything works, but it cannot tie a client id to a "
    "certificate: a lock could throw another one off the line. For the demo only. To get Mosquitto: "
    "apt-get install --no-install-recommends mosquitto"
)


# A client's subscriptions may together await 65,535 acknowledgements; past that nats-server refuses the SUBSCRIBE, and a
# worker that holds all 64 shards would be deaf to half of them.
_PENDING = 65_535 // SHARDS


def find_nats() -> Path:
    """The `nats-server` of the wheel."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise MachineError(
            "There is no broker: neither Mosquitto (apt-get install mosquitto) nor nats-server (./run setup)."
        )
    return Path(found)


def write_nats_files(plan: BrokerPlan, lock_ids: Iterable[str]) -> Path:
    """Write the configuration, every known lock listed; returns its path."""
    store = make_store(plan, "nats-store")
    rules = read_access_list(RULES_PATH.read_text())
    accounts = {**rules.of_accounts, **plan.accounts}
    users = [_user(name, allowed) for name, allowed in accounts.items()]
    users += [_user(lock_id, _filled_in(rules.of_locks, lock_id)) for lock_id in sorted(lock_ids)]
    configuration = {
        "server_name": "anmen",
        "listen": f"{HOST}:-1",
        "max_payload": 16384,
        "jetstream": {"store_dir": str(store), "max_file_store": 2 << 30},
        "mqtt": {"listen": f"{HOST}:{plan.ports.locks}", "max_ack_pending": _PENDING, "tls": _tls(plan.folder)},
        "authorization": {"users": users},
    }
    return write_for(plan, "nats.conf", json.dumps(configuration, indent=1).encode())


def _tls(folder: Path) -> dict[str, object]:
    return {
        "cert_file": str(folder / SERVER_CERTIFICATE),
        "key_file": str(folder / SERVER_KEY),
        "ca_file": str(folder / BOTH_AUTHORITIES),
        "verify_and_map": True,
        "timeout": 10,
    }


def _user(name: str, rules: Iterable[Rule]) -> dict[str, object]:
    allowed = [rule for rule in rules if not rule.topic.startswith("$")]
    publish = [subject for rule in allowed if rule.writes for subject in subjects(rule.topic)]
    subscribe = [subject for rule in allowed if rule.reads for subject in subjects(rule.topic)]
    return {
        "user": f"CN={name}",
        "permissions": {"publish": {"allow": publish}, "subscribe": {"allow": subscribe}},
        "allowed_connection_types": ["MQTT"],
    }


def _filled_in(rules: Iterable[Rule], lock_id: str) -> list[Rule]:
    return [Rule(rule.verb, rule.topic.replace(LOCK_ID, lock_id)) for rule in rules]


def subjects(topic: str) -> list[str]:
    """An MQTT filter as NATS subjects; `a/#` means `a` as well."""
    levels = [{"+": "*", "#": ">"}.get(level, level) for level in topic.split("/")]
    whole = ".".join(levels)
    return [whole, ".".join(levels[:-1])] if levels[-1] == ">" else [whole]
