"""Hypothesis strategies for everything that may be said: messages within the protocol's limits."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

from hypothesis import strategies as st

from firmware_protocol.messages import DOWN_MESSAGES, UP_MESSAGES, Event, Events, Message

UINT = st.one_of(st.integers(0, 30), st.integers(0, (1 << 63) - 1))
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
FIELD_VALUES = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.booleans(),
    st.binary(max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
EVENTS = st.builds(
    Event,
    st.integers(0, 65535),
    st.integers(1, (1 << 63) - 1),
    UINT,
    st.integers(0, (1 << 53) - 1),
    st.integers(0, 255),
    st.dictionaries(st.one_of(st.integers(0, 12), st.integers(0, 65535)), FIELD_VALUES, max_size=4),
)
_BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    int: UINT,
    bool: st.booleans(),
    str: TEXT,
    bytes: st.binary(max_size=40),
    Mapping[str, Any]: st.dictionaries(TEXT, st.one_of(UINT, st.booleans(), TEXT), max_size=5),
    tuple[int, ...]: st.lists(UINT, max_size=24).map(tuple),
    tuple[bytes, ...]: st.lists(st.binary(max_size=300), max_size=12).map(tuple),
    tuple[Event, ...]: st.lists(EVENTS, min_size=1, max_size=8).map(tuple),
}


def messages(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Any message of this kind that fits a frame."""
    hints = get_type_hints(kind)
    parts = {one.name: _part(hints[one.name], one.metadata["size"], one.metadata["most"]) for one in fields(kind)}
    required = {
        one.name: parts[one.name] for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING
    }
    drawn = st.fixed_dictionaries(required, optional={name: parts[name] for name in parts.keys() - required.keys()})
    return drawn.map(lambda values: kind(**values)).filter(_fits)


def _part(hint: Any, size: int | None, most: int | None) -> st.SearchStrategy[Any]:
    if size is not None:
        return st.binary(min_size=size, max_size=size)
    return _BY_TYPE[hint] if most is None else st.binary(max_size=most)


def _fits(message: Message) -> bool:
    return not (isinstance(message, Events) and message.live) or len(message.events) == 1


UP = st.sampled_from(UP_MESSAGES).flatmap(messages)
DOWN = st.sampled_from(DOWN_MESSAGES).flatmap(messages)
