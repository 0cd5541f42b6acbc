"""Writes firmware_protocol/vectors/*.json: `python -m tests.protocol.make_vectors`.

A vector that changes breaks locks that hang on doors. So the tests compare the files with what this would write, and
pin the files' own digests beside it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from firmware_protocol.access_list import EMPTY_DIGEST, ListEntry, decode_entry, encode_entry, entry_hash
from firmware_protocol.chain import commitment, statement
from firmware_protocol.codec import encode, encoded_event
from firmware_protocol.commands_wiped import wipe_key
from firmware_protocol.keys import FrameKey, KeyLabel, exchange, frame_key, public_key, session_id
from firmware_protocol.messages import Event, Message
from firmware_protocol.schedules import written
from firmware_protocol.sealing import FrameKind, Header, Seal
from firmware_protocol.topics import Direction, frame_topic, shard_of
from tests.protocol import decision_vectors, key_vectors
from tests.protocol import vector_parts as parts
from tests.protocol.firmware_vectors import LOCK_OF_THE_VECTORS, refused_envelopes
from tests.protocol.invalid_vectors import (
    Invalid,
    invalid_commands,
    invalid_entries,
    invalid_events,
    invalid_frames,
    invalid_messages,
)

FOLDER = Path(__file__).parents[2] / "firmware_protocol" / "vectors"
EPHEMERAL = public_key(parts.BOOT.ephemeral_key)
SESSION = session_id(EPHEMERAL)
STATIC = exchange(parts.LOCK_KEY, public_key(parts.SERVICE_KEY))
SECRET = STATIC + exchange(parts.BOOT.ephemeral_key, public_key(parts.SERVICE_KEY))
KEYS = {
    label: frame_key(
        SECRET, label, parts.LOCK, parts.KEY_EPOCH, SESSION, parts.HOLDER if label is KeyLabel.DOWN else None
    )
    for label in (KeyLabel.UP, KeyLabel.WILL, KeyLabel.DOWN)
}


def readable(value: Any) -> Any:
    """A value as JSON: byte strings as {"hex": …}, maps with their keys as text."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, Event):
        return [readable(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): readable(one) for key, one in value.items()}
    return [readable(one) for one in value] if isinstance(value, tuple | list) else value


def keys() -> dict[str, Any]:
    """Everything that is derived, from private keys to verifiers."""
    return {
        "lock": parts.LOCK,
        "shard": shard_of(parts.LOCK),
        "topic_up": frame_topic(parts.LOCK, Direction.UP),
        "topic_down": frame_topic(parts.LOCK, Direction.DOWN),
        "key_epoch": parts.KEY_EPOCH,
        "lock_private": parts.LOCK_KEY.hex(),
        "lock_public": public_key(parts.LOCK_KEY).hex(),
        "service_private": parts.SERVICE_KEY.hex(),
        "service_public": public_key(parts.SERVICE_KEY).hex(),
        "ephemeral_private": parts.BOOT.ephemeral_key.hex(),
        "ephemeral_public": EPHEMERAL.hex(),
        "session": SESSION.hex(),
        "static_secret": STATIC.hex(),
        "session_secret": SECRET.hex(),
        "holder": {"generation": parts.HOLDER.generation, "nonce": parts.HOLDER.nonce.hex()},
        "frame_keys": {label.value: {"key": one.key.hex(), "iv": one.iv.hex()} for label, one in KEYS.items()},
        "credential_key": parts.CREDENTIAL_KEY.hex(),
        "card": {"number": parts.DOCUMENT, "verifier": parts.ENTRIES[0].material.hex()},
        "pin": {"digits": parts.PIN, "verifier": parts.ENTRIES[1].material.hex()},
    }


def plain() -> list[dict[str, Any]]:
    """Every kind of message, as it is before it is sealed."""
    return [
        {"name": name, "direction": direction, **_said(message), "plain": encode(message).hex()}
        for direction, messages in (("up", parts.UP), ("down", parts.DOWN))
        for name, message in _items(messages)
    ]


def _items(messages: Mapping[str, Any]) -> Iterable[tuple[str, Message]]:
    return messages.items()


def _said(message: Message) -> dict[str, Any]:
    values = {
        one.metadata["key"]: getattr(message, one.name)
        for one in fields(message)
        if not (one.metadata["unsaid"] and getattr(message, one.name) == one.default)
    }
    return {"tag": message.TAG, "fields": readable(values)}


def sealed() -> list[dict[str, Any]]:
    """One session, frame by frame, in the order in which it would be heard."""
    script: list[tuple[FrameKind, int, str]] = [
        (FrameKind.WILL, parts.BIRTH_NUMBER, "will"),
        (FrameKind.BIRTH, 0, "birth"),
        (FrameKind.DOWN, 0, "challenge"),
        (FrameKind.SESSION, 1, "proof"),
        (FrameKind.DOWN, 1, "welcome"),
        (FrameKind.DOWN, 2, "list delta 0"),
        (FrameKind.SESSION, 2, "live event: opened"),
        (FrameKind.SESSION, 3, "stored events"),
        (FrameKind.DOWN, 3, "stored"),
        (FrameKind.SESSION, 4, "time request"),
        (FrameKind.DOWN, 4, "time answer"),
        (FrameKind.SESSION, 5, "heartbeat"),
        (FrameKind.DOWN, 5, "nonce asked"),
        (FrameKind.SESSION, 6, "command nonce"),
        (FrameKind.DOWN, 6, "command: unlock"),
        (FrameKind.SESSION, 7, "command result: done"),
        (FrameKind.DOWN, 7, "command: start enrolment"),
        (FrameKind.SESSION, 8, "enrolled"),
        (FrameKind.DOWN, 8, "enrolled, heard"),
    ]
    return [_sealed(kind, counter, name) for kind, counter, name in script]


def _sealed(kind: FrameKind, counter: int, name: str) -> dict[str, Any]:
    down = kind is FrameKind.DOWN
    message: Message = parts.DOWN[name] if down else parts.UP[name]
    label = {FrameKind.DOWN: KeyLabel.DOWN, FrameKind.WILL: KeyLabel.WILL}.get(kind, KeyLabel.UP)
    header = Header(
        kind, SESSION, counter, EPHEMERAL if kind is FrameKind.BIRTH else None, parts.HOLDER if down else None
    )
    return {
        "name": name,
        "direction": "down" if down else "up",
        "kind": int(kind),
        "counter": counter,
        "key": label.value,
        "plain": encode(message).hex(),
        "frame": seal_of(KEYS[label], down=down).seal(header, encode(message)).hex(),
    }


def seal_of(key: FrameKey, *, down: bool) -> Seal:
    """The seal of the vectors' lock."""
    return Seal(key, parts.LOCK, Direction.DOWN if down else Direction.UP)


def lists() -> dict[str, Any]:
    """Entries, their hashes, and the digests of two lists."""
    return {
        "entries": [_entry(one) for one in (*parts.ENTRIES, *parts.LATER_ENTRIES)],
        "lists": [
            {"version": one.version, "credential_ids": sorted(one.entries), "digest": one.digest.hex()}
            for one in (parts.LIST_1, parts.LIST_2, parts.LIST_3)
        ],
    }


def _entry(entry: ListEntry) -> dict[str, Any]:
    raw = encode_entry(entry)
    said = {one.name: getattr(entry, one.name) for one in fields(decode_entry(raw))}
    said["schedules"] = written(entry.schedules)
    return {**readable(said), "type": int(entry.type), "encoded": raw.hex(), "hash": entry_hash(raw).hex()}


def commands() -> dict[str, Any]:
    """The key and the proof of a factory wipe."""
    return {
        "wipe_key": wipe_key(STATIC, parts.LOCK, parts.KEY_EPOCH).hex(),
        "challenge": parts.WIPE_CHALLENGE.hex(),
        "old_epoch": parts.EPOCH,
        "new_epoch": parts.NEW_EPOCH,
        "empty_list_digest": EMPTY_DIGEST.hex(),
        "proof": parts.WIPE_PROOF.hex(),
    }


def chain() -> dict[str, Any]:
    """The chain over a few events, link by link, and its signed head."""
    return {
        "log_epoch": parts.EPOCH,
        "chain_key": parts.CHAIN_KEY.hex(),
        "signing_private": parts.SIGNING_KEY.hex(),
        "signing_public": public_key(parts.SIGNING_KEY).hex(),
        "first_link": parts.LINKS[0].value.hex(),
        "events": [
            {
                "encoded": encoded_event(event).hex(),
                "commitment": commitment(parts.CHAIN_KEY, event).hex(),
                "link": link.value.hex(),
            }
            for event, link in zip(parts.CHAINED, parts.LINKS[1:], strict=True)
        ],
        "statement": statement(parts.LOCK, parts.HEAD).hex(),
        "head": _said(parts.HEAD),
    }


def invalid() -> list[dict[str, Any]]:
    """What must be refused, and why."""
    good = bytes.fromhex(next(one["frame"] for one in sealed() if one["name"] == "live event: opened"))
    cases: list[Invalid] = [
        *invalid_messages(),
        *invalid_events(),
        *invalid_entries(),
        *invalid_frames(good),
        *invalid_commands(),
    ]
    return [
        {
            "name": one.name,
            "root": one.root,
            "bytes": one.raw.hex(),
            "reason": one.reason.value,
            "cddl": one.seen_by_cddl,
        }
        for one in cases
    ]


def firmware() -> dict[str, Any]:
    """A signed manifest, and envelopes that a lock refuses."""
    said = {one.name: getattr(parts.MANIFEST, one.name) for one in fields(parts.MANIFEST)}
    lock = {
        name: getattr(LOCK_OF_THE_VECTORS, name)
        for name in ("vendor_id", "class_id", "sequence", "slot_bytes", "fell_back_from")
    }
    return {
        "vendor_private": parts.VENDOR_KEY.hex(),
        "vendor_public": public_key(parts.VENDOR_KEY).hex(),
        "lock": readable(lock),
        "manifest": readable(said),
        "image": parts.IMAGE.hex(),
        "envelope": parts.ENVELOPE.hex(),
        "refused": [
            {"name": name, "envelope": raw.hex(), "reason": int(reason), "cddl": seen}
            for name, raw, reason, seen in refused_envelopes()
        ],
    }


def files() -> dict[str, str]:
    """File name -> content."""
    made = {
        "keys": keys(),
        "plain": plain(),
        "sealed": sealed(),
        "lists": lists(),
        "commands": commands(),
        "firmware": firmware(),
        "chain": chain(),
        "invalid": invalid(),
        "claim": key_vectors.claim(),
        "key_change": key_vectors.key_change(),
        "certificate": key_vectors.certificate(),
        "decisions": decision_vectors.decisions(),
        "comparisons": decision_vectors.comparisons(),
        "commands_judged": decision_vectors.judged(),
    }
    return {f"{name}.json": json.dumps(one, indent=1, ensure_ascii=False) + "\n" for name, one in made.items()}


if __name__ == "__main__":
    for file_name, content in files().items():
        (FOLDER / file_name).write_text(content, encoding="utf-8")
