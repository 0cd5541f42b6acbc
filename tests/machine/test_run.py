"""`./run` itself, in a checkout whose programs are stand-ins: what it starts, what it skips, what it answers."""

import hashlib
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOISY = '#!/bin/sh\necho "$(basename "$0") $*"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that is set up."""
    shutil.copy(ROOT / "run", tmp_path / "run")
    (tmp_path / "uv.lock").write_text("version = 1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    for name in ("python", "ruff", "mypy", "lint-imports"):
        stand_in(tmp_path, name, NOISY)
    stand_in(tmp_path, "anmen", f'#!/bin/sh\n# {tmp_path}/.venv/bin/python\necho "anmen $*"\n')
    stamp(tmp_path)
    return tmp_path


def stand_in(checkout: Path, name: str, text: str) -> None:
    """Put a program into the checkout's .venv."""
    path = checkout / ".venv" / "bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def stamp(checkout: Path) -> None:
    """Say that this lock file was synced here."""
    digest = hashlib.sha256(
        (checkout / "uv.lock").read_bytes() + (checkout / "pyproject.toml").read_bytes()
    ).hexdigest()
    (checkout / ".venv" / "synced-test").write_text(f"{checkout} {digest}  -\n")


def run(checkout: Path, *words: str, path: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Call ./run from somewhere else; `more` goes into its environment."""
    environment = {"PATH": f"{path}:/usr/local/bin:/usr/bin:/bin".lstrip(":"), "HOME": str(Path.home()), **more}
    command = [str(checkout / "run"), *words]
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)


def uv(checkout: Path, version: str) -> str:
    """A folder with a uv of some version that notes what it is asked; to go on PATH."""
    folder = checkout / "path"
    folder.mkdir()
    text = f'#!/bin/sh\n[ "$1" = --version ] && echo "uv {version}" && exit\necho "$@" > {checkout}/asked\n'
    (folder / "uv").write_text(text)
    (folder / "uv").chmod(0o755)
    return str(folder)


def cpu_of_children_s() -> float:
    """What the children that have ended have cost: unlike the clock on the wall, a busy machine makes it no longer."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_second_start_asks_nobody_and_is_quick(checkout: Path) -> None:
    path = uv(checkout, "0.13.9")
    before = cpu_of_children_s()
    done = run(checkout, "sim", "--locks", "3", path=path)
    assert cpu_of_children_s() - before < 0.3
    assert (done.returncode, done.stdout, done.stderr) == (0, "anmen sim --locks 3\n", "")
    assert not (checkout / "asked").exists()


def test_without_words_it_shows_the_help(checkout: Path) -> None:
    assert run(checkout).stdout == "anmen --help\n"


def test_a_changed_lock_file_is_synced_once(checkout: Path) -> None:
    (checkout / "uv.lock").write_text("version = 2\n")
    path = uv(checkout, "0.13.9")
    assert run(checkout, "serve", path=path).stdout == "anmen serve\n"
    asked = (checkout / "asked").read_text().split()
    assert asked[:2] == ["sync", "--locked"]
    assert "--no-dev" in asked
    (checkout / "asked").unlink()
    run(checkout, "serve", path=path)
    assert not (checkout / "asked").exists()


def test_tests_want_the_development_packages_too(checkout: Path) -> None:
    (checkout / ".venv" / "synced-test").rename(checkout / ".venv" / "synced-demo")
    run(checkout, "test", path=uv(checkout, "0.13.9"))
    assert "--no-dev" not in (checkout / "asked").read_text()


def without_compiler(checkout: Path) -> str:
    """A folder for PATH in which gcc finds no header, and apt-get has nothing to give."""
    for name in ("gcc", "apt-get"):
        stand_in(checkout, name, f'#!/bin/sh\necho "$*" >>{checkout}/asked-{name}\nexit 1\n')
    return str(checkout / ".venv" / "bin")


@pytest.mark.skipif(os.geteuid() != 0, reason="root only: anybody else is not offered apt-get")
def test_a_compiler_is_installed_and_where_none_can_be_the_rest_is_tested(checkout: Path) -> None:
    done = run(checkout, "test", path=without_compiler(checkout))
    assert "install -y" in (checkout / "asked-apt-get").read_text()
    assert "gcc libc6-dev libssl-dev" in (checkout / "asked-apt-get").read_text()
    assert "The lock in C cannot be built (apt-get failed); its tests are skipped." in done.stderr
    assert "python -m pytest" in done.stdout


def test_nothing_goes_untested_in_ci_for_want_of_a_compiler(checkout: Path) -> None:
    done = run(checkout, "test", path=without_compiler(checkout), CI="true")
    assert done.returncode == 1
    assert "The tests need what this machine lacks: gcc libc6-dev libssl-dev" in done.stderr
    assert "pytest" not in done.stdout


def test_a_checkout_that_has_moved_gets_a_new_venv(checkout: Path) -> None:
    moved = checkout.with_name("moved")
    checkout.rename(moved)
    done = run(moved, "serve", path=uv(moved, "0.13.9"))
    assert "has moved" in done.stderr
    assert (moved / "asked").exists()


def test_the_long_form_wants_the_fuzzer_as_well_and_then_it_is_there_for_all(checkout: Path) -> None:
    path = uv(checkout, "0.13.9")
    run(checkout, "test", "--full", path=path)
    assert "--group fuzz" in (checkout / "asked").read_text()
    (checkout / "asked").unlink()
    for words in (["test"], ["test", "--full"], ["serve"]):
        run(checkout, *words, path=path)
        assert not (checkout / "asked").exists()


def test_words_for_pytest_are_passed_on_and_full_is_not_one(checkout: Path) -> None:
    (checkout / ".venv" / "synced-test").rename(checkout / ".venv" / "synced-full")
    stand_in(checkout, "python", '#!/bin/sh\necho "pytest:$*:$ANMEN_TEST_FULL"\n')
    assert (
        run(checkout, "test", "-k", "a b").stdout
        == "pytest:-m pytest -n 2 --dist loadfile --no-loadscope-reorder -k a b:\n"
    )
    assert run(checkout, "test", "--full", "-x").stdout.splitlines() == [
        "pytest:-m pytest -n 2 --dist loadgroup --no-loadscope-reorder -x:long",
        "pytest:-m pytest -n 2 --dist loadfile --no-loadscope-reorder -x:rest",
        "pytest:-m pytest -x:alone",
    ]


@pytest.mark.parametrize("broken", ["ruff", "mypy", "lint-imports", "python"])
def test_whatever_is_wrong_the_tests_fail_and_pytest_speaks_last(checkout: Path, broken: str) -> None:
    stand_in(checkout, broken, NOISY + "exit 1\n")
    done = run(checkout, "test")
    assert done.returncode != 0
    assert done.stdout.splitlines()[-1] == "python -m pytest -n 2 --dist loadfile --no-loadscope-reorder"
    assert ("NOT IN ORDER" in done.stderr) is (broken != "python")


def test_all_in_order_is_success(checkout: Path) -> None:
    assert run(checkout, "test").returncode == 0


def test_ci_runs_what_a_developer_runs() -> None:
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1].endswith('/../run" test "$@"')
