"""A value that is changed whole or not at all, and is there twice: in two slots, each valid once its header is written.

    slot    magic "ANV1" | generation u64 | content length u32 | CRC-32 of the content u32 | CRC-32 of these u32 | content

A change writes one slot with an empty header, makes it safe, and only then writes the header: that is the switch. A power
cut before the switch leaves the old value, after it the new one. Then the other slot is written in the same way, so that
one worn cell never brings an old value back: an old access list would open to those who were put out.
"""

import struct
from collections.abc import Callable
from zlib import crc32

from device_sim.flash.medium import Medium

_MAGIC = b"ANV1"
_HEADER = struct.Struct(">4sQII")
_CRC = struct.Struct(">I")
HEADER_BYTES = _HEADER.size + _CRC.size


def _nothing() -> None:
    """No failpoint here."""


class SlotPair:
    """One value in flash under a name."""

    def __init__(self, medium: Medium, name: str) -> None:
        self._medium = medium
        self._names = (f"{name}.a", f"{name}.b")

    def read(self) -> bytes | None:
        """The value last written whole, or None where there never was one. A copy that differs is made good."""
        found = [self._load(name) for name in self._names]
        newest = max((one for one in found if one), default=None)
        if newest is None:
            return None
        for name, one in zip(self._names, found, strict=True):
            if one != newest:
                self._put(name, *newest)
        return newest[1]

    def write(
        self, content: bytes, *, slot_written: Callable[[], None] = _nothing, switched: Callable[[], None] = _nothing
    ) -> None:
        """Change the value; it is safe when this returns. The two callbacks are the failpoints before and after the switch."""
        generations = [loaded[0] if loaded else 0 for loaded in map(self._load, self._names)]
        # The newer one stays as it is until the other holds what comes after it.
        older, newer = self._names if generations[0] <= generations[1] else reversed(self._names)
        self._put(older, max(generations) + 1, content, slot_written)
        switched()
        self._put(newer, max(generations) + 1, content)

    def _put(self, name: str, generation: int, content: bytes, slot_written: Callable[[], None] = _nothing) -> None:
        self._medium.write(name, bytes(HEADER_BYTES) + content)
        self._medium.sync(name)
        slot_written()
        header = _HEADER.pack(_MAGIC, generation, len(content), crc32(content))
        self._medium.patch(name, 0, header + _CRC.pack(crc32(header)))
        self._medium.sync(name)

    def erase(self) -> None:
        """Leave nothing of the value, nor of the one before it."""
        for name in self._names:
            self._medium.write(name, b"")
            self._medium.sync(name)

    def _load(self, name: str) -> tuple[int, bytes] | None:
        """The slot's generation and content, or None where it holds nothing whole."""
        raw = self._medium.read(name)
        if len(raw) < HEADER_BYTES:
            return None
        magic, generation, length, content_crc = _HEADER.unpack_from(raw)
        content = raw[HEADER_BYTES : HEADER_BYTES + length]
        sound = (
            magic == _MAGIC
            and _CRC.unpack_from(raw, _HEADER.size)[0] == crc32(raw[: _HEADER.size])
            and (len(content), crc32(content)) == (length, content_crc)
        )
        return (generation, content) if sound else None
