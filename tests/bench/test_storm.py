"""The command `anmen bench storm`, end to end with every real part; and what its figures are made of (small: tests/fleet/test_storm.py)."""

import json
from functools import reduce
from operator import getitem
from statistics import median
from typing import Any

import pytest
from typer.testing import CliRunner

from anmen.__main__ import app
from anmen.bench.weather import Scene, Sight, Weather

LOCKS = 1500


# With turns and without in turn, so that a bad minute of the machine is nobody's.
_SCENES = ["power", "power-no-slots", "power-no-slots", "power", "power", "power-no-slots", "broker", "ingest"]


@pytest.mark.full(seconds=350)
@pytest.mark.alone
@pytest.mark.timeout(900)
def test_turns_keep_a_storm_away_from_others() -> None:
    words = ["--locks", str(LOCKS), "--scenes", ",".join(_SCENES), "--json"]
    result = CliRunner().invoke(app, ["bench", "storm", *words])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["audit"]["agrees"]
    assert found["audit"]["lists"] == LOCKS + 20
    for storm in found["storms"]:
        assert 0 <= storm["half_back_s"] <= storm["all_back_s"] <= storm["all_stored_s"]
        assert 0 < storm["meanwhile"]["p50"] <= storm["meanwhile"]["p99"] <= storm["meanwhile"]["most"]
    assert middle(found, "power", "peak_births_per_s") < 0.7 * middle(found, "power-no-slots", "peak_births_per_s")
    assert middle(found, "power", "most_waiting") < 0.7 * middle(found, "power-no-slots", "most_waiting")
    assert middle(found, "power", "meanwhile", "p99") < 0.9 * middle(found, "power-no-slots", "meanwhile", "p99")
    assert middle(found, "power", "meanwhile", "p99") < 8 * middle(found, "power", "calm", "p99")
    # The lease of the dead process has to run out.
    assert found["storms"][-1]["all_stored_s"] < 60


def middle(found: dict[str, Any], scene: str, *path: str) -> float:
    """The median of one figure over all storms of a kind."""
    storms = [one for one in found["storms"] if one["scene"] == scene]
    return median(float(reduce(getitem, path, one)) for one in storms)


def test_a_scene_that_does_not_exist_is_named() -> None:
    result = CliRunner().invoke(app, ["bench", "storm", "--scenes", "flood"])
    assert result.exit_code == 2
    assert "power-no-slots" in result.output


def test_what_a_storm_is_made_of() -> None:
    sight = Sight(at=[-1, 0, 0.5, 1.4, 1.6, 3], births=[0, 0, 10, 40, 45, 46], welcomed=[0, 0, 2, 20, 44, 46])
    assert sight.peak_births_per_s() == 30
    assert (sight.reached(20), sight.reached(46)) == (1.4, 3)
    assert not Scene.POWER_NO_SLOTS.slots
    assert Weather().scenes[0] is Scene.POWER
