"""Simulated locks on a real broker over TLS, asked through the control socket as a person or a test would."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from anmen.broker import Broker
from device_sim.audit import read_log
from device_sim.control import ControlSocket, ask
from device_sim.errors import NoSimulator, SimulatorError
from device_sim.estate import Estate, running_estate
from device_sim.hardware import Hardware
from device_sim.provision import Provision
from firmware_protocol.messages import Event
from firmware_protocol.sealing import parse
from tests.device.listening_service import ListeningService, card_on, eventually, listening, provision
from tests.device.rig import DOCUMENT
from tests.lock_at_broker import await_confirmed
from tests.protocol.fake_ingest import NOW_MS

HARDWARE = Hardware(keep_account=True, chip_ms=lambda: NOW_MS)


BAD_REQUESTS: list[tuple[Any, str]] = [
    ([1], "object"),
    ({"do": "card"}, '"lock"'),
    ({"lock": "L-nowhere", "do": "card"}, "no lock"),
    ({"lock": 1, "do": 2}, '"lock"'),
    ({"lock": "FIRST"}, '"do"'),
    ({"lock": "FIRST", "do": "fly"}, "do must be one of"),
    ({"lock": "FIRST", "do": "card"}, '"number"'),
    ({"lock": "FIRST", "do": "card", "number": 5}, '"number"'),
    ({"lock": "FIRST", "do": "door", "to": "ajar"}, "open, closed or forced"),
    ({"lock": "FIRST", "do": "drift_clock", "seconds": "soon"}, '"seconds"'),
    ({"lock": "FIRST", "do": "drift_clock", "seconds": 1e300}, '"seconds"'),
    ({"lock": "FIRST", "do": "face", "image": "/nowhere.jpg"}, "No such file"),
    ({"lock": "FIRST", "do": "face", "image_base64": "!"}, "base64"),
    ({"lock": "FIRST", "do": "face", "image_base64": "ž"}, "base64"),
    ({"lock": "FIRST", "do": "face", "image_base64": "QUJD"}, "picture"),
    ({"lock": "FIRST", "do": "jam", "stuck": 1}, "true or false"),
]


@dataclass
class Scene:
    """Two locks on the line, both proven, the first with a tenant's card."""

    service: ListeningService
    estate: Estate
    folder: Path
    control: Path
    first: Provision
    second: Provision

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        return ask(self.control, {"lock": self.first.lock, "do": do, **more})

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.ask("state")["state"]
        return state

    def await_ready(self) -> None:
        eventually(lambda: self.state()["list"]["version"] == 1)
        await_confirmed(partial(ask, self.control), self.first.lock)

    def await_settled(self) -> None:
        eventually(lambda: self.service.register(self.first.lock) == self.account())

    def account(self) -> list[Event]:
        return [event for _, event in read_log(self.folder / self.first.lock)]


@pytest.fixture
def scene(broker: Broker, tmp_path: Path) -> Iterator[Scene]:
    with listening(broker) as service:
        folder, control = tmp_path / "locks", tmp_path / "control"
        first, second = (provision(folder, broker, service, number) for number in (1, 2))
        service.give(first.lock, card_on(first, DOCUMENT))
        with running_estate(folder, control, http_port=None, hardware=HARDWARE) as estate:
            scene = Scene(service, estate, folder, control, first, second)
            scene.await_ready()
            yield scene


def test_an_entry_reaches_the_register_and_flash_is_freed(scene: Scene) -> None:
    answer = scene.ask("card", number=DOCUMENT)
    assert answer["opened"]
    assert answer["event"]["type"] == "LOCK_OPERATED"
    assert answer["words"]["zh"]
    scene.await_settled()
    eventually(lambda: scene.state()["log"]["unstored"] == 0)


def test_both_locks_are_listed_and_proven(scene: Scene) -> None:
    eventually(lambda: all(one["proven"] for one in ask(scene.control, {"do": "locks"})["locks"]))
    listed = ask(scene.control, {"do": "locks"})["locks"]
    assert {one["lock"] for one in listed} == {scene.first.lock, scene.second.lock}
    assert {one["label"] for one in listed} == {"1 号", "2 号"}


def test_a_cut_network_changes_nothing_at_the_door_and_everything_arrives_later(scene: Scene) -> None:
    scene.ask("cut_network")
    for _ in range(20):
        assert scene.ask("card", number=DOCUMENT)["opened"]
    assert scene.state()["log"]["unstored"] >= 20
    assert not scene.state()["link"]["linked"]
    scene.ask("restore_network")
    scene.await_settled()
    assert len(scene.service.register(scene.first.lock)) >= 20


def test_the_will_is_said_when_the_line_is_torn_and_is_another_each_time(broker: Broker, scene: Scene) -> None:
    for _ in range(2):
        scene.ask("cut_network")
        eventually(lambda: not scene.state()["link"]["linked"])
        scene.ask("restore_network")
        eventually(lambda: scene.state()["link"]["linked"])
    eventually(lambda: len(scene.service.wills) == 2)
    assert len({parse(will).header.counter for will in scene.service.wills}) == 2
    assert scene.service.ingests[scene.first.lock].refused == []


def test_another_holder_of_the_shard_is_believed_and_told_everything_again(scene: Scene) -> None:
    scene.service.announce(scene.first.lock)
    scene.ask("card", number=DOCUMENT)
    scene.await_settled()


def test_a_power_cut_keeps_the_list_the_log_and_the_door(scene: Scene) -> None:
    scene.ask("card", number=DOCUMENT)
    before = scene.account()
    scene.ask("cut_power")
    assert "no power" in scene.ask("card", number=DOCUMENT)["error"]
    assert scene.ask("handle")["opened"]
    assert scene.state()["door"]["bolt"] == "unlocked"
    assert scene.ask("door", to="open")["state"]["door"]["leaf"] == "open"
    scene.ask("restore_power", clock_kept=False)
    assert scene.account()[: len(before)] == before
    scene.await_ready()
    assert scene.ask("card", number=DOCUMENT)["opened"]
    scene.await_settled()


def test_a_silent_broker_keeps_nobody_waiting(scene: Scene, broker: Broker) -> None:
    broker.stop()
    try:
        eventually(lambda: not scene.state()["link"]["linked"])
        assert scene.ask("card", number=DOCUMENT)["opened"]
    finally:
        broker.start()


def test_what_cannot_be_done_is_said_in_words(scene: Scene) -> None:
    for asked, told in BAD_REQUESTS:
        request = (
            {**asked, "lock": scene.first.lock} if isinstance(asked, dict) and asked.get("lock") == "FIRST" else asked
        )
        assert told in scene.estate.answer(request)["error"], asked


def test_lines_that_are_no_requests_are_answered(scene: Scene) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(scene.control))
        for raw in (b"nonsense\n", b'{"do": "locks"}\n', b"[" * 100_000 + b"\n"):
            line.sendall(raw)
        with line.makefile("rb") as answers:
            first, second, third = (json.loads(answers.readline()) for _ in range(3))
    assert "no JSON" in first["error"]
    assert len(second["locks"]) == 2
    assert "error" in third


def test_a_second_simulator_is_refused_and_touches_nothing(scene: Scene) -> None:
    before = scene.account()
    second = running_estate(scene.folder, scene.folder / "another", http_port=None, hardware=HARDWARE)
    with pytest.raises(SimulatorError, match="already running"), second:
        pass
    assert scene.account() == before


def test_a_socket_that_a_kill_left_behind_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    control = ControlSocket(path, lambda _: {"here": True})
    with pytest.raises(SimulatorError, match="already running"):
        ControlSocket(path, lambda _: {})
    control.start()
    assert ask(path, {}) == {"here": True}
    assert path.stat().st_mode & 0o077 == 0
    control.stop()
    with pytest.raises(NoSimulator, match="Start one"):
        ask(path, {})


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="too long"):
        ControlSocket(tmp_path / ("x" * 120), lambda _: {})
