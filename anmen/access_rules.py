"""Who may do what at the broker: `mosquitto.acl` read into values, so that the fall-back broker gets the same rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

RULES_PATH = Path(__file__).resolve().parent.parent / "mosquitto.acl"
LOCK_ID = "%u"


class Verb(StrEnum):
    """What a rule allows with a topic: READ is to subscribe and receive, WRITE to publish."""

    READ = "read"
    WRITE = "write"
    READWRITE = "readwrite"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing allowed; `topic` is an MQTT filter, in which LOCK_ID stands for the name of whoever asks."""

    verb: Verb
    topic: str

    @property
    def reads(self) -> bool:
        """Whether it allows to subscribe."""
        return self.verb is not Verb.WRITE

    @property
    def writes(self) -> bool:
        """Whether it allows to publish."""
        return self.verb is not Verb.READ


@dataclass(frozen=True, slots=True)
class AccessList:
    """All rules: those of every lock, and those of each named account."""

    of_locks: tuple[Rule, ...]
    of_accounts: Mapping[str, tuple[Rule, ...]]


def read_access_list(text: str) -> AccessList:
    """Understand the part of Mosquitto's acl_file language that our file uses; anything else is an error."""
    of_locks: list[Rule] = []
    of_accounts: dict[str, tuple[Rule, ...]] = {}
    account = ""
    for line in text.splitlines():
        match line.split():
            case [] | ["#", *_]:
                continue
            case ["pattern", verb, topic]:
                of_locks.append(Rule(Verb(verb), topic))
            case ["user", name]:
                account = name
            case ["topic", verb, topic] if account:
                of_accounts[account] = (*of_accounts.get(account, ()), Rule(Verb(verb), topic))
            case _:
                raise ValueError(f"access rules: cannot read the line {line!r}")
    return AccessList(tuple(of_locks), of_accounts)


def account_lines(accounts: Mapping[str, tuple[Rule, ...]]) -> str:
    """Accounts in the language of the file, to be appended to it."""
    lines = []
    for name, rules in accounts.items():
        lines += ["", f"user {name}", *(f"topic {rule.verb} {rule.topic}" for rule in rules)]
    return "\n".join([*lines, ""])
