"""The view in the terminal: what it shows of a running lock, and what its keys do to it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from textual.pilot import Pilot
from textual.widgets import Input, Static
from typer.testing import CliRunner

from anmen.__main__ import app as command
from device_sim.door import Bolt
from device_sim.errors import SimulatorError
from device_sim.estate import Estate
from device_sim.requests import ACTIONS
from device_sim.terminal.app import LockView
from device_sim.terminal.deeds import DEEDS
from device_sim.terminal.panels import door_panel, events_panel, lock_panel
from device_sim.terminal.texts import TEXTS, Language, say
from device_sim.words import REASONS
from firmware_protocol.vocabulary import ClockQuality, DoorState, RefusalReason
from tests.device.conftest import LOCK

PATIENCE_S = 20.0


def drawn(panel: object) -> str:
    """What a terminal of 100 columns shows of it."""
    console = Console(width=100, file=StringIO())
    with console.capture() as captured:
        console.print(panel)
    return captured.get()


def apart(scene: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: a browser's driver, where one is up, holds this one's event loop."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, scene).result()


def play(estate: Estate, language: Language, scene: Callable[[Pilot[None], LockView], Awaitable[None]]) -> None:
    """Run the view on the estate's lock, and the scene in it."""

    async def run() -> None:
        view = LockView(lambda request: estate.answer({"lock": LOCK, **request}), language)
        async with view.run_test(size=(100, 34)) as pilot:
            await scene(pilot, view)

    apart(run())


async def until(pilot: Pilot[None], view: LockView, what: str, text: str) -> None:
    """Wait until a part of the view shows the text."""
    shown = ""
    for _ in range(int(PATIENCE_S / 0.1)):
        await pilot.pause(0.1)
        shown = drawn(view.query_one(what, Static).content)
        if text in shown:
            return
    raise AssertionError(f"{what} shows no {text!r} but {shown!r}")


async def typed(pilot: Pilot[None], key: str, text: str) -> None:
    """Press a key that asks for something, and answer."""
    await pilot.press(key)
    for _ in range(int(PATIENCE_S / 0.1)):
        if pilot.app.query_one(Input).has_focus:
            break
        await pilot.pause(0.1)
    await pilot.press(*text, "enter")


def test_a_wrong_pin_the_handle_and_the_door(estate: Estate) -> None:
    async def scene(pilot: Pilot[None], view: LockView) -> None:
        await until(pilot, view, "#door", "locked")
        await typed(pilot, "p", "975310")
        await until(pilot, view, "#said", REASONS[RefusalReason.INVALID_CREDENTIAL].en)
        await until(pilot, view, "#events", "code=invalid_credential")
        await pilot.press("o")
        await until(pilot, view, "#said", TEXTS["held"].en)
        await pilot.press("h")
        await until(pilot, view, "#door", "unlocked")
        await pilot.press("o")
        await until(pilot, view, "#door", "open")
        await pilot.press("o")
        await until(pilot, view, "#events", "code=closed")

    play(estate, Language.ENGLISH, scene)


def test_trouble_in_chinese(estate: Estate) -> None:
    async def scene(pilot: Pilot[None], view: LockView) -> None:
        await until(pilot, view, "#lock", "未连接")
        await pilot.press("n")
        await until(pilot, view, "#lock", TEXTS["cut"].zh)
        await pilot.press("b")
        await until(pilot, view, "#lock", TEXTS["no_power"].zh)
        await pilot.press("b")
        await until(pilot, view, "#lock", "名单")
        await typed(pilot, "t", "gestern")
        await until(pilot, view, "#said", TEXTS["not_a_number"].zh)
        await pilot.press("n")

    play(estate, Language.CHINESE, scene)


def test_a_pin_is_not_shown_and_escape_sends_nothing(estate: Estate) -> None:
    async def scene(pilot: Pilot[None], view: LockView) -> None:
        await until(pilot, view, "#door", "locked")
        before = estate.answer({"lock": LOCK, "do": "state"})["state"]["log"]["next_sequence"]
        await pilot.press("p")
        await pilot.press(*"123")
        assert view.query_one(Input).password
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert not view.query_one(Input).display
        assert view.query_one(Input).value == ""
        assert estate.answer({"lock": LOCK, "do": "state"})["state"]["log"]["next_sequence"] == before

    play(estate, Language.ENGLISH, scene)


def test_it_says_when_the_simulator_is_gone() -> None:
    def gone(_: object) -> dict[str, object]:
        raise SimulatorError("nobody there")

    async def run() -> None:
        view = LockView(gone, Language.ENGLISH)
        async with view.run_test(size=(100, 34)) as pilot:
            await until(pilot, view, "#said", "Nobody there")

    apart(run())


def test_every_key_is_something_the_lock_can_do(estate: Estate) -> None:
    state = estate.answer({"lock": LOCK, "do": "state"})["state"]
    assert len({deed.key for deed in DEEDS} | {"q"}) == len(DEEDS) + 1
    for deed in DEEDS:
        assert deed.request(state, "1")["do"] in ACTIONS
        assert f"key_{deed.name}" in TEXTS
        assert deed.asks is None or deed.asks in TEXTS


@pytest.mark.parametrize("language", Language)
def test_everything_a_lock_can_be_has_its_word(language: Language) -> None:
    names = [
        *Bolt,
        *(state.name.lower() for state in DoorState if state.name != "JAMMED"),
        *(one.name for one in ClockQuality),
    ]
    assert [name for name in names if str(name) not in TEXTS] == []
    assert say("something newer", language) == "something newer"


def test_what_a_newer_lock_says_is_shown() -> None:
    state = {
        "log": {"stored_up_to": 0},
        "events": [{"sequence": 7, "type": "unknown (99)", "fields": {"unknown (77)": 5, "CODE": 3, "SOURCE": 99}}],
    }
    shown = drawn(events_panel(state))
    assert "unknown (99)" in shown
    assert "unknown (77)=5" in shown
    assert "source=99" in shown


def test_a_dead_battery_and_a_lock_out_are_seen(estate: Estate) -> None:
    state = estate.answer({"lock": LOCK, "do": "state"})["state"]
    empty = {**state, "door": {**state["door"], "battery_percent": 2.0, "obstructed": True}}
    assert "2 %" in drawn(door_panel(empty, Language.ENGLISH))
    assert "in its way" in drawn(door_panel(empty, Language.ENGLISH))
    shut = {**state, "locked_out_s": 42.0, "refused_frames": {"replayed": 3}}
    assert "42 s" in drawn(lock_panel(shut, Language.ENGLISH))
    assert "3 replayed" in drawn(lock_panel(shut, Language.ENGLISH))


def test_without_a_simulator_the_command_says_so() -> None:
    result = CliRunner().invoke(command, ["sim", "lock", LOCK, "--socket", "/nowhere/doors.sock"])
    assert result.exit_code != 0
    assert isinstance(result.exception, SimulatorError)
    assert "Start one" in str(result.exception)


def test_a_small_window_has_room_for_the_events_and_a_mad_clock_ends_nothing(estate: Estate) -> None:
    async def scene(pilot: Pilot[None], view: LockView) -> None:
        await until(pilot, view, "#door", "┌────────┐")
        await pilot.resize_terminal(60, 20)
        await until(pilot, view, "#events", "STARTED")
        for _ in range(int(PATIENCE_S / 0.1)):
            await pilot.pause(0.1)
            if "┌────────┐" not in drawn(view.query_one("#door", Static).content):
                break
        assert "┌────────┐" not in drawn(view.query_one("#door", Static).content)
        assert view.query_one("#events", Static).content_size.height >= 3
        await pilot.press("n")
        await until(pilot, view, "#lock", say("cut", Language.ENGLISH))
        estate.answer({"lock": LOCK, "do": "drift_clock", "seconds": 9e11})
        await until(pilot, view, "#lock", "no date")
        await typed(pilot, "t", "1e999")
        await until(pilot, view, "#said", say("not_a_number", Language.ENGLISH))
        await pilot.press("c")
        assert drawn(view.query_one("#said", Static).content).strip() == ""
        await pilot.press("escape")
        await pilot.press("b")
        await until(pilot, view, "#lock", say("no_power", Language.ENGLISH))
        await pilot.press("h")
        await until(pilot, view, "#said", "Opened from inside.")

    play(estate, Language.ENGLISH, scene)
