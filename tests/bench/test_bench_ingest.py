"""The bench itself: tiny, end to end, with every real part; and in the long form at its own size."""

import json

import pytest
from typer.testing import CliRunner

from anmen.__main__ import app
from anmen.bench import packets
from anmen.bench.town import SHARED_EVERY
from firmware_protocol.mqtt import Incoming, Published

TINY = ["--locks", str(3 * SHARED_EVERY), "--events", "300", "--rounds", "1", "--seconds", "0.3"]


@pytest.mark.daily
def test_a_tiny_run_stores_everything_once_and_says_so() -> None:
    result = CliRunner().invoke(app, ["bench", "ingest", "--json", *TINY])
    assert result.exit_code == 0, result.output
    written = json.loads(result.stdout)
    assert len(written["checks"]) == 6
    assert all(written["checks"].values())
    assert written["ratio"]["median"] > 0
    assert [one["p50"] <= one["p99"] for one in written["delay_ms"]] == [True, True]
    assert written["delay_ms"][1]["rate"] == 3000
    assert written["disk_probe_ms"]["median"] > 0
    assert {"consumer", "PostgreSQL", "broker", "publisher"} == set(written["cpu_us_per_event"]["ours"])


def test_its_packets_are_what_a_broker_would_pass_on() -> None:
    raw = packets.publish(b"anmen/1/00/L-AAAAAAAAAAAA/up", bytes(244), 9)
    assert Incoming().feed(raw) == ([Published("anmen/1/00/L-AAAAAAAAAAAA/up", bytes(244), 9)], [])


@pytest.mark.full(seconds=100)
@pytest.mark.alone
@pytest.mark.timeout(600)
def test_the_event_path_is_half_as_fast_as_the_yardstick_or_faster() -> None:
    result = CliRunner().invoke(app, ["bench", "ingest", "--json"])
    assert result.exit_code == 0, result.output
    assert all(json.loads(result.stdout)["targets"].values()), result.stdout
