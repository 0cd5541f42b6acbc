"""Tables and SQL of grants, their credentials, each lock's list, and PINs; the public names of all."""

from service.access.records.lists import (
    add_credentials,
    append_grant,
    credential_records,
    find_grants,
    find_passages,
    hold_grant,
    hold_grants,
    hold_lists,
    live_entries,
    locks_holding,
    locks_with_erased,
    mark_revoked,
    move_on,
    remove_credentials,
    residencies_of,
    standing_grants_of,
)
from service.access.records.only_door import is_somebodys_only_door
from service.access.records.pins import append_drawing, drawings, sealed_pins
from service.access.records.tables import AccessGrantRow, AccessListRow, CredentialRow

__all__ = [
    "AccessGrantRow",
    "AccessListRow",
    "CredentialRow",
    "add_credentials",
    "append_drawing",
    "append_grant",
    "credential_records",
    "drawings",
    "find_grants",
    "find_passages",
    "hold_grant",
    "hold_grants",
    "hold_lists",
    "is_somebodys_only_door",
    "live_entries",
    "locks_holding",
    "locks_with_erased",
    "mark_revoked",
    "move_on",
    "remove_credentials",
    "residencies_of",
    "sealed_pins",
    "standing_grants_of",
]
