"""Who stands at the door: the simulator's control socket, a program that moves real hardware, or a person at the terminal."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from anmen.conformance.verdict import NotTried
from anmen.errors import MachineError

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

    def turn_handle(self) -> bool:
        """Press the inside handle; whether the way was free."""


class SimulatorOperator:
    """Asks the simulator; `ask` takes a request of docs/simulator.md and gives the answer."""

    def __init__(self, lock: str, ask: Callable[[Json], Json]) -> None:
        self._lock = lock
        self._ask = ask

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

    def turn_handle(self) -> bool:
        """From the inside."""
        return bool(self._do("handle")["opened"])

    def _do(self, what: str, **more: object) -> Json:
        answer = self._ask({"lock": self._lock, "do": what, **more})
        if "error" in answer:
            raise NotTried(f"the simulator could not {what.replace('_', ' ')}: {answer['error']}")
        return answer


class PromptOperator:
    """Asks a person. `ask` prints a line and gives the answer typed; "no" to a question of doing means that it cannot be done."""

    def __init__(self, ask: Callable[[str], str]) -> None:
        self._ask = ask

    def power_off(self) -> None:
        """By hand."""
        self._please("Take the lock's power away (battery and cable).")

    def power_on(self, *, clock_kept: bool = True) -> None:
        """By hand."""
        cell = "" if clock_kept else " Before that, let its clock stop (take the clock's own cell out)."
        self._please(f"Give the lock its power back.{cell}")

    def cut_network(self) -> None:
        """By hand."""
        self._please("Cut the lock's network (pull the cable, switch the access point off); leave its power on.")

    def restore_network(self) -> None:
        """By hand."""
        self._please("Restore the lock's network.")

    def show_card(self, number: str) -> bool:
        """By hand."""
        return self._did_open(f"Hold a card to the reader that gives the number {number}.")

    def enter_pin(self, digits: str) -> bool:
        """By hand."""
        return self._did_open(f"Type the PIN {digits}.")

    def turn_handle(self) -> bool:
        """By hand."""
        return self._did_open("Press the inside handle.")

    def _please(self, wish: str) -> None:
        if self._ask(f"{wish} Enter when done, n if it cannot be done: ").strip().lower().startswith("n"):
            raise NotTried(f"could not be done at the door: {wish}")

    def _did_open(self, wish: str) -> bool:
        while (
            said := self._ask(f"{wish} Did the door open? [y/n, x: cannot be done] ").strip().lower()[:1]
        ) not in "ynx" or not said:
            continue
        if said == "x":
            raise NotTried(f"could not be done at the door: {wish}")
        return said == "y"


class CommandOperator:
    """Runs a program, as a robot at the door: `PROGRAM off|on|on-clock-lost|cut|restore|card N|pin D|handle`.

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

    def turn_handle(self) -> bool:
        """`handle`."""
        return self._run("handle")

    def _run(self, *words: str) -> bool:
        try:
            status = subprocess.run([self._program, *words], timeout=self._timeout_s, check=False).returncode
        except (OSError, subprocess.TimeoutExpired) as failed:
            raise MachineError(f"the operator's program {self._program} cannot be used: {failed}") from failed
        if status not in (0, 1):
            raise NotTried(f"the operator's program cannot do {words[0]!r} (status {status})")
        return status == 0
