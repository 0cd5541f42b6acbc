"""The supervisor, tried from outside: a real parent process with real children."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from anmen.child_process import Child, Launch
from anmen.errors import ChildDied, MachineError
from anmen.supervisor import Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(120)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(120)",
]

PARENT = """
import sys, time
from pathlib import Path
from anmen.supervisor import Supervisor
folder = Path(sys.argv[1])
sleeper = [sys.executable, "-c", "import time; time.sleep(120)"]
with Supervisor(folder) as supervisor:
    pids = [supervisor.start(name, sleeper).pid for name in ("first", "second")]
    (folder / "pids").write_text(" ".join(map(str, pids)))
    supervisor.wait()
(folder / "orderly").touch()
"""


def gone(pid: int) -> bool:
    """Whether the process has ended (a zombie that nobody reaps has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def eventually(question: Callable[[], bool], timeout_s: float = 30.0) -> bool:
    """Ask until the answer is yes."""
    give_up_at = time.monotonic() + timeout_s
    while not question():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def parent(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A process with two supervised children."""
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(folder)], cwd=root, start_new_session=True)
    try:
        assert eventually(lambda: (folder / "pids").exists() and (folder / "pids").read_text().count(" ") == 1)
        yield process, [int(pid) for pid in (folder / "pids").read_text().split()]
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_and_its_kin_stop_everything(tmp_path: Path, end: signal.Signals) -> None:
    with parent(tmp_path) as (process, children):
        process.send_signal(end)
        assert process.wait(30) == 0
        assert all(gone(pid) for pid in children)
        assert (tmp_path / "orderly").exists()


def test_children_go_when_the_parent_is_killed(tmp_path: Path) -> None:
    with parent(tmp_path) as (process, children):
        process.kill()
        assert eventually(lambda: all(gone(pid) for pid in children))


def test_a_child_that_dies_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import sys, time; time.sleep(0.3); sys.exit('the disk is full')"]
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("bystander", SLEEPER)
        supervisor.start("worker", words)
        with pytest.raises(ChildDied, match=r"worker stopped by itself \(exit status 1\)") as caught:
            supervisor.wait()
    assert "the disk is full" in str(caught.value)
    assert str(tmp_path / "worker.log") in str(caught.value)


def test_a_child_that_dies_at_once_fails_the_start(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor, pytest.raises(ChildDied, match="no such option"):
        supervisor.start("worker", [sys.executable, "-c", "raise SystemExit('no such option')"], ready=lambda: False)


def test_a_child_that_is_never_ready_says_so(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        with pytest.raises(MachineError, match=r"worker was not ready after 0 s"):
            supervisor.start("worker", SLEEPER, ready=lambda: False, timeout_s=0.2)
        pid = supervisor._members[0].child.pid
    assert gone(pid)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor, pytest.raises(MachineError, match="/no/such/program"):
        supervisor.start("worker", ["/no/such/program"])


def test_stopping_goes_in_reverse_and_one_failure_keeps_nobody(tmp_path: Path) -> None:
    order: list[str] = []
    said: list[str] = []

    def refuse() -> None:
        order.append("second")
        raise MachineError("will not")

    with Supervisor(tmp_path, announce=said.append) as supervisor:
        children = [
            Child(Launch(name=name, argv=SLEEPER, log_path=tmp_path / f"{name}.log")) for name in ("1", "2", "3")
        ]
        supervisor.adopt(children[0], stop=lambda: order.append("first"))
        supervisor.adopt(children[1], stop=refuse)
        supervisor.adopt(children[2], stop=lambda: order.append("third"))
    assert order == ["third", "second", "first"]
    assert said == ["Could not be stopped in order: 2: will not"]
    for child in children:
        child.kill()


def test_what_ignores_sigterm_is_killed_after_a_while(tmp_path: Path) -> None:
    child = Child(Launch(name="stubborn", argv=STUBBORN, log_path=tmp_path / "log"))
    assert eventually(lambda: "deaf" in child.log_tail())
    child.stop(timeout_s=0.2)
    assert child.exit_status == -signal.SIGKILL


def test_children_may_open_as_many_files_as_the_system_allows(tmp_path: Path) -> None:
    ask = (
        "import resource; soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE); raise SystemExit(int(soft != hard))"
    )
    child = Child(Launch(name="asker", argv=[sys.executable, "-c", ask], log_path=tmp_path / "log"))
    assert eventually(lambda: not child.running)
    assert child.exit_status == 0


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_bytes(b"x" * 9_000_000)
    Child(Launch(name="worker", argv=["/bin/true"], log_path=log)).stop()
    assert log.stat().st_size == 0
    assert (tmp_path / "worker.1.log").stat().st_size == 9_000_000
    assert log.stat().st_mode & 0o077 == 0
