"""What else can be done to a door: the mechanical key, the plate, the buttons inside, power from outside, fire and locksmith."""

from collections.abc import Callable, Mapping
from typing import Any

from device_sim.door import Door
from device_sim.doorway import Answer
from device_sim.errors import BadRequest
from device_sim.installation import Installation
from firmware_protocol.vocabulary import OverrideKind

Request = Mapping[str, Any]


def turn_key(installed: Installation, _: Request) -> Answer:
    """Without power too, and then unrecorded: it is mechanics."""
    if installed.has_power:
        return installed.lock.doorway.turn_key(installed.now)
    installed.move_door(Door.turn_handle)
    return Answer(True)


def override(installed: Installation, request: Request) -> Answer:
    """{"kind": "fire" | "locksmith", "lasts": true}; a fire lasts until it is said that it does not."""
    kinds = {kind.name.lower(): kind for kind in OverrideKind}
    kind = kinds.get(str(request.get("kind")))
    if kind is None:
        raise BadRequest(f'"kind" must be one of: {", ".join(kinds)}')
    return installed.lock.doorway.override(kind, installed.now, lasts=_truth(request, "lasts"))


def tamper(installed: Installation, _: Request) -> None:
    """The plate outside is pried off."""
    installed.move_door(lambda door, _now: door.lift_plate())


def press_button(installed: Installation, _: Request) -> None:
    """Privacy on, or off again."""
    installed.lock.doorway.press_button(installed.now)


def press_claim_button(installed: Installation, _: Request) -> None:
    """Somebody inside takes off the cover and presses the button under it: the lock asks to be claimed."""
    installed.lock.claiming.press(installed.now)


def emergency_power(installed: Installation, request: Request) -> None:
    """{"connected": true}: somebody holds a battery to the contacts outside."""
    connected = _truth(request, "connected")
    installed.connect_emergency_power(connected=connected, clock_kept=_truth(request, "clock_kept"))


def _truth(request: Request, name: str) -> bool:
    value = request.get(name, True)
    if not isinstance(value, bool):
        raise BadRequest(f'"{name}" must be true or false')
    return value


# What is answered with words, and what only changes something.
ANSWERED: dict[str, Callable[[Installation, Request], Answer]] = {"key": turn_key, "override": override}
DONE: dict[str, Callable[[Installation, Request], None]] = {
    "tamper": tamper,
    "privacy": press_button,
    "emergency_power": emergency_power,
    "claim_button": press_claim_button,
}
