"""What a boot of a lock begins with."""

from dataclasses import dataclass, field

from device_sim.certificate import HeldCertificate
from device_sim.door import Door
from device_sim.updating import Maker

ASK_BEFORE_DAYS = 60
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Start:
    """What a boot finds: the uptime, the clock chip in Unix ms (None: it had stopped), the door as it stands, and who made it.

    `certificate`: the one that the factory put in, of which the lock may ask for the next so many seconds before its end.
    `boxed_secret`: that under the cover of a lock that has never been anybody's; None once keys were exchanged.
    """

    now: float
    chip_ms: int | None
    door: Door
    maker: Maker | None = None
    boxed_secret: str | None = field(default=None, repr=False)
    certificate: HeldCertificate | None = None
    ask_before_s: int = ASK_BEFORE_DAYS * _DAY_S
