"""The house rules hold everywhere, and each notices a breach."""

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.house_rules import (
    FILE_LINES,
    FUNCTION_LINES,
    ROOT,
    RULES,
    TEST_FILE_LINES,
    Rule,
    Source,
    excuses,
    names,
    one_commit,
    sizes,
    sources,
    sql_in_its_place,
    threads,
)

SERVICE = "service/people/actions.py"
LONG_FUNCTION = "def f():\n" + "    pass\n" * FUNCTION_LINES
BREACHES = [
    (sizes, SERVICE, "x = 1\n" * (FILE_LINES + 1)),
    (sizes, "tests/rules/test_people.py", "x = 1\n" * (TEST_FILE_LINES + 1)),
    (sizes, SERVICE, LONG_FUNCTION),
    (sizes, SERVICE, "class A:\n    def f(self, a, b, c, d, e, f, g, h): ...\n"),
    (sizes, SERVICE, "def f(a, *, b, c, d, e, f, g, h, i): ...\n"),
    (names, "service/people/utils.py", ""),
    (names, SERVICE, "def handler(): ...\n"),
    (names, SERVICE, "class LockManager: ...\n"),
    (names, SERVICE, "class AbstractLock: ...\n"),
    (names, SERVICE, "def get_user_info(): ...\n"),
    (sql_in_its_place, SERVICE, 'session.execute("SELECT 1")\n'),
    (sql_in_its_place, SERVICE, "from sqlmodel import Session, select\n"),
    (sql_in_its_place, "service/portals/pages.py", 'QUERY = """\n  DELETE FROM person"""\n'),
    (one_commit, SERVICE, "session.commit()\n"),
    (one_commit, "service/edges/inbox.py", "with engine.begin() as connection: ...\n"),
    (one_commit, "service/people/records.py", "session.rollback()\n"),
    (threads, SERVICE, "async def f(): ...\n"),
    (excuses, SERVICE, "import os  # noqa\n"),
    (excuses, SERVICE, "import os  # noqa: F401\n"),
    (excuses, SERVICE, "x = f()  # type: ignore\n"),
    (excuses, SERVICE, "x = f()  # TODO later\n"),
]
ALLOWED = [
    (sizes, SERVICE, "x = 1\n" * FILE_LINES),
    (names, SERVICE, "def find_database(): ...\nclass Informed: ...\ndef basement(): ...\n"),
    (sql_in_its_place, "service/people/records.py", 'session.execute("SELECT 1")\n'),
    (sql_in_its_place, SERVICE, 'raise NotFound("Select a room, then update it.")\n'),
    (one_commit, SERVICE, "with session.begin_nested(): ...\n"),
    (excuses, SERVICE, "import os  # noqa: F401 - for its side effect\n"),
]


def _planted(rule: Rule, path: str, text: str) -> Iterator[str]:
    return rule(Source(path, text))


@cache
def all_complaints() -> dict[str, list[str]]:
    """What each rule complains of, from one reading of every file."""
    found: dict[str, list[str]] = {rule.__name__: [] for rule in RULES}
    for source in sources():
        for rule in RULES:
            found[rule.__name__] += rule(source)
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds(rule: Rule) -> None:
    complaints = all_complaints()[rule.__name__]
    assert not complaints, "\n" + "\n".join(complaints)


@pytest.mark.parametrize(("rule", "path", "text"), BREACHES)
def test_a_breach_is_noticed(rule: Rule, path: str, text: str) -> None:
    assert list(_planted(rule, path, text))


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED)
def test_what_is_allowed_is_not_complained_of(rule: Rule, path: str, text: str) -> None:
    assert not list(_planted(rule, path, text))


@pytest.mark.parametrize(
    ("code", "path", "body"),
    [
        ("TID251", SERVICE, "import datetime\n\nX = datetime.datetime.now(datetime.UTC)\n"),
        ("TID251", SERVICE, "from datetime import UTC, datetime\n\nX = datetime.now(UTC)\n"),
        ("TID251", "device_sim/door.py", "import time\n\nX = time.time()\n"),
        ("TID251", "service/edges/inbox.py", "from time import time\n\nX = time()\n"),
        ("C901", SERVICE, "def f(a):\n" + "".join(f"    if a == {n}:\n        a += {n}\n" for n in range(9))),
        ("PLR0913", SERVICE, "def f(*, a, b, c, d, e, f, g, h, i):\n    return a\n"),
        ("T201", SERVICE, "print(1)\n"),
        ("D103", SERVICE, "def public():\n    return 1\n"),
        ("BLE001", SERVICE, "try:\n    x = 1\nexcept Exception:\n    x = 2\n"),
    ],
)
def test_the_linter_notices_a_breach(code: str, path: str, body: str) -> None:
    command = [
        str(Path(sys.executable).parent / "ruff"),
        "check",
        "--output-format=concise",
        f"--stdin-filename={path}",
        "-",
    ]
    said = subprocess.run(
        command, cwd=ROOT, input=f'"""A file."""\n\n{body}', capture_output=True, text=True, check=False
    )
    assert code in said.stdout, said.stdout + said.stderr
