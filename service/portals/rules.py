"""Pure decisions of the pages: which language, which way on, and how far a live page has come."""

import hashlib
import json
from collections.abc import Mapping
from typing import TypeAlias

LOCALES = ("zh", "en")

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


def told_as(counts: Counts) -> str:
    """An event id: what its reader has been told, and nothing of what else has happened. Never two for the same counts."""
    said = json.dumps(sorted(counts.items())).encode()
    return hashlib.sha256(said).hexdigest()[:16]


def changed_counts(before: Counts, after: Counts) -> dict[str, tuple[int, ...]]:
    """Only the places whose counts differ from what was sent; a place that went out of sight counts nobody."""
    differ = {place: counts for place, counts in after.items() if before.get(place) != counts}
    gone = dict.fromkeys(before.keys() - after.keys(), (0, 0, 0, 0))
    return differ | gone
