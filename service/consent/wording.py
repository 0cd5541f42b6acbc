"""The texts people agree to: one file per purpose, version and language, never edited once somebody agreed to it."""

from functools import cache
from importlib import resources

from service.consent.rules import CURRENT_WORDING, Purpose
from service.errors import NotFound


@cache
def read_wording(purpose: Purpose, locale: str, *, version: int | None = None) -> str:
    """The wording ("zh" or "en") as plain text: a title line, a blank line, one paragraph a line. NotFound: no such version."""
    number = CURRENT_WORDING[purpose] if version is None else version
    text = resources.files("service.consent").joinpath("wordings", f"{purpose.value}.{number}.{locale}.txt")
    if not text.is_file():
        raise NotFound("There is no such wording.", code="no_such_wording")
    return text.read_text(encoding="utf-8")
