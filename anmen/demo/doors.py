"""Standing before the simulated doors: what one does there, and what the lock answers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anmen.demo.roles import until
from anmen.errors import MachineError
from device_sim.control import ask

# An answer that was too late to be believed is asked for again after 5 and 10 s.
CONFIRMED_WITHIN_S = 40.0


@dataclass(frozen=True, slots=True)
class LockState:
    """What a lock says of itself."""

    list_version: int
    credentials: int
    # The service has told it that no newer list is wanted; new ways in open only then.
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors of one running simulator."""

    socket: Path

    def must_open(self, lock: str, **shown: Any) -> str:
        """Show a face (picture), card (number) or pin; MachineError where the door stays shut. Says what opened it."""
        answer = self._show(lock, shown)
        if not answer["opened"]:
            raise MachineError(f"The door stayed shut: {answer['words']['en']}")
        return f"opened by {next(iter(shown))}"

    def must_refuse(self, lock: str, **shown: Any) -> str:
        """The same; MachineError where the door opens. Says why it stayed shut."""
        answer = self._show(lock, shown)
        if answer["opened"]:
            raise MachineError("The door opened.")
        words: str = answer["words"]["en"]
        return f"refused: {words}"

    def handle(self, lock: str) -> None:
        """Leave by the inside handle, which always opens."""
        self._ask({"lock": lock, "do": "handle"})

    def state(self, lock: str) -> LockState:
        """The lock's list."""
        held = self._ask({"lock": lock, "do": "state"})["state"]["list"]
        return LockState(held["version"], sum(held["entries"].values()), held["confirmed"])

    def await_confirmed(self, lock: str) -> LockState:
        """Until the service has told the lock that its list is the latest; what it then holds."""
        until(lambda: self.state(lock).confirmed, "the service's word to the lock", within_s=CONFIRMED_WITHIN_S)
        return self.state(lock)

    def _show(self, lock: str, shown: dict[str, Any]) -> dict[str, Any]:
        [(kind, value)] = shown.items()
        field = {"face": "image", "card": "number", "pin": "digits"}[kind]
        return self._ask({"lock": lock, "do": kind, field: str(value)})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = ask(self.socket, request)
        if "error" in answer:
            raise MachineError(f"The simulator says: {answer['error']}")
        return answer
