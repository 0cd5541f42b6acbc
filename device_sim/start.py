"""What a boot of a lock begins with."""

from dataclasses import dataclass, field

from device_sim.door import Door
from device_sim.updating import Maker


@dataclass(frozen=True, slots=True)
class Start:
    """What a boot finds: the uptime, the clock chip in Unix ms (None: it had stopped), the door as it stands, and who made it.

    `boxed_secret`: that under the cover of a lock that has never been anybody's; None once keys were exchanged.
    """

    now: float
    chip_ms: int | None
    door: Door
    maker: Maker | None = None
    boxed_secret: str | None = field(default=None, repr=False)
