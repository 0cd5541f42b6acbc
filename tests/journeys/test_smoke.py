"""`anmen demo --smoke` as a user runs it: the main job through pages and doors, with each of the two face engines."""

import json
import subprocess
import sys

import pytest

from anmen.photographs import CHECKOUT

pytestmark = pytest.mark.skipif(
    not (CHECKOUT.parent / "shared" / "faces").is_dir(), reason="no photographs at ../shared/faces"
)


@pytest.mark.timeout(240)
# The second engine is tried on people and doors in tests/faces and tests/device every day; here it costs most of a minute.
@pytest.mark.parametrize("engine", ["sface", pytest.param("face_recognition", marks=pytest.mark.full)])
def test_the_main_job_works_from_the_invitation_to_the_erased_face(engine: str) -> None:
    argv = [sys.executable, "-m", "anmen", "demo", "--smoke", "--json", "--engine", engine]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=230)
    assert done.stdout, done.stderr[-3000:]
    report = json.loads(done.stdout)
    assert report["passed"], report["steps"][-1]
    assert done.returncode == 0
    assert len(report["steps"]) == 18
