"""A browser without a screen: it follows links and fills in the forms a page really has, as a person without JavaScript would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import httpx

from anmen.errors import MachineError

_UNCHECKED = ("checkbox", "radio")


class PageRefused(MachineError):
    """A page answered with an error; the text is what it says to a person."""


@dataclass(slots=True)
class Form:
    """One form: where it goes, every field with the value it would send untouched, and what a choice offers."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    offers: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Page:
    """What a person sees: the address, the words, links, forms, and fields that only show something."""

    url: str
    status: int
    words: str = ""
    alerts: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    shown: list[tuple[str, str]] = field(default_factory=list)

    def form(self, *names: str) -> Form:
        """The form that has all of these fields; MachineError where the page has none."""
        for one in self.forms:
            if set(names) <= one.names:
                return one
        raise MachineError(f"{self.url} has no form with {', '.join(names)}; it says: {self.words[:200]}")

    def form_to(self, ending: str) -> Form:
        """The form whose address ends so."""
        for one in self.forms:
            if one.action.split("?")[0].endswith(ending):
                return one
        raise MachineError(f"{self.url} has no form to …{ending}; it says: {self.words[:200]}")

    def link_to(self, part: str) -> str:
        """The first link with this in its address."""
        for address, _ in self.links:
            if part in address:
                return address
        raise MachineError(f"{self.url} has no link to …{part}…; it says: {self.words[:200]}")


class Browser:
    """One person's browser, with its own cookies."""

    def __init__(self, address: str, *, locale: str = "en") -> None:
        self._client = httpx.Client(
            base_url=address, follow_redirects=True, timeout=60, headers={"Accept-Language": locale}
        )

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def open(self, address: str) -> Page:
        """Go to an address."""
        return _page(self._client.get(address))

    def submit(
        self,
        page: Page,
        form: Form,
        typed: Mapping[str, str | Sequence[str]] | None = None,
        files: Mapping[str, Sequence[Path]] | None = None,
    ) -> Page:
        """Send a form with what was typed into it; PageRefused where the answer is an error."""
        values: dict[str, str | list[str]] = {name: list(chosen) for name, chosen in form.values.items()}
        for name, value in (typed or {}).items():
            if name not in form.names:
                raise MachineError(f"{page.url} has no field {name}; it has {', '.join(sorted(form.names))}")
            values[name] = value if isinstance(value, str) else list(value)
        address = str(httpx.URL(page.url).join(form.action))
        if form.method == "get":
            return _page(self._client.get(address, params=values))
        parts = [
            (name, (path.name, path.read_bytes(), "image/jpeg"))
            for name, paths in (files or {}).items()
            for path in paths
        ]
        empty = [(name, ("", b"", "application/octet-stream")) for name in form.files if name not in (files or {})]
        origin = str(httpx.URL(page.url).join("/")).rstrip("/")
        sent = self._client.post(address, data=values, files=parts + empty or None, headers={"Origin": origin})
        return _page(sent)


def _page(answer: httpx.Response) -> Page:
    reader = _Reader(Page(str(answer.url), answer.status_code))
    reader.feed(answer.text)
    page = reader.page
    page.words = " ".join(page.words.split())
    if answer.is_error:
        raise PageRefused(f"{answer.status_code}: {' '.join(page.alerts) or page.words[:300]}")
    return page


class _Reader(HTMLParser):
    """Reads one page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self._form: Form | None = None
        self._skipping = 0
        self._alert_depth: int | None = None
        self._depth = 0
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("script", "style"):
            self._skipping += 1
        if tag == "a" and "href" in given:
            self.page.links.append((given["href"], ""))
        if given.get("role") == "alert":
            self.page.alerts.append("")
            self._alert_depth = self._depth
        if tag not in _VOID:
            self._depth += 1
        if tag == "input" and "readonly" in given:
            self.page.shown.append((given.get("id", ""), given.get("value", "")))
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.page.forms.append(self._form)
        elif self._form is not None:
            self._read_field(self._form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        self._depth -= 1
        if self._alert_depth is not None and self._depth <= self._alert_depth:
            self._alert_depth = None
        if tag in ("script", "style"):
            self._skipping -= 1
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._skipping:
            return
        self.page.words += data + " "
        if self._alert_depth is not None:
            self.page.alerts[-1] += " ".join(data.split()) + " "

    def _read_field(self, form: Form, tag: str, given: Mapping[str, str]) -> None:
        name = given.get("name", "")
        if tag == "option" and self._select is not None:
            self._read_option(form, self._select, given)
        elif name:
            form.names.add(name)
            if tag == "select":
                self._select = name
            elif tag == "textarea":
                form.values.setdefault(name, []).append("")
            elif tag == "input":
                _read_input(form, name, given)

    def _read_option(self, form: Form, select: str, given: Mapping[str, str]) -> None:
        offered = given.get("value", "")
        form.offers.setdefault(select, []).append(offered)
        if select not in form.values or "selected" in given:
            form.values[select] = [offered]


def _read_input(form: Form, name: str, given: Mapping[str, str]) -> None:
    kind = given.get("type", "text")
    if kind == "file":
        form.files.append(name)
        return
    if kind in _UNCHECKED:
        form.offers.setdefault(name, []).append(given.get("value", "on"))
        if "checked" not in given:
            return
    form.values.setdefault(name, []).append(given.get("value", "on" if kind in _UNCHECKED else ""))


_VOID = frozenset({"input", "br", "img", "meta", "link", "hr", "source", "wbr"})
