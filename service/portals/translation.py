"""Words, dates and numbers for people: Chinese and English, in the time of the place.

English sentences are the message ids; the .po file is read once at start, so nothing has to be compiled beforehand.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

PLACE = ZoneInfo("Asia/Shanghai")
_BABEL_LOCALES = {"zh": "zh_Hans_CN", "en": "en_GB"}


def N_(text: str) -> str:  # noqa: N802 - the name every gettext tool knows for "translate later"
    """The text itself; marks it for the catalogue where it is looked up later."""
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """Everything a page says in one language."""

    locale: str
    catalogue: NullTranslations

    @property
    def tag(self) -> str:
        """BCP 47 tag for the lang attribute, so that the right glyphs and voice are chosen."""
        return "zh-Hans" if self.locale == "zh" else "en"

    def say(self, text: str, **values: Any) -> str:
        """The sentence in this language, its {names} filled in; the English one where there is no translation."""
        said = self.catalogue.gettext(text) if text else ""
        return said.format(**values) if values else said

    def day(self, at: date | datetime) -> str:
        """A calendar day, as the place counts it."""
        local = at.astimezone(PLACE).date() if isinstance(at, datetime) else at
        return format_date(local, "long", locale=_BABEL_LOCALES[self.locale])

    def moment(self, at: datetime) -> str:
        """A day and minute in the time of the place."""
        pattern = "M月d日 HH:mm" if self.locale == "zh" else "d MMM, HH:mm"
        return format_datetime(at, pattern, tzinfo=PLACE, locale=_BABEL_LOCALES[self.locale])

    def long_moment(self, at: datetime) -> str:
        """The same with its year, for what may lie far back."""
        pattern = "y年M月d日 HH:mm" if self.locale == "zh" else "d MMM y, HH:mm"
        return format_datetime(at, pattern, tzinfo=PLACE, locale=_BABEL_LOCALES[self.locale])

    def clock(self, at: datetime) -> str:
        """The hour and minute in the time of the place."""
        return format_datetime(at, "HH:mm", tzinfo=PLACE, locale=_BABEL_LOCALES[self.locale])

    def place(self, address: str, number: str, *, shared: bool = False) -> str:
        """A room by its house and number; `shared`: a door of the whole house by its name."""
        if shared:
            return self.say(N_("{address}, {door}"), address=address, door=number)
        return self.say(N_("{address}, room {number}"), address=address, number=number)

    def listing(self, parts: Iterable[str]) -> str:
        """Several words in a row."""
        return ("、" if self.locale == "zh" else ", ").join(parts)

    def number(self, count: int) -> str:
        """A whole number with the separators of the language."""
        return format_decimal(count, locale=_BABEL_LOCALES[self.locale])


@cache
def words_for(locale: str) -> Words:
    """The words of a locale ("zh" or "en"), read once."""
    return Words(locale, NullTranslations() if locale == "en" else _read_catalogue(locale))


def _read_catalogue(locale: str) -> NullTranslations:
    path = resources.files("service.portals").joinpath("locale", locale, "LC_MESSAGES", "anmen.po")
    compiled = BytesIO()
    with path.open("rb") as written:
        write_mo(compiled, read_po(written, locale=locale))
    compiled.seek(0)
    return Translations(fp=compiled)


def phone(number: str) -> str:
    """A phone number for the eye: a mainland mobile in groups and without +86, any other as it is."""
    local = number.removeprefix("+86")
    return f"{local[:3]} {local[3:7]} {local[7:]}" if number.startswith("+86") and len(local) == 11 else number


def local_day(at: datetime) -> date:
    """The calendar day an instant falls on at the place."""
    return at.astimezone(PLACE).date()
