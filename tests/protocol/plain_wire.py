"""Sealing switched off, for tests that must fail without it: the same frames, their content in the clear."""

from firmware_protocol.sealing import Header, Seal, SealedFrame


class PlainSeal(Seal):
    """Writes what it should seal; a test that taps the wire has to notice."""

    def seal(self, header: Header, plain: bytes) -> bytes:
        """The plain message behind the header's session."""
        return header.session + plain.rstrip(b"\0")

    def open(self, frame: SealedFrame) -> bytes:
        """Whatever it says."""
        return frame.ciphertext[:-16]
