"""Access lists that the checks give to a lock."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from firmware_protocol import ServiceIdentity
from firmware_protocol.access_list import (
    EMPTY_DIGEST,
    AccessList,
    ListChange,
    ListEntry,
    decode_entry,
    encode_entry,
    entry_hash,
    list_digest,
)
from firmware_protocol.credentials import card_material, pin_material
from firmware_protocol.keys import credential_key, exchange
from firmware_protocol.vocabulary import CredentialType

EMPTY = EMPTY_DIGEST
DAY_S = 86_400
# The numbers that somebody at the door is asked to present: the sample of GB 11643-1999, and others like it.
CARD, OTHER_CARD, STRANGE_CARD = "11010519491231002X", "440524188001010014", "11010519491231003X"
PIN = "402816"
TOUCHED_ID = 999_983


def list_of(version: int, entries: Iterable[bytes]) -> AccessList:
    """The list of these encoded entries."""
    return AccessList(version, {decode_entry(raw).credential_id: raw for raw in entries})


def snapshot(wanted: AccessList) -> ListChange:
    """The change that makes it the whole list."""
    return ListChange(0, wanted.version, True, frozenset(), tuple(wanted.entries.values()), wanted.digest)


def touched(held: AccessList, material: bytes) -> ListChange:
    """A change of one entry that opens nothing, to the next version."""
    raw = encode_entry(ListEntry(TOUCHED_ID, CredentialType.RFID, material, 4_000_000_000, 4_200_000_000, 1))
    hashes = {number: entry_hash(one) for number, one in {**held.entries, TOUCHED_ID: raw}.items()}
    return ListChange(held.version, held.version + 1, False, frozenset(), (raw,), list_digest(hashes.items()))


@dataclass(frozen=True, slots=True)
class Issuer:
    """Makes entries for one lock around a moment (Unix seconds)."""

    identity: ServiceIdentity
    now_s: int

    def passage(self, number: int, **more: Any) -> bytes:
        """An entry that keeps the door unlocked for everybody while its schedules hold."""
        return self._entry(number, CredentialType.PASSAGE, b"", more)

    def card(self, number: int, document: str = CARD, **more: Any) -> bytes:
        """A card, lawful from yesterday for a month unless `more` says otherwise (names as in ListEntry)."""
        return self._entry(number, CredentialType.RFID, card_material(self._key, document), more)

    def pin(self, number: int, digits: str = PIN, **more: Any) -> bytes:
        """A PIN, likewise."""
        return self._entry(number, CredentialType.PIN, pin_material(self._key, digits), more)

    @property
    def _key(self) -> bytes:
        static = exchange(self.identity.private_key, self.identity.lock_public_key)
        return credential_key(static, self.identity.lock, self.identity.key_epoch)

    def _entry(self, number: int, kind: CredentialType, material: bytes, more: dict[str, Any]) -> bytes:
        usual: dict[str, Any] = {
            "starts_at": self.now_s - DAY_S,
            "ends_at": self.now_s + 30 * DAY_S,
            "offline_lease_s": 30 * DAY_S,
        }
        return encode_entry(ListEntry(number, kind, material, **{**usual, **more}))
