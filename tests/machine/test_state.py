"""The state folder: one user at a time, private, and emptied only when asked."""

import multiprocessing
import os
import stat
import subprocess
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from anmen import state as state_module
from anmen.errors import MachineError
from anmen.state import claimed_state, default_state_path, read_or_draw, temporary_state
from anmen.unprivileged import DATABASE_ACCOUNT, account_for, can_reach

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root only: a normal user has no second account to hide from")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the database's account can reach, unlike pytest's own temporary folders."""
    with temporary_state("anmen-test-state-") as state:
        yield state.path


def _hold(path: Path, held: Event, let_go: Event) -> None:
    with claimed_state(path):
        held.set()
        let_go.wait(20)


def test_a_second_anmen_is_refused_and_told_who_is_first(place: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    held, let_go = spawn.Event(), spawn.Event()
    first = spawn.Process(target=_hold, args=(place / "state", held, let_go))
    first.start()
    assert held.wait(20)
    with (
        pytest.raises(MachineError, match=rf"(?s)process {first.pid}.*ANMEN_STATE") as refused,
        claimed_state(place / "state"),
    ):
        pass
    assert str(place / "state") in str(refused.value)
    let_go.set()
    first.join()
    with claimed_state(place / "state"):
        pass


def test_state_is_kept_and_fresh_empties_it(place: Path) -> None:
    path = place / "state"
    with claimed_state(path) as state:
        assert state.secret("word", lambda: b"first") == b"first"
    with claimed_state(path) as state:
        assert state.secret("word", lambda: b"second") == b"first"
    with claimed_state(path, fresh=True) as state:
        assert state.secret("word", lambda: b"third") == b"third"


def test_secrets_are_private(place: Path) -> None:
    with claimed_state(place / "state") as state:
        state.secret("word", lambda: b"x")
        assert stat.S_IMODE((state.secrets / "word").stat().st_mode) == 0o600
        assert stat.S_IMODE(state.secrets.stat().st_mode) == 0o700
        assert stat.S_IMODE(state.path.stat().st_mode) & 0o066 == 0


def test_a_secret_is_kept_before_it_is_used(tmp_path: Path) -> None:
    def interrupted() -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_or_draw(tmp_path / "word", interrupted)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_chooses_the_folder(tmp_path: Path) -> None:
    assert default_state_path(tmp_path, {}) == tmp_path / ".anmen"
    assert default_state_path(tmp_path, {"ANMEN_STATE": "/srv/anmen"}) == Path("/srv/anmen")


def test_a_temporary_state_is_gone_afterwards() -> None:
    with temporary_state() as state:
        assert can_reach(state.postgres, account_for(DATABASE_ACCOUNT))
    assert not state.path.exists()


@as_root
def test_in_a_folder_only_root_may_enter_the_state_is_linked_elsewhere(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_module, "_ROOTS_STATES", place / "var-lib-anmen")
    tmp_path.chmod(0o700)
    before = {folder: folder.stat().st_mode for folder in tmp_path.parents}
    with claimed_state(tmp_path / ".anmen") as state:
        assert (tmp_path / ".anmen").is_symlink()
        assert can_reach(state.postgres, account_for(DATABASE_ACCOUNT))
        kept = state.path
    with claimed_state(tmp_path / ".anmen") as state:
        assert state.path == kept
    assert {folder: folder.stat().st_mode for folder in tmp_path.parents} == before


@as_root
def test_another_users_folder_is_refused(place: Path) -> None:
    path = place / "state"
    path.mkdir()
    os.chown(path, 65534, 65534)
    with pytest.raises(MachineError, match="belongs to another user"), claimed_state(path):
        pass


@as_root
def test_the_accounts_cannot_read_the_secrets(place: Path) -> None:
    account = account_for(DATABASE_ACCOUNT)
    assert account is not None
    with claimed_state(place / "state") as state:
        state.secret("word", lambda: b"x")
        asked = subprocess.run(
            ["cat", state.secrets / "word"], user=account.uid, group=account.gid, capture_output=True, check=False
        )
    assert b"Permission denied" in asked.stderr
