"""Break pure code on purpose, in small ways, and see whether a test notices.

By hand only:

    python -m tests.mutants --seed 1 --most 200 --seconds 900 [service/tenancy/rules/ending.py ...]

Each mutant is tried in a fork of its own by the test files that name its module; what no test notices is printed at the end.
"""

import argparse
import ast
import importlib.util
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PATIENCE_S = 60
_TOLD = 3000
_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}
_MADE = ("test_vectors.py", "test_docs.py")
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Mutant(NamedTuple):
    """One small change: the module's file, the how-manieth place that can be changed, and how to find it."""

    path: Path
    place: int
    line: int
    what: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Try mutants until so many, or so many seconds, are over; 1 where one survived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("paths", nargs="*", type=Path)
    asked = parser.parse_args(arguments)
    targets = [path.resolve() for path in asked.paths] or list(_pure_files())
    mutants = [one for path in targets if _tests_of(path) for one in _mutants(path)]
    random.Random(asked.seed).shuffle(mutants)
    until, survivors, tried = time.monotonic() + asked.seconds, list[Mutant](), 0
    sound = set[Path]()
    for mutant in mutants[: asked.most]:
        if time.monotonic() > until:
            break
        if mutant.path not in sound:
            _must_pass(mutant.path)
            sound.add(mutant.path)
        tried += 1
        if _survives(mutant):
            survivors.append(mutant)
            sys.stdout.write(f"survived: {mutant.path.relative_to(ROOT)}:{mutant.line}: {mutant.what}\n")
    sys.stdout.write(f"{tried} of {len(mutants)} mutants tried, {len(survivors)} survived\n")
    return 1 if survivors else 0


def _must_pass(path: Path) -> None:
    """SystemExit, with what pytest says, where the module's tests fail or take too long as it is: then they notice nothing."""
    with tempfile.TemporaryFile() as said:
        if _survives(Mutant(path, -1, 0, ""), said.fileno()):
            return
        said.seek(0)
        why = said.read().decode(errors="replace")[-_TOLD:]
    raise SystemExit(
        f"{path.relative_to(ROOT)}: its tests fail, or take over {PATIENCE_S} s, without any mutant\n{why}"
    )


def _pure_files() -> Iterator[Path]:
    yield from sorted(ROOT.glob("service/*/rules.py"))
    yield from sorted(ROOT.glob("service/*/rules/*.py"))
    yield from sorted(ROOT.glob("firmware_protocol/*.py"))


def _module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _tests_of(path: Path) -> list[str]:
    """The fast test files that name the module, or the package that hands its names on; for the protocol its vectors and tables too."""
    module = _module_of(path)
    named = {module, module.rpartition(".")[0]} if ".rules." in module else {module}
    tests = sorted([*ROOT.glob("tests/rules/test_*.py"), *ROOT.glob("tests/protocol/test_*.py")])
    own = [one for one in tests if any(f"from {name} import" in one.read_text(encoding="utf-8") for name in named)]
    same = [one for one in own if path.stem in one.stem]
    made = [ROOT / "tests/protocol" / one for one in _MADE] if path.parent.name == "firmware_protocol" else []
    return [str(one) for one in dict.fromkeys([*(same or own)[:4], *made])]


def _places(tree: ast.AST) -> list[tuple[ast.AST, str]]:
    """Every node that can be changed, with what is changed, in a fixed order."""
    found: list[tuple[ast.AST, str]] = []
    for node in _decisions(tree):
        match node:
            case ast.Compare(ops=[operator]) if type(operator) in _SWAPS:
                found.append((node, f"{type(operator).__name__} becomes {_SWAPS[type(operator)].__name__}"))
            case ast.BoolOp() | ast.BinOp() if type(node.op) in _SWAPS:
                found.append((node, f"{type(node.op).__name__} becomes {_SWAPS[type(node.op)].__name__}"))
            case ast.UnaryOp(op=ast.Not()):
                found.append((node, "not is left out"))
            case ast.Constant(value=int() as value) if not isinstance(value, bool):
                found.append((node, f"{value} becomes {value + 1}"))
            case ast.Constant(value=bool() as value):
                found.append((node, f"{value} becomes {not value}"))
            case ast.Call(func=ast.Name(id=name)) if name in _NAMES:
                found.append((node, f"{name} becomes {_NAMES[name]}"))
    return found


def _decisions(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those of decorators: they say how a class is made, and not what it decides."""
    decorators = [one for node in ast.walk(tree) for one in getattr(node, "decorator_list", ())]
    passed_over = {id(inner) for one in decorators for inner in ast.walk(one)}
    return (node for node in ast.walk(tree) if id(node) not in passed_over)


def _mutants(path: Path) -> list[Mutant]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [Mutant(path, at, getattr(node, "lineno", 0), what) for at, (node, what) in enumerate(_places(tree))]


def _mutated(mutant: Mutant) -> ast.Module:
    tree = ast.parse(mutant.path.read_text(encoding="utf-8"))
    if mutant.place < 0:
        return tree
    node, _ = _places(tree)[mutant.place]
    match node:
        case ast.Compare(ops=[operator]):
            node.ops = [_SWAPS[type(operator)]()]  # type: ignore[list-item]  # operators to operators
        case ast.BoolOp() | ast.BinOp():
            node.op = _SWAPS[type(node.op)]()  # type: ignore[assignment]  # as above
        case ast.UnaryOp():
            node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
        case ast.Constant(value=bool() as value):
            node.value = not value
        case ast.Constant(value=int() as value):
            node.value = value + 1
        case ast.Call(func=ast.Name() as name):
            name.id = _NAMES[name.id]
    return ast.fix_missing_locations(tree)


class _Broken(MetaPathFinder, Loader):
    """Imports one module as its mutant."""

    def __init__(self, mutant: Mutant) -> None:
        self._name, self._path, self._tree = _module_of(mutant.path), str(mutant.path), _mutated(mutant)

    def find_spec(self, fullname: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """The mutant's spec; None for every other module."""
        if fullname != self._name:
            return None
        folder = self._path.endswith("__init__.py")
        places = [str(Path(self._path).parent)] if folder else None
        return importlib.util.spec_from_file_location(
            fullname, self._path, loader=self, submodule_search_locations=places
        )

    def exec_module(self, module: ModuleType) -> None:
        """Run the broken code."""
        exec(compile(self._tree, self._path, "exec"), module.__dict__)  # noqa: S102 - our own code, broken on purpose


def _survives(mutant: Mutant, said: int | None = None) -> bool:
    """Whether its tests pass; what they say goes to `said`, a file, or nowhere."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os._exit(_try(mutant, os.open(os.devnull, os.O_WRONLY) if said is None else said))
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    # A loop without end is noticed, too.
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _try(mutant: Mutant, said: int) -> int:
    os.dup2(said, 1)
    os.dup2(said, 2)
    sys.meta_path.insert(0, _Broken(mutant))
    try:
        return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *_tests_of(mutant.path)]))
    except BaseException:  # noqa: BLE001 - whatever it is, it was noticed
        return 99


if __name__ == "__main__":
    sys.exit(main())
