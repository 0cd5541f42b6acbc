"""Every reader of bytes from outside: random, seeded and damaged input every day, coverage-guided fuzzing in the long form.

A reader may refuse; it may not fail otherwise, take longer than ten seconds of a busy machine, or ask for more than 64 MB at once.
"""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.figures import FigureBook
from tests.fuzz.targets import TARGETS

SECONDS = int(os.environ.get("ANMEN_TEST_FUZZ_S", "20"))
LIMITS = ["-timeout=10", "-malloc_limit_mb=64", "-rss_limit_mb=800", "-max_len=16384", "-print_final_stats=1"]


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A usual input with some bytes changed, cut, doubled or put in."""
    raw = bytearray(draw(st.sampled_from(seeds)) if seeds else b"")
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(len(raw) - 1, 0)))
        raw[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=6))
    return bytes(raw)


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_and_random_bytes(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=120, database=None)
    @given(st.one_of(damaged(target.seeds), st.binary(max_size=400)))
    def feed(raw: bytes) -> None:
        target.feed(raw)

    feed()


@pytest.mark.parametrize("name", TARGETS)
def test_there_are_seeds(name: str) -> None:
    assert TARGETS[name].seeds


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", TARGETS)
def test_fuzzing(name: str, tmp_path: Path, figures: FigureBook) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed (uv sync --group fuzz); there are wheels for Linux on x86-64 only")
    options = [*LIMITS, f"-max_total_time={SECONDS}", f"-artifact_prefix={tmp_path}/"]
    with figures.noting(f"fuzzing: {name}") as noted:
        # A child begins with its parent's peak of memory, which after an hour of tests is beyond the limit: the shell is small.
        command = [
            "sh",
            "-c",
            '"$@"; exit $?',
            "sh",
            sys.executable,
            "-m",
            "tests.fuzz.fuzz",
            name,
            str(tmp_path / "corpus"),
            *options,
        ]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        executed = re.search(r"number_of_executed_units:\s+(\d+)", done.stderr)
        noted["executions"] = int(executed[1]) if executed else 0
        noted["edges"] = max((int(found) for found in re.findall(r"cov: (\d+)", done.stderr)), default=0)
        noted["peak MB"] = max((int(found) for found in re.findall(r"peak_rss_mb:\s+(\d+)", done.stderr)), default=0)
        noted["findings"] = int(done.returncode != 0)
    assert done.returncode == 0, done.stderr[-3000:]
    assert noted["executions"] > 100
