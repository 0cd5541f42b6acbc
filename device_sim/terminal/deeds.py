"""What the keys do: one table from a key to a request on the control socket, made from what the lock is like now. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from device_sim.report import Json

State = Mapping[str, Any]

# A century in seconds: a clock that is further off than that shows nothing new.
_MOST = 100 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class Deed:
    """One key. `asks` names the text that is asked for first; `request` gets the state and what was typed."""

    key: str
    name: str
    request: Callable[[State, str], Json]
    asks: str | None = None
    secret: bool = False


def _face(_: State, typed: str) -> Json:
    return {"do": "face", "webcam": int(typed)} if typed.isdecimal() else {"do": "face", "image": typed}


def _number(typed: str) -> float:
    """ValueError for what is none, or beyond all use."""
    number = float(typed)
    if not abs(number) < _MOST:
        raise ValueError(typed)
    return number


def _leaf(state: State, _: str) -> Json:
    return {"do": "door", "to": "open" if state["door"]["leaf"] == "closed" else "closed"}


def _power(state: State, _: str) -> Json:
    return {"do": "cut_power" if state["power"] else "restore_power"}


def _network(state: State, _: str) -> Json:
    return {"do": "cut_network" if state["link"]["network"] else "restore_network"}


def _jam(state: State, _: str) -> Json:
    return {"do": "jam", "stuck": not state["door"]["obstructed"]}


def _simply(request: Json) -> Callable[[State, str], Json]:
    return lambda _state, _typed: dict(request)


DEEDS: tuple[Deed, ...] = (
    Deed("f", "face", _face, asks="ask_face"),
    Deed("c", "card", lambda _, typed: {"do": "card", "number": typed}, asks="ask_card"),
    Deed("p", "pin", lambda _, typed: {"do": "pin", "digits": typed}, asks="ask_pin", secret=True),
    Deed("h", "handle", _simply({"do": "handle"})),
    Deed("o", "leaf", _leaf),
    Deed("k", "claim", _simply({"do": "claim_button"})),
    Deed("x", "force", _simply({"do": "door", "to": "forced"})),
    Deed("b", "power", _power),
    Deed("j", "jam", _jam),
    Deed("n", "network", _network),
    Deed("t", "clock", lambda _, typed: {"do": "drift_clock", "seconds": _number(typed)}, asks="ask_clock"),
    Deed("d", "drain", lambda _, typed: {"do": "drain", "percent": _number(typed)}, asks="ask_drain"),
)
