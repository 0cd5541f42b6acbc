"""What may go wrong on a fleet's wire and in its locks; every kind by itself or with others, and decided by seeded dice."""

from dataclasses import dataclass, fields
from math import isfinite

from device_sim.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Faults:
    """All off. Shares are from 0 to 1."""

    loss: float = 0.0
    """Share of frames that are lost, either way."""
    delay: float = 0.0
    """Seconds that a frame is late at most."""
    duplicate: float = 0.0
    """Share of frames that come twice."""
    reorder: float = 0.0
    """Share of frames that later ones overtake."""
    power: float = 0.0
    """Power cuts of each lock in a minute."""
    half_list: float = 0.0
    """Share of list changes during which the power goes away: before the list is switched, or before that is recorded."""
    drift: float = 0.0
    """Parts in a million by which a lock's clock is wrong at most."""
    jump: float = 0.0
    """Jumps of each clock in a minute, by ten minutes at most."""
    full: float = 0.0
    """Share of locks whose flash holds few events: what nobody has stored is overwritten, and declared lost."""
    rot: float = 0.0
    """Events of each lock in a minute that its flash can no longer read; declared lost where nobody has stored them."""
    old: float = 0.0
    """Share of locks with an old firmware: no capabilities, and nothing known of reconnect slots."""
    clone: float = 0.0
    """Share of locks that have a clone with the same keys and certificate, which comes from time to time."""


_SECONDS_OR_RATES = {"delay", "power", "jump", "drift", "rot"}


def parse_faults(text: str) -> Faults:
    """`loss=0.01,delay=0.2`; BadRequest names what can be asked for."""
    known = {one.name for one in fields(Faults)}
    wanted: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, value = part.partition("=")
        if name not in known:
            raise BadRequest(f"there is no fault {name!r}; there are {', '.join(sorted(known))}")
        try:
            wanted[name] = float(value)
        except ValueError:
            raise BadRequest(f"the fault {name} needs a number, as in {name}=0.01") from None
        if not isfinite(wanted[name]) or wanted[name] < 0 or (name not in _SECONDS_OR_RATES and wanted[name] > 1):
            raise BadRequest(
                f"the fault {name} is a share from 0 to 1"
                if name not in _SECONDS_OR_RATES
                else f"the fault {name} is a number from 0 on"
            )
    return Faults(**wanted)
