"""Columns of a batch as PostgreSQL array literals, for statements that take `CAST(:values AS type[])`.

The driver adapts a list value by value, in Python. With some twenty columns of a thousand values a batch, that was a
quarter of what an ingest process did; written whole, a column costs a tenth of it.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

# Whatever needs quoting in an array literal; two commas in a row, or one at an end, would be an empty word.
_NEEDS_QUOTING = re.compile(r'[{}"\\\s]|^,|,,|,$|(?:^|,)null(?:,|$)', re.IGNORECASE)


def numbers(values: Iterable[int | bool | None]) -> str:
    """Integers or truth values; None is NULL."""
    return "{" + str([*values])[1:-1].replace("None", "NULL") + "}"


def words(values: Sequence[str]) -> str:
    """Ids and names of states. ValueError for anything that would have to be quoted: this is not for what people write."""
    joined = ",".join(values)
    if values and (not joined or joined.count(",") != len(values) - 1 or _NEEDS_QUOTING.search(joined)):
        raise ValueError("a word without quotes, braces, commas, backslashes and spaces")
    return "{" + joined + "}"


def byte_strings(values: Iterable[bytes | None]) -> str:
    """Byte strings; None is NULL."""
    return "{" + ",".join(["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values]) + "}"


def instants(values: Iterable[datetime]) -> str:
    """Instants with their time zone."""
    return "{" + ",".join([value.isoformat() for value in values]) + "}"


def multiranges(values: Iterable[Sequence[tuple[int, int]]]) -> str:
    """Multiranges of half-open integer ranges."""
    return "{" + ",".join([_multirange(one) if one else '"{}"' for one in values]) + "}"


def _multirange(ranges: Sequence[tuple[int, int]]) -> str:
    return f'"{{{",".join([f"[{first},{end})" for first, end in ranges])}}}"'
