"""The kit over a real Mosquitto: TLS, certificates, QoS and retained flags as the broker hands them on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from anmen.broker import Broker
from anmen.conformance.registry import AWAITED, Profile
from anmen.conformance.run import run
from anmen.conformance.stand import Stand
from anmen.conformance.try_out import stand_at
from anmen.conformance.verdict import Outcome
from device_sim.mqtt_link import MqttLink
from tests.wire_tap import loading

QUICK = frozenset(
    {
        "ANM-SES-003",
        "ANM-SES-010",
        "ANM-SES-016",
        "ANM-FRM-004",
        "ANM-FRM-005",
        "ANM-FRM-010",
        "ANM-FRM-015",
        "ANM-LST-013",
    }
)


@pytest.fixture
def stand(broker: Broker, tmp_path: Path) -> Iterator[Stand]:
    with stand_at(broker, tmp_path / "locks") as stand:
        yield stand


@pytest.fixture
def retained_on(broker: Broker) -> Iterator[set[str]]:
    """Topics on which a lock has left something, for whoever subscribes next; nothing any more once it is off the line."""
    topics: set[str] = set()
    yield topics
    with loading(broker) as hand:
        for topic in topics:
            hand.publish(topic, b"", retain=True)


def test_the_simulator_passes_over_a_real_broker(stand: Stand) -> None:
    verdicts = {one.number: one for one in run(stand, only=QUICK)}
    assert verdicts.keys() == QUICK
    assert [one for one in verdicts.values() if one.outcome is not Outcome.PASSED] == []
    assert stand.birth.hardware


def test_retained_frames_are_seen(retained_on: set[str], stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    def publish(link: MqttLink, frame: bytes) -> None:
        if link._client is not None:
            retained_on.add(link._up)
            link._client.publish(link._up, frame, qos=1, retain=True)

    monkeypatch.setattr(MqttLink, "publish", publish)
    verdicts = run(stand, only=frozenset({"ANM-SES-016", "ANM-FRM-005"}))
    assert {one.number: one.outcome for one in verdicts} == {
        "ANM-FRM-005": Outcome.FAILED,
        "ANM-SES-016": Outcome.PASSED,
    }


@pytest.mark.full
@pytest.mark.timeout(600)
def test_the_core_profile_over_a_real_broker(stand: Stand) -> None:
    stand.profile = Profile.CORE
    bad = {Outcome.FAILED, Outcome.NOT_TRIED}
    assert [one for one in run(stand) if one.outcome in bad and one.number not in AWAITED] == []
