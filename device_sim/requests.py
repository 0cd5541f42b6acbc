"""What can be asked of the simulated locks: one table, the same for the control socket and the page.

A request is an object: {"lock": "<id>", "do": "<name>", …}. {"do": "locks"} lists them and names no lock.
"""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from device_sim import door_requests
from device_sim.camera import look, picture_from_bytes, picture_from_file, picture_from_webcam, read_portrait
from device_sim.door import Door
from device_sim.doorway import Answer
from device_sim.errors import BadRequest, SimulatorError
from device_sim.installation import Installation
from device_sim.lock_runner import LockRunner
from device_sim.report import Json, is_checking, report_answer, report_event, report_state
from face_engine.engine import Image

Request = Mapping[str, Any]
MOST_EVENTS = 1000
PICTURES = frozenset({"image", "webcam", "image_base64"})


def answer(runners: Mapping[str, LockRunner], request: Any) -> Json:
    """The answer to a request: {"error": "<sentence>"} where it cannot be done, whatever was sent."""
    try:
        return _answer(runners, request)
    except (SimulatorError, OSError) as refused:
        return {"error": str(refused)}


def _answer(runners: Mapping[str, LockRunner], request: Any) -> Json:
    if not isinstance(request, Mapping):
        raise BadRequest('a request is an object like {"lock": "L-…", "do": "state"}')
    if request.get("do") == "locks":
        return {"locks": [_summary(runner) for runner in runners.values()]}
    runner = runners.get(_text(request, "lock"))
    if runner is None:
        raise BadRequest(f"there is no lock {_text(request, 'lock')[:40]!r} here")
    action = ACTIONS.get(_text(request, "do"))
    if action is None:
        raise BadRequest(f"do must be one of: locks, {', '.join(ACTIONS)}")
    return action(runner, request)


def _summary(runner: LockRunner) -> Json:
    return runner.call(
        lambda installed: {
            "lock": runner.provision.lock,
            "label": runner.provision.label,
            "power": installed.has_power,
            "linked": installed.linked,
            "proven": installed.has_power and installed.lock.proven,
        }
    )


def _face(runner: LockRunner, request: Request) -> Json:
    # The slow part, finding the face, happens in the asker's thread; the lock only compares.
    sight = look(runner.engine, _picture(request), is_living=_truth(request, "live", usually=True))
    return _at_door(runner, lambda installed: installed.lock.doorway.show_face(sight, installed.now))


def _card(runner: LockRunner, request: Request) -> Json:
    number = _text(request, "number")
    # With a portrait, as a reader gives it that reads the chip.
    portrait = read_portrait(runner.engine, _picture(request) if PICTURES & request.keys() else None)
    return _at_door(
        runner, lambda installed: installed.lock.doorway.show_card(number, installed.now, portrait=portrait)
    )


def _pin(runner: LockRunner, request: Request) -> Json:
    digits = _text(request, "digits")
    return _at_door(runner, lambda installed: installed.lock.doorway.enter_pin(digits, installed.now))


def _handle(runner: LockRunner, _: Request) -> Json:
    return _at_door(runner, _turn_handle)


def _turn_handle(installed: Installation) -> Answer:
    """Without power too: it is mechanics."""
    if installed.has_power:
        return installed.lock.doorway.turn_handle(installed.now)
    installed.move_door(Door.turn_handle)
    return Answer(True, unrecorded=True)


def _at_door(runner: LockRunner, act: Callable[[Installation], Answer]) -> Json:
    def act_and_look(installed: Installation) -> Json:
        happened = act(installed)
        return {**report_answer(happened, checking=is_checking(installed)), "state": report_state(installed)}

    return runner.call(act_and_look)


def _move_leaf(runner: LockRunner, request: Request) -> Json:
    steps = {"open": Door.open_leaf, "closed": Door.close_leaf, "forced": lambda door, _: door.force_leaf()}
    step = steps.get(_text(request, "to"))
    if step is None:
        raise BadRequest('"to" must be open, closed or forced')
    return _changed(runner, lambda installed: installed.move_door(step))


def _drift_clock(runner: LockRunner, request: Request) -> Json:
    by_ms = round(_number(request, "seconds") * 1000)

    def turn(installed: Installation) -> None:
        time = installed.lock.time
        time.clock = time.clock.drifted(by_ms)

    return _changed(runner, turn)


def _power_on(runner: LockRunner, request: Request) -> Json:
    kept = _truth(request, "clock_kept", usually=True)
    return _changed(runner, lambda installed: installed.power_on(clock_kept=kept))


def _obstruct(runner: LockRunner, request: Request) -> Json:
    stuck = _truth(request, "stuck", usually=True)
    return _changed(runner, lambda installed: installed.obstruct(obstructed=stuck))


def _drain(runner: LockRunner, request: Request) -> Json:
    percent = _number(request, "percent")
    return _changed(runner, lambda installed: installed.move_door(lambda door, _: door.drained(percent)))


def _events(runner: LockRunner, request: Request) -> Json:
    first = round(_number(request, "first", usually=1))
    return runner.call(
        lambda installed: {"events": [report_event(one) for one in installed.lock.flash.log.read(first, MOST_EVENTS)]}
    )


def _changed(runner: LockRunner, change: Callable[[Installation], None]) -> Json:
    """Do it and show the lock after it."""

    def change_and_look(installed: Installation) -> Json:
        change(installed)
        return {"state": report_state(installed)}

    return runner.call(change_and_look)


def _answered(act: Callable[[Installation, Request], Answer]) -> Callable[[LockRunner, Request], Json]:
    return lambda runner, request: _at_door(runner, lambda installed: act(installed, request))


def _done(act: Callable[[Installation, Request], None]) -> Callable[[LockRunner, Request], Json]:
    return lambda runner, request: _changed(runner, lambda installed: act(installed, request))


ACTIONS: dict[str, Callable[[LockRunner, Request], Json]] = {
    "state": lambda runner, _: {"state": runner.call(report_state)},
    "events": _events,
    "face": _face,
    "card": _card,
    "pin": _pin,
    "handle": _handle,
    "door": _move_leaf,
    "jam": _obstruct,
    "drain": _drain,
    "cut_network": lambda runner, _: _changed(runner, Installation.cut_network),
    "restore_network": lambda runner, _: _changed(runner, Installation.restore_network),
    "drift_clock": _drift_clock,
    "cut_power": lambda runner, _: _changed(runner, Installation.power_off),
    "restore_power": _power_on,
    **{name: _answered(act) for name, act in door_requests.ANSWERED.items()},
    **{name: _done(act) for name, act in door_requests.DONE.items()},
}


def _picture(request: Request) -> Image:
    if "image" in request:
        return picture_from_file(Path(_text(request, "image")))
    if "webcam" in request:
        return picture_from_webcam(round(_number(request, "webcam")))
    try:
        return picture_from_bytes(base64.b64decode(_text(request, "image_base64"), validate=True))
    except ValueError as garbled:
        raise BadRequest("image_base64 is not base64") from garbled


def _text(request: Request, name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str):
        raise BadRequest(f'"{name}" is missing, or no text')
    return value


def _number(request: Request, name: str, *, usually: float | None = None) -> float:
    value = request.get(name, usually)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise BadRequest(f'"{name}" is missing, or no number')
    return value


def _truth(request: Request, name: str, *, usually: bool) -> bool:
    value = request.get(name, usually)
    if not isinstance(value, bool):
        raise BadRequest(f'"{name}" must be true or false')
    return value
