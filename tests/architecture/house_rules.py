"""The house rules that no linter knows, each as a function from a file's text to complaints."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
PACKAGES = ("anmen", "service", "device_sim", "face_engine", "firmware_protocol", "migrations", "tests")

FILE_LINES, TEST_FILE_LINES = 250, 400
FUNCTION_LINES, TEST_FUNCTION_LINES = 40, 60
PARAMETERS, POSITIONAL_PARAMETERS = 8, 7

_FORBIDDEN_WORDS = frozenset(
    {
        "util",
        "utils",
        "helper",
        "helpers",
        "common",
        "manager",
        "handler",
        "handlers",
        "processor",
        "base",
        "info",
        "crud",
    }
)
# What X.509 calls the subject's name.
_PROPER_NAMES = ("common_name",)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SQL = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|WITH \w+ AS|CREATE|ALTER|TRUNCATE|LISTEN|NOTIFY)\b"
)
_SQL_FUNCTIONS = frozenset({"select", "insert", "update", "delete", "text"})
# Migrating is no request: whoever migrates is alone with the database.
_MAY_COMMIT = ("service/edges/transaction.py", "service/edges/migrate.py")
_ENDS_TRANSACTION = frozenset({"commit", "rollback", "begin"})
_ASYNC_FILES = (
    "service/app.py",
    "service/edges/shield.py",
    "service/edges/request_log.py",
    "service/edges/server.py",
    "service/portals/",
)
_EXCUSE = re.compile(r"#\s*(?:noqa|type:\s*ignore)")
_EXCUSE_WITH_REASON = re.compile(r"#\s*(?:noqa: [A-Z0-9, ]+?|type: ignore\[[a-z, -]+\])(?: - | +# ?)\w")
_UNFINISHED = re.compile(r"#.*\b(?:TODO|FIXME|XXX|HACK)\b")


@dataclass(frozen=True, slots=True)
class Source:
    """One file: where it stands in the repository, and what it says."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """The file as a syntax tree."""
        return _parsed(self.text)

    @property
    def is_test(self) -> bool:
        """Whether it is under tests/."""
        return self.path.startswith("tests/")

    def is_under(self, *places: str) -> bool:
        """Whether the path begins with one of these."""
        return self.path.startswith(places)


@lru_cache(maxsize=1)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


Rule = Callable[[Source], Iterator[str]]


def sources() -> list[Source]:
    """Every Python file of ours."""
    files = (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    return [Source(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in files]


def sizes(source: Source) -> Iterator[str]:
    """Files and functions stay small; parameters stay few, and positional ones fewer."""
    lines, most = source.text.count("\n"), TEST_FILE_LINES if source.is_test else FILE_LINES
    if lines > most:
        yield f"{source.path}: {lines} lines, at most {most}: it wants to be split"
    for function in _functions(source.tree):
        yield from _sizes_of(source, function)


def names(source: Source) -> Iterator[str]:
    """Names say what a thing is; the forbidden words say nothing."""
    stems = [PurePosixPath(source.path).stem]
    defined = [
        node.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    for name in stems + defined:
        words = {word.lower() for word in _WORD.findall(_without_proper_names(name))}
        if words & _FORBIDDEN_WORDS or name.startswith("Abstract"):
            yield f"{source.path}: the name {name} says nothing"


def sql_in_its_place(source: Source) -> Iterator[str]:
    """Only records and edges know SQL."""
    parts = PurePosixPath(source.path).parts
    if parts[0] != "service" or "edges" in parts or "records" in parts or parts[-1] == "records.py":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.match(node.value):
            yield f"{source.path}:{node.lineno}: SQL outside records.py"
        if isinstance(node, ast.ImportFrom) and node.module in {"sqlalchemy", "sqlmodel"}:
            for name in {alias.name for alias in node.names} & _SQL_FUNCTIONS:
                yield f"{source.path}:{node.lineno}: {name} outside records.py"


def one_commit(source: Source) -> Iterator[str]:
    """Transactions begin and end in edges/transaction.py; savepoints may be anywhere."""
    if not source.is_under("service/") or source.path in _MAY_COMMIT:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ENDS_TRANSACTION:
            yield f"{source.path}:{node.lineno}: .{node.func.attr}() outside edges/transaction.py"


def threads(source: Source) -> Iterator[str]:
    """One concurrency model: async only where ASGI demands it and in the live feed."""
    if source.is_under("tests/", *_ASYNC_FILES):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield f"{source.path}:{node.lineno}: async def {node.name}"


def excuses(source: Source) -> Iterator[str]:
    """A silenced warning says why; nothing is left for later in a comment."""
    if source.path.startswith("tests/architecture/"):
        return
    for number, (above, line) in enumerate(pairwise(["", *source.text.splitlines()]), 1):
        explained = _EXCUSE_WITH_REASON.search(line) or above.lstrip().startswith("#")
        if _EXCUSE.search(line) and not explained:
            yield f"{source.path}:{number}: a silenced warning without a reason"
        if _UNFINISHED.search(line):
            yield f"{source.path}:{number}: an unfinished thing"


def _without_proper_names(name: str) -> str:
    for proper in _PROPER_NAMES:
        name = name.replace(proper, "")
    return name


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _sizes_of(source: Source, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    where = f"{source.path}:{function.lineno}: {function.name}"
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    most = TEST_FUNCTION_LINES if source.is_test else FUNCTION_LINES
    if lines > most:
        yield f"{where} has {lines} lines, at most {most}"
    positional = [a.arg for a in (*function.args.posonlyargs, *function.args.args) if a.arg not in {"self", "cls"}]
    if source.is_test:
        return
    if len(positional) + len(function.args.kwonlyargs) > PARAMETERS:
        yield f"{where} takes more than {PARAMETERS} parameters"
    if len(positional) > POSITIONAL_PARAMETERS:
        yield f"{where} takes more than {POSITIONAL_PARAMETERS} positional parameters"


RULES: tuple[Rule, ...] = (sizes, names, sql_in_its_place, one_commit, threads, excuses)
