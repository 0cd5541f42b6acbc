"""Bytes with what they mean beside them, for the worked example: CBOR taken apart item by item."""

from typing import Any

# What an element is called, and what its own elements are called: by index in an array, by key in a map.
Names = dict[Any, tuple[str, "Names"]]
_COLUMN = 40


def annotate(raw: bytes, label: str, names: Names) -> list[str]:
    """One line an item: its bytes, indented by depth, and in words what it is."""
    lines, end = _item(raw, 0, 0, label, names)
    return lines if end == len(raw) else [*lines, line("00 …", f"{len(raw) - end} bytes of padding")]


def line(written: str, meaning: str, depth: int = 0) -> str:
    """One line of an annotated dump; long bytes are cut."""
    shown = "  " * depth + (written if len(written) <= _COLUMN - 10 else written[: _COLUMN - 12] + " …")
    return f"{shown:<{_COLUMN}}  {meaning}".rstrip()


def _item(raw: bytes, at: int, depth: int, label: str, names: Names) -> tuple[list[str], int]:
    major, number, body = _head(raw, at)
    if major in {4, 5}:
        count = f"{'array' if major == 4 else 'map'} of {number}"
        lines = [line(raw[at:body].hex(), _join(label, count), depth)]
        for index in range(number):
            inner, body = (
                _element(raw, body, depth + 1, index, names) if major == 4 else _pair(raw, body, depth + 1, names)
            )
            lines += inner
        return lines, body
    end = body + number if major in {2, 3} else body
    shown = {0: str(number), 1: str(-1 - number), 2: f"{number} bytes", 7: str(number == 21).lower()}
    value = shown.get(major) or repr(raw[body:end].decode())
    written = raw[at:body].hex() + (" " + raw[body:end].hex() if end > body else "")
    return [line(written, _join(label, value), depth)], end


def _element(raw: bytes, at: int, depth: int, index: int, names: Names) -> tuple[list[str], int]:
    label, inner = names.get(index) or names.get("each") or ("", {})
    return _item(raw, at, depth, label, inner)


def _pair(raw: bytes, at: int, depth: int, names: Names) -> tuple[list[str], int]:
    major, number, body = _head(raw, at)
    key = number if major == 0 else -1 - number
    label, inner = names.get(key, ("", {}))
    lines, end = _item(raw, body, depth + 1, label, inner)
    return [line(raw[at:body].hex(), f"{key}:", depth), *lines], end


def _head(raw: bytes, at: int) -> tuple[int, int, int]:
    """Major type, number, and where what follows begins."""
    major, small = raw[at] >> 5, raw[at] & 31
    width = {24: 1, 25: 2, 26: 4, 27: 8}.get(small, 0)
    return major, int.from_bytes(raw[at + 1 : at + 1 + width], "big") if width else small, at + 1 + width


def _join(label: str, value: str) -> str:
    return f"{label}: {value}" if label else value
