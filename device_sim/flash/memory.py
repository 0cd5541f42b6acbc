"""Flash in memory, with the power cut that a file system on a desk never shows.

A cut strikes during one of the writes: of that write and of all that was not synced, only a first part is there
afterwards. `keep` says how large that part is, so that a test can try nothing, half and all of it at every write. With
dice, each region loses a part of its own, and the cells that were being written when the voltage fell hold anything.
An erasure that is cut short leaves the first part of the region blank.
"""

from dataclasses import dataclass, field
from random import Random

_BLANK = b"\xff"
# How many bytes are under way when the voltage falls.
_TORN_BYTES = 8


class PowerCut(Exception):
    """The power went away during a write."""


@dataclass(slots=True)
class _Region:
    now: bytes = b""
    synced: bytes | None = None


@dataclass(slots=True)
class MemoryMedium:
    """A Medium without files. The power goes away at the `cut_at`-th write from now (0 is the next one; None: never)."""

    cut_at: int | None = None
    keep: float = 0.5
    writes: int = 0
    erased: dict[str, bytes] = field(default_factory=dict)
    _regions: dict[str, _Region] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Regions there are, sorted."""
        return sorted(self._regions)

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """Bytes of a region; empty where there is no such region."""
        whole = self._regions[name].now if name in self._regions else b""
        return whole[offset:] if length is None else whole[offset : offset + length]

    def write(self, name: str, content: bytes) -> None:
        """Write the region anew."""
        self._change(name, content)

    def patch(self, name: str, offset: int, content: bytes) -> None:
        """Write over a part of it, or on from its end."""
        whole = self.read(name)
        self._change(name, whole[:offset].ljust(offset, b"\0") + content + whole[offset + len(content) :])

    def truncate(self, name: str, length: int) -> None:
        """Cut its end off."""
        self._change(name, self.read(name)[:length])

    def sync(self, name: str) -> None:
        """Return once all that was written to the region would survive a power cut."""
        if self._strikes():
            raise PowerCut
        self._regions[name].synced = self._regions[name].now

    def erase(self, name: str) -> None:
        """Give the region up for reuse."""
        region = self._regions[name]
        if self._strikes():
            region.now = region.synced = _torn(region.now, _BLANK * len(region.now), self.keep)
            raise PowerCut
        self.erased[name] = self._regions.pop(name).now

    def close(self) -> None:
        """Nothing is open."""

    def after_power_cut(self, dice: Random | None = None) -> "MemoryMedium":
        """The same flash when the power is back: what was synced, and a first part of what was not."""
        back = MemoryMedium(erased=dict(self.erased))
        for name, region in self._regions.items():
            survived = region.now if region.now == region.synced else self._survivor(region, dice)
            if survived or region.synced is not None:
                back._regions[name] = _Region(survived, survived)
        return back

    def _survivor(self, region: _Region, dice: Random | None) -> bytes:
        before = region.synced or b""
        if dice is None:
            return _torn(before, region.now, self.keep)
        torn = bytearray(_torn(before, region.now, dice.random()))
        written = [at for at, byte in enumerate(torn) if at >= len(before) or byte != before[at]]
        for at in written[max(0, len(written) - dice.randrange(_TORN_BYTES + 1)) :]:
            torn[at] = dice.randrange(256)
        return bytes(torn)

    def rot(self, name: str, at: int, bit: int = 0) -> None:
        """Flip one bit, as worn cells do."""
        region = self._regions[name]
        spoilt = bytearray(region.now)
        spoilt[at] ^= 1 << bit
        region.now = region.synced = bytes(spoilt)

    def _change(self, name: str, content: bytes) -> None:
        region = self._regions.setdefault(name, _Region())
        if self._strikes():
            region.now = _torn(region.now, content, self.keep)
            raise PowerCut
        region.now = content

    def _strikes(self) -> bool:
        if self.cut_at is not None and self.writes >= self.cut_at:
            return True
        self.writes += 1
        return False


def _torn(before: bytes, after: bytes, keep: float) -> bytes:
    """The first part of what changed is as after, the rest as before."""
    same = next(
        (at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new),
        min(len(before), len(after)),
    )
    cut = same + round((max(len(before), len(after)) - same) * keep)
    return after[:cut] + before[cut:] if len(after) >= cut else after
