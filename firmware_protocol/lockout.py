"""Lock-out after wrong tries: GA 374-2019 asks for an alarm and at least 90 s after 1 to 5 wrong tries within 5 minutes."""

from dataclasses import dataclass

WRONG_TRIES = 5
WITHIN_S = 300.0
LOCKED_OUT_S = 90.0


@dataclass(frozen=True, slots=True)
class Lockout:
    """Wrong tries of the last minutes; times are seconds of uptime. It holds for card, PIN and face, never for the inside handle."""

    tries: tuple[float, ...] = ()
    until: float = float("-inf")

    def holds(self, now: float) -> bool:
        """Whether tries are refused at the moment."""
        return now < self.until

    def after_wrong(self, now: float) -> "Lockout":
        """The state after one more wrong try; `holds` turns true with the fifth within five minutes, and an alarm is due."""
        recent = (*(at for at in self.tries if now - at < WITHIN_S), now)
        return Lockout(recent, self.until).due(now)

    def due(self, now: float) -> "Lockout":
        """The state with the lock-out begun where as many tries ask for one (after a power cut it may have been cut off)."""
        return Lockout((), now + LOCKED_OUT_S) if len(self.tries) >= WRONG_TRIES else self
