"""The simulator as a process of its own, to be killed: python -m tests.device.sim_process <folder> <socket>."""

import sys
from pathlib import Path

from anmen import failpoints
from device_sim.estate import run_estate
from device_sim.hardware import Hardware
from tests.protocol.fake_ingest import NOW_MS

if __name__ == "__main__":
    run_estate(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        http_port=None,
        hardware=Hardware(reached=failpoints.from_environment(), keep_account=True, chip_ms=lambda: NOW_MS),
    )
