"""Provisioning locks, their keys, listening to them, and seeing them; the public names of all."""

from service.locks.actions.keys import (
    chain_key,
    credential_key,
    key_epoch,
    names_another_signing_key,
    provision,
    signing_key,
    static_secret,
    unwrap_key,
    wipe_key,
    wrap_key,
)
from service.locks.actions.listening import (
    Heard,
    ListenedLock,
    listen_to,
    mark_silent,
    note_flooding,
    note_held_back,
    refusal,
    remember,
    revoked_in,
)
from service.locks.actions.viewing import count, views

__all__ = [
    "Heard",
    "ListenedLock",
    "chain_key",
    "count",
    "credential_key",
    "key_epoch",
    "listen_to",
    "mark_silent",
    "names_another_signing_key",
    "note_flooding",
    "note_held_back",
    "provision",
    "refusal",
    "remember",
    "revoked_in",
    "signing_key",
    "static_secret",
    "unwrap_key",
    "views",
    "wipe_key",
    "wrap_key",
]
