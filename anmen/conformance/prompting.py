"""A person at the door, who is asked at the terminal."""

from collections.abc import Callable

from anmen.conformance.verdict import NotTried
from firmware_protocol.vocabulary import OverrideKind

_OVERRIDES = {
    (OverrideKind.FIRE, True): "Begin the building's fire alarm (at its input to the lock).",
    (OverrideKind.FIRE, False): "End the building's fire alarm.",
    (OverrideKind.LOCKSMITH, True): "Open the lock at its sealed service contact.",
    (OverrideKind.LOCKSMITH, False): "Let go of the service contact.",
}


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

    def show_face(self) -> bool:
        """By hand."""
        return self._did_open("Look straight into the camera (always the same person).")

    def turn_handle(self) -> bool:
        """By hand."""
        return self._did_open("Press the inside handle.")

    def turn_key(self) -> bool:
        """By hand."""
        return self._did_open("Turn the mechanical key outside.")

    def lift_plate(self) -> None:
        """By hand."""
        self._please("Lift the outside plate (or open the case) and put it back.")

    def press_button(self) -> None:
        """By hand."""
        self._please("Press the privacy button inside once.")

    def press_claim(self) -> None:
        """By hand."""
        self._please("Take off the cover inside and press the button under it once.")

    def override(self, kind: OverrideKind, *, lasts: bool = True) -> None:
        """By hand."""
        self._please(_OVERRIDES[kind, lasts])

    def power_outside(self, *, connected: bool) -> None:
        """By hand."""
        wish = "Hold a battery to the outside contacts and leave it there." if connected else "Take it away again."
        self._please(wish)

    def move_leaf(self, *, opened: bool) -> None:
        """By hand."""
        self._please("Press the inside handle, open the door and leave it open." if opened else "Shut the door.")

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
