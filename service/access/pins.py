"""Which PINs are worth having on a door, and how often new ones may be drawn. Pure.

An emergency PIN calls for help without a word, so no slip at the keypad may make one of another PIN. What is compared are
verifiers: nobody can read a PIN off them, but whoever has the lock's key can try all the slips there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations, pairwise, product

from firmware_protocol.credentials import pin_material

PIN_DIGITS = 6
_DIGITS = "0123456789"
# A list travels to the lock and is written to its flash for each; nobody needs more in earnest.
MOST_DRAWN = ((timedelta(hours=1), 6), (timedelta(days=1), 20))


@dataclass(frozen=True, slots=True)
class PinsOnLock:
    """The PINs a lock holds, as verifiers under its key: ordinary ones, and those that call for help."""

    key: bytes = field(repr=False)
    ordinary: frozenset[bytes] = frozenset()
    emergency: frozenset[bytes] = frozenset()


def is_trivial_pin(pin: str) -> bool:
    """Whether a PIN is among those tried first: few digits, a run up or down, or a repeated half or third."""
    digits = [int(digit) for digit in pin]
    steps = {(after - before) % 10 for before, after in pairwise(digits)}
    repeated = any(pin == pin[:size] * (len(pin) // size) for size in (1, 2, 3))
    return len(set(pin)) < 3 or steps in ({1}, {9}) or repeated


def slips(pin: str) -> frozenset[str]:
    """The PIN itself, and all that differ from it in one or two places, or by a digit left out and one put in.

    Two digits swapped are among them. The relation goes both ways: what is a slip of the other, the other is of it.
    """
    changed = {
        pin[:one] + first + pin[one + 1 : other] + second + pin[other + 1 :]
        for one, other in combinations(range(len(pin)), 2)
        for first, second in product(_DIGITS, repeat=2)
    }
    left_out = {pin[:at] + pin[at + 1 :] for at in range(len(pin))}
    put_in = {short[:at] + digit + short[at:] for short in left_out for at in range(len(pin)) for digit in _DIGITS}
    return frozenset(changed | put_in)


def is_apart(pin: str, others: Sequence[PinsOnLock], *, emergency: bool) -> bool:
    """Whether a new PIN may stand beside these: nobody else's, and no slip away from one of the other kind."""
    for held in others:
        verifier = pin_material(held.key, pin)
        if verifier in held.ordinary or verifier in held.emergency:
            return False
        confusable = held.ordinary | held.emergency if emergency else held.emergency
        if confusable and any(pin_material(held.key, slip) in confusable for slip in slips(pin)):
            return False
    return True


def wait_to_draw(drawn: Sequence[datetime], now: datetime) -> timedelta:
    """How long to wait for the next PIN after those drawn at these instants; zero where none of MOST_DRAWN is reached."""
    waits = [timedelta(0)]
    for window, most in MOST_DRAWN:
        within = sorted(at for at in drawn if at > now - window)
        if len(within) >= most:
            waits.append(within[-most] + window - now)
    return max(waits)
