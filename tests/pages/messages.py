"""Every sentence a person may read on a page: from the templates, from code that marks them, and from the errors raised anywhere."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.extract import extract_from_dir

from service import errors

SERVICE = Path(errors.__file__).parent
# What a broken seal names is for the log: no page shows it.
ERRORS = frozenset(name for name, kind in vars(errors).items() if isinstance(kind, type)) - {"SealBroken"}
# Functions that make an error out of a sentence; the number is the sentence's place among their arguments.
MAKERS = {"_wrong": 1, "BadRequest": 0, "MethodNotAllowed": 0}
_MARKS: dict[str, Any] = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "say": (1,)}
_METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"**/templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}}

Message = str | tuple[str, ...]


def messages() -> dict[Message, set[str]]:
    """Every message id with the files it stands in."""
    found: dict[Message, set[str]] = {}
    for name, _, message, _, _ in extract_from_dir(str(SERVICE), _METHODS, _OPTIONS, keywords=_MARKS):
        if message and any(message):
            found.setdefault(message, set()).add(f"service/{name}")
    for path in sorted(SERVICE.rglob("*.py")):
        for sentence in error_sentences(path):
            if sentence is not None:
                found.setdefault(sentence, set()).add(f"service/{path.relative_to(SERVICE)}")
    return found


def error_sentences(path: Path) -> Iterator[str | None]:
    """The sentences of the errors raised in a file and of the kinds of error defined there; None for one made at run time."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _titles(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from _sentence(node, node.func.id, constants)


def _titles(node: ast.ClassDef) -> Iterator[str]:
    for line in node.body:
        target = (
            line.target
            if isinstance(line, ast.AnnAssign)
            else line.targets[0]
            if isinstance(line, ast.Assign)
            else None
        )
        value = getattr(line, "value", None)
        if isinstance(target, ast.Name) and target.id == "title" and isinstance(value, ast.Constant):
            yield str(value.value)


def _sentence(node: ast.Call, name: str, constants: dict[str, Any]) -> Iterator[str | None]:
    place = MAKERS.get(name, 0 if name in ERRORS else None)
    if place is None or len(node.args) <= place:
        return
    given = node.args[place]
    if isinstance(given, ast.Constant):
        yield str(given.value)
    elif isinstance(given, ast.JoinedStr):
        yield None
    elif isinstance(given, ast.Name) and given.id in constants:
        yield str(constants[given.id])
