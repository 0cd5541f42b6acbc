"""docs/protocol/asyncapi.yaml, drawn from topics, messages and the schema: `python -m tests.protocol.asyncapi` writes it.

AsyncAPI 3.0.0, seen from the lock: it sends up and receives down. Payloads are sealed CBOR, so each message names its rule in
anmen.cddl instead of a JSON schema.
"""

import json
import re
from pathlib import Path
from typing import Any

from firmware_protocol.messages import DOWN_MESSAGES, UP_MESSAGES
from firmware_protocol.topics import PREFIX, SHARDS
from tests.protocol.schema import SCHEMA

PAGE = Path(__file__).parents[2] / "docs" / "protocol" / "asyncapi.yaml"
_PLAIN = re.compile(r"[A-Za-z_$][\w$./-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"})
Node = dict[str, Any]
# Where a lock may stand in a topic.
LOCK_PATTERN = "L-[0-9A-HJKMNP-TV-Z]{12}"


def rule_of(message: type[Any]) -> str:
    """The message's rule in the schema: AccessListPart is access-list-part."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", message.__name__).lower()


def document() -> Node:
    """The whole document."""
    up = {message.__name__: message for message in UP_MESSAGES}
    down = {message.__name__: message for message in DOWN_MESSAGES}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Anmen lock protocol",
            "version": "1",
            "description": "What an Anmen lock says and hears over MQTT. Every payload is a sealed frame (COSE_Encrypt0); what is inside it, "
            "byte by byte, stands in firmware_protocol/anmen.cddl, and what it means in the pages of docs/protocol/.",
            "externalDocs": {"url": "README.md", "description": "The protocol in numbered sentences"},
        },
        "defaultContentType": "application/cose",
        "servers": {
            "broker": {
                "host": "{host}:8883",
                "protocol": "secure-mqtt",
                "protocolVersion": "3.1.1",
                "description": "The listener for locks. The client id is the lock id, which is the certificate's common name (ANM-FRM-003).",
                "variables": {
                    "host": {"description": "Given to the lock with its certificate", "default": "localhost"}
                },
                "security": [{"$ref": "#/components/securitySchemes/certificate"}],
                "bindings": {"mqtt": _server_binding()},
            }
        },
        "channels": {
            "up": _channel(f"{PREFIX}/{{shard}}/{{lock}}/up", "What the lock says, sealed (frames.md).", up),
            "down": _channel(f"{PREFIX}/{{shard}}/{{lock}}/down", "What the service says to this lock, sealed.", down),
            "holder": _holder_channel(),
        },
        "operations": {
            "say": _operation("send", "up", up),
            "hear": _operation("receive", "down", down),
            "hearHolder": _operation("receive", "holder", {"HolderAnnouncement": None}),
        },
        "components": {
            "parameters": _parameters(),
            "messages": {
                **{name: _message(message, "up") for name, message in up.items()},
                **{name: _message(message, "down") for name, message in down.items()},
                "HolderAnnouncement": _announcement(),
            },
            "securitySchemes": {
                "certificate": {"type": "X509", "description": "One certificate a lock, renewed before it ends."}
            },
        },
    }


def yaml(node: Any, depth: int = 0) -> str:
    """The node as YAML: block style, scalars as JSON writes them where they are not plain words."""
    pad = "  " * depth
    if isinstance(node, dict):
        return "".join(f"{pad}{_scalar(key)}:{_value(value, depth)}" for key, value in node.items())
    return "".join(f"{pad}-{_value(value, depth)}" for value in node)


def _value(value: Any, depth: int) -> str:
    if isinstance(value, dict | list) and value:
        return f"\n{yaml(value, depth + 1)}"
    return f" {_scalar(value)}\n"


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _server_binding() -> Node:
    will = {
        "topic": f"{PREFIX}/{{shard}}/{{lock}}/up",
        "qos": 1,
        "message": "a sealed frame of kind 2 (ANM-SES-003)",
        "retain": False,
    }
    return {"cleanSession": True, "keepAlive": 30, "lastWill": will, "bindingVersion": "0.2.0"}


def _channel(address: str, description: str, messages: Node) -> Node:
    return {
        "address": address,
        "description": description,
        "servers": [{"$ref": "#/servers/broker"}],
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in ("shard", "lock")},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _holder_channel() -> Node:
    channel = _channel(
        f"{PREFIX}/{{shard}}/holder",
        "Who speaks for a shard from now on: not retained, not sealed, moves nothing.",
        {"HolderAnnouncement": None},
    )
    return {**channel, "parameters": {"shard": channel["parameters"]["shard"]}}


def _operation(action: str, channel: str, messages: Node) -> Node:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"mqtt": {"qos": 1, **({"retain": False} if action == "send" else {}), "bindingVersion": "0.2.0"}},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }


def _parameters() -> Node:
    shards = [f"{shard:02d}" for shard in range(SHARDS)]
    return {
        "shard": {"description": "First byte of SHA-256 over the lock id, modulo 64 (ANM-FRM-002)", "enum": shards},
        "lock": {"description": f"The lock id: {LOCK_PATTERN} (ANM-FRM-001)", "examples": ["L-0123456789AB"]},
    }


def _message(message: type[Any], direction: str) -> Node:
    said = " ".join((message.__doc__ or "").split("\n\n")[0].split())
    return {
        "name": rule_of(message),
        "title": message.__name__,
        "summary": said,
        "contentType": "application/cose",
        "payload": {
            "schemaFormat": "application/cddl",
            "schema": {
                "$comment": f"Tag {message.TAG}. Inside the seal: rule {rule_of(message)} of the schema; the frame around it: rule "
                f"{'session-frame, birth-frame or will-frame' if direction == 'up' else 'down-frame'}.",
                "file": "../../firmware_protocol/anmen.cddl",
                "rule": rule_of(message),
            },
        },
    }


def _announcement() -> Node:
    return {
        "name": "holder-announcement",
        "summary": "A process has taken this shard; send again what is not stored (ANM-EVT-012).",
        "contentType": "application/cbor",
        "payload": {"type": "array", "description": "CBOR [generation]; a lock need not read it (ANM-FRM-008)"},
    }


def page() -> str:
    """The file as it should be."""
    return f"# Made by python -m tests.protocol.asyncapi from the code and {SCHEMA.name}; a test compares.\n{yaml(document())}"


def write(path: Path = PAGE) -> None:
    """Write the file."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
