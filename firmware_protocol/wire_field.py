"""How a message's field is written down: its number on the wire and, for byte strings, their length or the most of it."""

from dataclasses import field
from typing import Any


def at(key: int, size: int | None = None, most: int | None = None, *, unsaid: bool = False, **more: Any) -> Any:
    """A dataclass field with this number; `more` goes to dataclasses.field (a default makes the field optional on the wire).

    `unsaid` leaves it out where it is the default: a message that does not use a new field keeps the bytes it had.
    """
    return field(metadata={"key": key, "size": size, "most": most, "unsaid": unsaid}, **more)
