"""Templates to HTML. One environment per language, so that dates and numbers follow it too."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from service.portals.translation import phone, words_for
from service.portals.wording import tone_of, word_of


@cache
def environment(locale: str) -> Environment:
    """The templates in one language; undefined names are errors, everything is escaped."""
    words = words_for(locale)
    made = Environment(
        loader=PackageLoader("service.portals", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # install_gettext_callables is added to the environment by the extension at run time.
    install = getattr(made, "install_gettext_callables")  # noqa: B009
    install(words.catalogue.gettext, words.catalogue.ngettext, newstyle=True)
    made.globals |= {"words": words, "asset": asset_path}
    made.filters |= {
        "day": words.day,
        "moment": words.moment,
        "long_moment": words.long_moment,
        "clock": words.clock,
        "number": words.number,
        "phone": phone,
        "listing": words.listing,
        "word": word_of,
        "tone": tone_of,
    }
    return made


def draw(template: str, locale: str, values: Mapping[str, Any]) -> str:
    """The finished HTML of a page."""
    return environment(locale).get_template(template).render(values)


@cache
def asset_path(name: str) -> str:
    """Path of a static file, with a mark of its content so that browsers may keep it for ever."""
    content = resources.files("service.portals").joinpath("static", name).read_bytes()
    return f"/static/{name}?{hashlib.sha256(content).hexdigest()[:10]}"
