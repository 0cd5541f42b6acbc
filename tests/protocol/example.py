"""The worked example of docs/protocol/, made from the vectors alone: it cannot say anything that the vectors do not."""

from dataclasses import fields
from typing import Any

import cbor2

from firmware_protocol.messages import DOWN_MESSAGES, UP_MESSAGES
from firmware_protocol.vocabulary import Field
from tests.protocol.annotated import Names, annotate, line

_EVENT: Names = {
    0: ("type", {}),
    1: ("sequence", {}),
    2: ("boot number", {}),
    3: ("occurred at, ms", {}),
    4: ("clock quality", {}),
    5: ("fields", {int(one): (one.name.lower().replace("_", " "), {}) for one in Field}),
}
_KINDS = {one.TAG: one for one in (*UP_MESSAGES, *DOWN_MESSAGES)}
_HEADER: Names = {
    1: ("alg", {}),
    4: ("kid, the session id", {}),
    6: ("Partial IV, the counter", {}),
    -70001: ("kind", {}),
    -70002: ("ephemeral key", {}),
    -70003: ("holder", {0: ("generation", {}), 1: ("nonce", {})}),
}


def _names(plain: bytes) -> Names:
    """What the parts of this message are called: as the message's own fields are."""
    kind = _KINDS[cbor2.loads(plain)[0]]
    inner: Names = {"each": ("event", _EVENT)}
    keys: Names = {one.metadata["key"]: (one.name.replace("_", " "), inner) for one in fields(kind)}
    return {0: ("tag", {}), 1: (kind.__name__, keys)}


def example(keys: dict[str, Any], sealed: list[dict[str, Any]]) -> str:
    """The page."""
    frames = {one["name"]: one for one in sealed}
    parts = [
        _INTRODUCTION,
        _keys(keys),
        "## The frame of somebody coming in\n",
        _frame(keys, frames["live event: opened"], up=True),
        "## The frame of the receipt\n",
        _frame(keys, frames["stored"], up=False),
        "## The whole session\n",
        _session(sealed),
    ]
    return "\n".join(parts)


_INTRODUCTION = """# A session byte by byte

Made from `firmware_protocol/vectors/`; all keys are public. `python -m tests.protocol.make_docs` writes this page, and a test compares.
"""


def _keys(keys: dict[str, Any]) -> str:
    info = ["up", keys["lock"], keys["key_epoch"], bytes.fromhex(keys["session"]), None]
    up = keys["frame_keys"]["up"]
    rows = [
        ("lock id", keys["lock"]),
        ("shard", f"{keys['shard']}, so the lock speaks on `{keys['topic_up']}`"),
        ("lock's private key", keys["lock_private"]),
        ("service's private key for this lock", keys["service_private"]),
        ("ephemeral private key of this boot", keys["ephemeral_private"]),
        ("static-static secret", keys["static_secret"]),
        ("session secret", keys["session_secret"]),
        ("ephemeral public key", keys["ephemeral_public"]),
        ("session id: SHA-256 of it, 8 bytes", keys["session"]),
        ("HKDF info for `up`", cbor2.dumps(info).hex()),
        ("HKDF-SHA256, salt `anmen/1`, 28 bytes", f"{up['key']} (key) {up['iv']} (IV)"),
    ]
    return "\n".join(["## Keys\n", "| | |", "|---|---|", *(f"| {what} | {_code(value)} |" for what, value in rows), ""])


def _code(value: str) -> str:
    return value if "`" in value or "(" in value else f"`{value}`"


def _frame(keys: dict[str, Any], vector: dict[str, Any], *, up: bool) -> str:
    raw, plain = bytes.fromhex(vector["frame"]), bytes.fromhex(vector["plain"])
    protected, _, ciphertext = cbor2.loads(raw).value
    key = keys["frame_keys"][vector["key"]]
    nonce = int(key["iv"], 16) ^ vector["counter"]
    aad = f"anmen/1/{keys['lock']}/{'up' if up else 'down'}".encode()
    return "\n".join(
        [
            f"The message, padded to {len(plain)} bytes:\n",
            *_block(annotate(plain, "", _names(plain))),
            "The protected header:\n",
            *_block(annotate(protected, "", _HEADER)),
            "Sealed with\n",
            f"- key `{key['key']}`",
            f"- nonce, the IV `{key['iv']}` XOR the counter {vector['counter']}: `{nonce:024x}`",
            f"- additional data `{cbor2.dumps(['Encrypt0', protected, aad]).hex()}`\n",
            f"it becomes a frame of {len(raw)} bytes:\n",
            *_block(_wire(raw, protected, ciphertext)),
        ]
    )


def _wire(raw: bytes, protected: bytes, ciphertext: bytes) -> list[str]:
    at = raw.index(protected)
    before_cipher = raw.index(ciphertext)
    return [
        line(raw[:1].hex(), "tag 16: COSE_Encrypt0"),
        line(raw[1:2].hex(), "array of 3"),
        line(f"{raw[2:at].hex()} {protected.hex()}", f"protected header, {len(protected)} bytes", 1),
        line(raw[at + len(protected) : at + len(protected) + 1].hex(), "unprotected header: empty", 1),
        line(f"{raw[at + len(protected) + 1 : before_cipher].hex()} {ciphertext[:-16].hex()}", "ciphertext", 1),
        line(ciphertext[-16:].hex(), "authentication tag, 16 bytes", 1),
    ]


def _block(lines: list[str]) -> list[str]:
    return ["```", *lines, "```", ""]


def _session(sealed: list[dict[str, Any]]) -> str:
    rows = [
        f"| {one['direction']} | {one['name']} | {one['kind']} | {one['counter']} | {len(one['plain']) // 2} | {len(one['frame']) // 2} |"
        for one in sealed
    ]
    head = ["| direction | message | kind | counter | message bytes | frame bytes |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows, ""])
