"""A lock holds the list it should hold only where version and digest both say so."""

import pytest

from firmware_protocol.access_list import EMPTY_DIGEST, ListEntry, encode_entry, entry_hash, list_digest
from firmware_protocol.topics import draw_lock_id
from firmware_protocol.vocabulary import CredentialType
from service.delivery.rules import HeldList, ListedCredential, WantedList, change_to

LOCK = draw_lock_id(b"\x01" * 8)
ENTRY = encode_entry(ListEntry(1, CredentialType.PIN, b"verifier", 0, 4_000_000_000, 86_400))
CREDENTIAL = ListedCredential(1, 1, None, entry_hash(ENTRY), b"sealed")
DIGEST = list_digest([(1, entry_hash(ENTRY))])


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        (HeldList(1, DIGEST), False),
        (HeldList(1, EMPTY_DIGEST), True),
        (HeldList(2, DIGEST), True),
        (HeldList(0, EMPTY_DIGEST), True),
        (None, True),
    ],
)
def test_what_differs_in_either_is_sent(held: HeldList | None, *, missing: bool) -> None:
    change = change_to(WantedList(LOCK, 1, DIGEST, held), [CREDENTIAL], lambda _: ENTRY)
    assert (change is not None) is missing
