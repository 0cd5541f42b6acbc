"""The AsyncAPI document is up to date, and is what AsyncAPI 3.0.0 asks for.

No maintained package on PyPI carries the 3.0.0 JSON schema, so its rules for what we use are written here from the
specification: fixed fields of each object, required ones, where references may lead.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from firmware_protocol.messages import DOWN_MESSAGES, UP_MESSAGES
from tests.protocol.asyncapi import PAGE, document, page, rule_of, yaml
from tests.protocol.schema import SCHEMA

DOCUMENT = document()
# Object -> (required, allowed) fields, from the specification 3.0.0.
FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "root": (
        {"asyncapi", "info"},
        {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"},
    ),
    "info": (
        {"title", "version"},
        {"title", "version", "description", "termsOfService", "contact", "license", "tags", "externalDocs"},
    ),
    "server": (
        {"host", "protocol"},
        {
            "host", "protocol", "protocolVersion", "pathname", "description", "title", "summary", "variables", "security", "tags",
            "externalDocs", "bindings",
        },
    ),
    "channel": (
        set(),
        {"address", "messages", "title", "summary", "description", "servers", "parameters", "tags", "externalDocs", "bindings"},
    ),
    "operation": (
        {"action", "channel"},
        {
            "action", "channel", "title", "summary", "description", "security", "tags", "externalDocs", "bindings", "traits",
            "messages", "reply",
        },
    ),
    "message": (
        set(),
        {
            "headers", "payload", "correlationId", "contentType", "name", "title", "summary", "description", "tags",
            "externalDocs", "bindings", "examples", "traits",
        },
    ),
    "parameter": (set(), {"enum", "default", "description", "examples", "location"}),
}  # fmt: skip


def wrong(document: Any) -> Iterator[str]:
    """What the specification does not allow in a document."""
    yield from _fields("root", document)
    yield from _fields("info", document["info"])
    components = document["components"]
    groups = {
        "server": document["servers"],
        "channel": document["channels"],
        "operation": document["operations"],
        "message": components["messages"],
        "parameter": components["parameters"],
    }
    for kind, group in groups.items():
        for name, one in group.items():
            yield from (f"{name}: {complaint}" for complaint in _fields(kind, one))
    for channel in document["channels"].values():
        if set(re.findall(r"{(\w+)}", channel["address"])) != set(channel["parameters"]):
            yield f"{channel['address']}: parameters are not those of the address"
    for name, operation in document["operations"].items():
        here = operation["channel"]["$ref"]
        if operation["action"] not in {"send", "receive"}:
            yield f"{name}: action"
        if any(not one["$ref"].startswith(f"{here}/messages/") for one in operation["messages"]):
            yield f"{name}: a message of another channel"
    yield from (f"{reference} leads nowhere" for reference in _references(document) if not _leads(document, reference))


def _fields(kind: str, one: Any) -> Iterator[str]:
    required, allowed = FIELDS[kind]
    yield from (f"{kind} without {name}" for name in required - one.keys())
    yield from (f"{kind} with {name}" for name in one.keys() - allowed)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    for one in node if isinstance(node, list) else ():
        yield from _references(one)


def _leads(document: Any, reference: str) -> bool:
    here = document
    for step in reference.removeprefix("#/").split("/"):
        if "$ref" in here:
            return _leads(document, here["$ref"])
        if step not in here:
            return False
        here = here[step]
    return reference.startswith("#/")


def test_the_file_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_it_is_what_the_specification_asks_for() -> None:
    assert list(wrong(DOCUMENT)) == []
    assert DOCUMENT["asyncapi"] == "3.0.0"


def test_every_message_is_there_and_its_rule_is_in_the_schema() -> None:
    schema = SCHEMA.read_text(encoding="utf-8")
    for channel, messages in (("up", UP_MESSAGES), ("down", DOWN_MESSAGES)):
        assert DOCUMENT["channels"][channel]["messages"].keys() == {message.__name__ for message in messages}
        for message in messages:
            assert f"[{message.TAG}, {rule_of(message)}]" in schema


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one["operations"]["say"].update(action="publish"),
        lambda one: one["operations"]["say"].update(channel={"$ref": "#/channels/nowhere"}),
        lambda one: one["channels"]["up"].update(publish={}),
        lambda one: one["channels"]["up"]["parameters"].pop("lock"),
        lambda one: one["info"].pop("version"),
        lambda one: one["operations"]["hear"].update(messages=[{"$ref": "#/components/messages/Birth"}]),
    ],
)
def test_a_breach_is_noticed(spoil: Any) -> None:
    spoilt = document()
    spoil(spoilt)
    assert list(wrong(spoilt))


def test_yaml_is_written_as_it_is_meant() -> None:
    assert yaml({"a": {"b": [1, "x y"], "on": True}}) == 'a:\n  b:\n    - 1\n    - "x y"\n  "on": true\n'
