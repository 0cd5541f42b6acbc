from collections.abc import Iterator
from pathlib import Path

import pytest

from anmen.free_ports import PortBook
from anmen.state import temporary_state
from tests.crash.rig import Rig, rigged
from tests.fleet.rig import FleetRig


@pytest.fixture(scope="package")
def rig() -> Iterator[Rig]:
    with temporary_state("anmen-fleet-") as state, rigged(state, PortBook()) as rig:
        rig.start_ingest()
        yield rig


@pytest.fixture
def fleet_rig(rig: Rig, tmp_path: Path) -> FleetRig:
    return FleetRig(rig, tmp_path / "fleet")
