"""Who stands at the door: the simulator's control socket, a program that moves real hardware, or a person (prompting.py)."""

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from anmen.conformance.verdict import NotTried
from anmen.errors import MachineError
from firmware_protocol.vocabulary import OverrideKind

Json = dict[str, Any]


class Operator(Protocol):
    """Does something at the lock and says what came of it; NotTried where it cannot be done here."""

    def power_off(self) -> None:
        """Take the lock's power away without warning."""

    def power_on(self, *, clock_kept: bool = True) -> None:
        """Give it back; `clock_kept`: whether the lock's clock ran on meanwhile."""

    def cut_network(self) -> None:
        """Tear the lock's connection."""

    def restore_network(self) -> None:
        """Let it connect again."""

    def show_card(self, number: str) -> bool:
        """Hold a card with this document number to the reader; whether the bolt moved back."""

    def enter_pin(self, digits: str) -> bool:
        """Type a PIN; whether the bolt moved back."""

    def show_face(self) -> bool:
        """Let one living person look into the camera, the same each time and on no list; whether the bolt moved back."""

    def turn_handle(self) -> bool:
        """Press the inside handle; whether the way was free."""

    def turn_key(self) -> bool:
        """Turn the mechanical key outside; whether the way was free."""

    def lift_plate(self) -> None:
        """Lift the outside plate, or open the case, and put it back."""

    def press_button(self) -> None:
        """Press the privacy button inside once."""

    def press_claim(self) -> None:
        """Take off the cover inside and press the button under it, which asks for the lock to be claimed."""

    def override(self, kind: OverrideKind, *, lasts: bool = True) -> None:
        """Begin the building's fire alarm, or end it (`lasts` False); or work the locksmith's contact."""

    def power_outside(self, *, connected: bool) -> None:
        """Hold a battery to the outside contacts, or take it away."""

    def move_leaf(self, *, opened: bool) -> None:
        """Go out by the inside handle and leave the door open, or shut it."""


class SimulatorOperator:
    """Asks the simulator; `ask` takes a request of docs/simulator.md and gives the answer. `face`: a picture of somebody."""

    def __init__(self, lock: str, ask: Callable[[Json], Json], face: bytes | None = None) -> None:
        self._lock = lock
        self._ask = ask
        self._face = face

    def power_off(self) -> None:
        """Pull the battery."""
        self._do("cut_power")

    def power_on(self, *, clock_kept: bool = True) -> None:
        """Put it in."""
        self._do("restore_power", clock_kept=clock_kept)

    def cut_network(self) -> None:
        """Pull the cable."""
        self._do("cut_network")

    def restore_network(self) -> None:
        """Plug it in."""
        self._do("restore_network")

    def show_card(self, number: str) -> bool:
        """At the reader."""
        return bool(self._do("card", number=number)["opened"])

    def enter_pin(self, digits: str) -> bool:
        """At the keypad."""
        return bool(self._do("pin", digits=digits)["opened"])

    def show_face(self) -> bool:
        """Before the camera."""
        if self._face is None:
            raise NotTried(
                "no picture of a face was named for the simulator's camera (--operator simulator:SOCKET,PHOTO)"
            )
        return bool(self._do("face", image_base64=base64.b64encode(self._face).decode())["opened"])

    def turn_handle(self) -> bool:
        """From the inside."""
        return bool(self._do("handle")["opened"])

    def turn_key(self) -> bool:
        """From the outside."""
        return bool(self._do("key")["opened"])

    def lift_plate(self) -> None:
        """Pry it off."""
        self._do("tamper")

    def press_button(self) -> None:
        """From the inside."""
        self._do("privacy")

    def press_claim(self) -> None:
        """Under the cover; it does nothing at a lock that is somebody's, which the simulator says in words."""
        answer = self._ask({"lock": self._lock, "do": "claim_button"})
        if "somebody's" not in answer.get("error", "somebody's"):
            raise NotTried(f"the simulator could not press the button: {answer['error']}")

    def override(self, kind: OverrideKind, *, lasts: bool = True) -> None:
        """Fire panel or service contact."""
        self._do("override", kind=kind.name.lower(), lasts=lasts)

    def power_outside(self, *, connected: bool) -> None:
        """At the contacts."""
        self._do("emergency_power", connected=connected)

    def move_leaf(self, *, opened: bool) -> None:
        """By the handle."""
        if opened:
            self._do("handle")
        self._do("door", to="open" if opened else "closed")

    def _do(self, what: str, **more: object) -> Json:
        answer = self._ask({"lock": self._lock, "do": what, **more})
        if "error" in answer:
            raise NotTried(f"the simulator could not {what.replace('_', ' ')}: {answer['error']}")
        return answer


class CommandOperator:
    """Runs a program, as a robot at the door: `PROGRAM off|on|on-clock-lost|cut|restore|card N|pin D|face|handle`, and
    `key|plate|button|claim|fire|fire-over|locksmith|outside-power|outside-power-off|open|close`.

    Exit status 0: done, or the door opened; 1: the door stayed shut; 2: cannot be done.
    """

    def __init__(self, program: Path, *, timeout_s: float = 120.0) -> None:
        self._program = program
        self._timeout_s = timeout_s

    def power_off(self) -> None:
        """`off`."""
        self._run("off")

    def power_on(self, *, clock_kept: bool = True) -> None:
        """`on`, or `on-clock-lost`."""
        self._run("on" if clock_kept else "on-clock-lost")

    def cut_network(self) -> None:
        """`cut`."""
        self._run("cut")

    def restore_network(self) -> None:
        """`restore`."""
        self._run("restore")

    def show_card(self, number: str) -> bool:
        """`card N`."""
        return self._run("card", number)

    def enter_pin(self, digits: str) -> bool:
        """`pin D`."""
        return self._run("pin", digits)

    def show_face(self) -> bool:
        """`face`."""
        return self._run("face")

    def turn_handle(self) -> bool:
        """`handle`."""
        return self._run("handle")

    def turn_key(self) -> bool:
        """`key`."""
        return self._run("key")

    def lift_plate(self) -> None:
        """`plate`."""
        self._run("plate")

    def press_button(self) -> None:
        """`button`."""
        self._run("button")

    def press_claim(self) -> None:
        """`claim`."""
        self._run("claim")

    def override(self, kind: OverrideKind, *, lasts: bool = True) -> None:
        """`fire`, `fire-over` or `locksmith`."""
        self._run(kind.name.lower() if lasts else f"{kind.name.lower()}-over")

    def power_outside(self, *, connected: bool) -> None:
        """`outside-power` or `outside-power-off`."""
        self._run("outside-power" if connected else "outside-power-off")

    def move_leaf(self, *, opened: bool) -> None:
        """`open` or `close`."""
        self._run("open" if opened else "close")

    def _run(self, *words: str) -> bool:
        try:
            status = subprocess.run([self._program, *words], timeout=self._timeout_s, check=False).returncode
        except (OSError, subprocess.TimeoutExpired) as failed:
            raise MachineError(f"the operator's program {self._program} cannot be used: {failed}") from failed
        if status not in (0, 1):
            raise NotTried(f"the operator's program cannot do {words[0]!r} (status {status})")
        return status == 0
