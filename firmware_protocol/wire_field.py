"""How a message's field is written down: its number on the wire and, for byte strings, their length or the most of it."""

from dataclasses import field
from typing import Any


def at(key: int, size: int | None = None, most: int | None = None, **more: Any) -> Any:
    """A dataclass field with this number; `more` goes to dataclasses.field (a default makes the field optional on the wire)."""
    return field(metadata={"key": key, "size": size, "most": most}, **more)
