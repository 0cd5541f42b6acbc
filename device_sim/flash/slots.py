"""A value that is changed whole or not at all: written into one of two slots in turn, valid once its header is written.

    slot    magic "ANV1" | generation u64 | content length u32 | CRC-32 of the content u32 | CRC-32 of these u32 | content

A change writes the other slot with an empty header, makes it safe, and only then writes the header: that is the switch.
A power cut before the switch leaves the old value, after it the new one.
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
        """The value last written whole, or None where there never was one."""
        newest = max((one for one in map(self._load, self._names) if one), default=None)
        return newest[1] if newest else None

    def write(
        self, content: bytes, *, slot_written: Callable[[], None] = _nothing, switched: Callable[[], None] = _nothing
    ) -> None:
        """Change the value; it is safe when this returns. The two callbacks are the failpoints before and after the switch."""
        generations = [loaded[0] if loaded else 0 for loaded in map(self._load, self._names)]
        older = self._names[generations.index(min(generations))]
        self._medium.write(older, bytes(HEADER_BYTES) + content)
        self._medium.sync(older)
        slot_written()
        header = _HEADER.pack(_MAGIC, max(generations) + 1, len(content), crc32(content))
        self._medium.patch(older, 0, header + _CRC.pack(crc32(header)))
        self._medium.sync(older)
        switched()

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
