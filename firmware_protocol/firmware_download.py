"""Fetching an image in chunks: a few at once, then a pause, and what is missing again with back-off. Pure; `now` is uptime.

The lock asks, so the lock decides the pace: a service that sends more than was asked for is not listened to, and a
download leaves the link and the processor to whoever stands at the door.
"""

from firmware_protocol.firmware import CHUNK_BYTES, CHUNKS_AT_ONCE, MOST_CHUNKS_AT_ONCE, PAUSE_MS
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareWanted

ASK_AGAIN_S = (5.0, 300.0)
# A pause has 64 bits: without a limit one wrong offer would keep its image half fetched for ever.
LONGEST_PAUSE_S = 600.0


class Download:
    """One image on its way; `have` says how much of it is safe in the slot already, a whole number of chunks."""

    def __init__(self, digest: bytes, size: int, have: int, now: float) -> None:
        self.digest = digest
        self.size = size
        self._at = have
        self._asked = 0
        self._came: set[int] = set()
        self._chunks_at_once = CHUNKS_AT_ONCE
        self._pause_s = PAUSE_MS / 1000
        self._wait = ASK_AGAIN_S[0]
        self._ask_at = now

    @property
    def have(self) -> int:
        """Bytes from the beginning that have been written, without a hole."""
        return self._at

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self._at >= self.size

    def pace(self, chunks_at_once: int, pause_ms: int) -> None:
        """How the service would have it; never more at once than a lock has room for, nor slower than ANM-FWU-010 lets it be."""
        self._chunks_at_once = min(max(chunks_at_once, 1), MOST_CHUNKS_AT_ONCE)
        self._pause_s = min(pause_ms / 1000, LONGEST_PAUSE_S)

    def resume(self, now: float) -> None:
        """The link is up again: what was asked before is not waited for."""
        self._asked, self._wait, self._ask_at = 0, ASK_AGAIN_S[0], now

    def resume_if_silent(self, now: float) -> None:
        """The service has offered once more: if nothing came for a while, it may be worth asking again."""
        if self._wait > ASK_AGAIN_S[0]:
            self.resume(now)

    def deadline(self) -> float | None:
        """When `ask` has something to say."""
        return None if self.complete else self._ask_at

    def ask(self, now: float) -> FirmwareWanted | None:
        """The question that is due, if one is."""
        if now < self._ask_at or self.complete:
            return None
        if self._asked:
            self._wait = min(self._wait * 2, ASK_AGAIN_S[1])
        self._ask_at = now + self._wait
        self._asked = min(self._chunks_at_once, -(-(self.size - self._at) // CHUNK_BYTES))
        return FirmwareWanted(self.digest, self._at, self._asked)

    def takes(self, chunk: FirmwareChunk) -> bool:
        """Whether the chunk is one that was asked for and is still missing, whole and in its place."""
        end = min(chunk.offset + CHUNK_BYTES, self.size)
        return (
            chunk.digest == self.digest
            and chunk.offset % CHUNK_BYTES == 0
            and self._at <= chunk.offset < self._at + self._asked * CHUNK_BYTES
            and chunk.offset not in self._came
            and len(chunk.content) == end - chunk.offset
        )

    def written(self, chunk: FirmwareChunk, now: float) -> bool:
        """A chunk that was taken is in the slot; whether all that was asked for is there now."""
        self._came.add(chunk.offset)
        self._wait = ASK_AGAIN_S[0]
        while self._at in self._came:
            self._came.discard(self._at)
            self._at = min(self._at + CHUNK_BYTES, self.size)
            self._asked -= 1
        if self._asked == 0:
            self._ask_at = now + self._pause_s
        return self._asked == 0
