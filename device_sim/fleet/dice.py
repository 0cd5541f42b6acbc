"""Chance in eight bytes: SplitMix64 (Steele, Lea, Flood 2014). A `random.Random` weighs 2.5 kB, and every lock has its own."""

_ALL = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15


class Dice:
    """The same seed throws the same numbers."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _ALL

    def number(self) -> int:
        """64 bits."""
        self._state = (self._state + _STEP) & _ALL
        mixed = self._state
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _ALL
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _ALL
        return mixed ^ mixed >> 31

    def share(self) -> float:
        """From 0 up to, but not, 1."""
        return (self.number() >> 11) / (1 << 53)

    def happens(self, chance: float) -> bool:
        """Whether something of this chance happens; throws nothing where it cannot."""
        return chance > 0 and self.share() < chance

    def below(self, bound: int) -> int:
        """From 0 up to, but not, the bound."""
        return self.number() % bound


def seed_of(*parts: int) -> int:
    """One seed from several numbers: the fleet's, the lock's, the day's."""
    seed = 0
    for part in parts:
        seed = Dice(seed ^ part & _ALL).number()
    return seed
