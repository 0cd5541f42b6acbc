"""Pure decisions of the pages: which language, which way on, and how far a live page has come."""

from collections.abc import Mapping
from typing import TypeAlias

LOCALES = ("zh", "en")
SHARDS = 64

Vector: TypeAlias = Mapping[int, int]
"""Feed position per shard, 0 where it is absent. Commits become visible out of order, so no single number would do."""
Counts: TypeAlias = Mapping[str, tuple[int, ...]]
"""Place ("unit:7", "building:3", "area:1") to its present, residents, unsure rooms, and whether a visitor may be inside.

And ALARMS to how many are open, how many attended, and the latest one's number, in all the reader's areas.
"""
ALARMS = "alarms:all"


def choose_locale(account: str | None, cookie: str | None, accepted: str | None) -> str:
    """The account's language, else the cookie's, else what the browser accepts (RFC 9110 §12.5.4), else Chinese."""
    for chosen in (account, cookie, _first_accepted(accepted or "")):
        if chosen in LOCALES:
            return chosen
    return LOCALES[0]


def _first_accepted(header: str) -> str | None:
    ranked: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";")
        language = tag.split("-")[0].strip().lower()
        if language in LOCALES:
            ranked.append((_weight(weight), language))
    best = max(ranked, key=lambda pair: pair[0], default=None)
    return best[1] if best and best[0] > 0 else None


def _weight(text: str) -> float:
    name, _, number = text.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(number) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0


def safe_way_on(path: str) -> str:
    """A path of this site to go on to; anything else (other sites, "//host", control characters) becomes "/"."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if plain and len(path) <= 300 else "/"


def read_vector(text: str) -> dict[int, int]:
    """Positions out of an event id such as "0.12-5.3"; what is not an id of ours reads as the beginning."""
    positions: dict[int, int] = {}
    for part in text.split("-")[:SHARDS]:
        shard, _, position = part.partition(".")
        if not (_is_small_number(shard) and _is_small_number(position) and int(shard) < SHARDS):
            return {}
        positions[int(shard)] = int(position)
    return positions


def write_vector(vector: Vector) -> str:
    """An event id: the positions above 0, in the order of the shards."""
    return "-".join(f"{shard}.{position}" for shard, position in sorted(vector.items()) if position > 0)


def is_behind(seen: Vector, current: Vector) -> bool:
    """Whether any shard has moved past what was seen."""
    return any(position > seen.get(shard, 0) for shard, position in current.items())


def merge(one: Vector, other: Vector) -> dict[int, int]:
    """The further position of each shard: an id never goes back."""
    return {shard: max(one.get(shard, 0), other.get(shard, 0)) for shard in one.keys() | other.keys()}


def changed_counts(before: Counts, after: Counts) -> dict[str, tuple[int, ...]]:
    """Only the places whose counts differ from what was sent; a place that went out of sight counts nobody."""
    differ = {place: counts for place, counts in after.items() if before.get(place) != counts}
    gone = dict.fromkeys(before.keys() - after.keys(), (0, 0, 0, 0))
    return differ | gone


def _is_small_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
