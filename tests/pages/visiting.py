"""What the browser tests do and look at on a page."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from tests import given

_AXE = Axe()
SMALL = {"width": 360, "height": 640}

# What is wrong with a page for somebody who hears it, taps it with a thumb, or sees little. Texts are judged by WCAG 2.2 AA.
_WRONG = """() => {
  const wrong = [], visible = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest(".skip, .unseen");
  const name = (e) => `${e.tagName.toLowerCase()} ${e.id || e.name || ""} "${(e.textContent || "").trim().slice(0, 30)}"`;
  const width = document.scrollingElement.scrollWidth;
  if (width > innerWidth) wrong.push(`scrolls sideways: ${width}`);
  if (!document.documentElement.lang || !document.title || document.querySelectorAll("h1").length !== 1) wrong.push("lang, title, h1");
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!e.labels.length && !e.ariaLabel) wrong.push(`no label: ${name(e)}`);
  for (const e of document.querySelectorAll("button, a[href]"))
    if (visible(e) && !e.textContent.trim() && !e.ariaLabel) wrong.push(`no words: ${name(e)}`);
  const typed = "select, textarea, input:not([type=hidden], [type=checkbox], [type=radio])";
  for (const e of document.querySelectorAll(`button, .button, .way, .tap, nav a, summary, .pick, ${typed}`))
    if (visible(e) && e.getBoundingClientRect().height < 43.9) wrong.push(`small target: ${name(e)}`);
  for (const e of document.querySelectorAll("[id]"))
    if (document.querySelectorAll(`[id="${e.id}"]`).length > 1) wrong.push(`id twice: ${e.id}`);
  for (const e of document.querySelectorAll("[aria-describedby], label[for]"))
    for (const id of (e.getAttribute("aria-describedby") || e.htmlFor).split(" "))
      if (!document.getElementById(id)) wrong.push(`points nowhere: ${id}`);
  for (const e of document.querySelectorAll(":is(table, .card, .once, .notice, .way) *"))
    if (visible(e) && e.getBoundingClientRect().right > e.closest("table, .card, .once, .notice, .way").getBoundingClientRect().right + 1)
      wrong.push(`cut off: ${name(e)}`);
  const light = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const ground = (e) => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0.99) return c; } return [255, 255, 255]; };
  for (const e of document.querySelectorAll("body *")) {
    if (!visible(e) || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || e.closest("svg")) continue;
    const style = getComputedStyle(e), pair = [luminance(parse(style.color)), luminance(ground(e))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05), large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) wrong.push(`contrast ${ratio.toFixed(2)}: ${name(e)}`);
  }
  return wrong;
}"""


def sign_in(page: Page, address: str, login: str, password: str = given.PASSWORD) -> None:
    """Sign in as a person would."""
    page.goto(f"{address}/sign-in")
    page.fill("#login", login)
    page.fill("#password", password)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def choose(page: Page, locale: str) -> None:
    """Have the page in this language."""
    button = page.locator(f"button[name=locale][value={locale}]")
    if button.count():
        button.click()


def listen(page: Page) -> list[str]:
    """What the page says in the console from now on, violations of the content policy included."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def wrong_with(page: Page) -> list[str]:
    """Everything that keeps people out."""
    found: list[str] = page.evaluate(_WRONG)
    return found


def wrong_for_axe(page: Page) -> list[str]:
    """What axe-core finds, best practices among it; contrast is measured by `wrong_with`, in each colour scheme."""
    options = {"rules": {"color-contrast": {"enabled": False}}, "resultTypes": ["violations"]}
    found = _AXE.run(page, options=options).response["violations"]
    return [f"axe {one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def reached_by_tab(page: Page) -> tuple[set[str], set[str]]:
    """What there is to reach by keyboard, and what the Tab key reaches; radio buttons of one name are one stop."""
    key = "(e) => e.name ? `${e.name}` + (e.type === 'radio' ? '' : `=${e.value}`) : e.href || e.textContent.trim()"
    there: list[str] = page.evaluate(
        f"""() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
            .filter((e) => e.checkVisibility() && !e.disabled).map({key})"""
    )
    reached: set[str] = set()
    for _ in range(len(there) + 5):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(f"() => ({key})(document.activeElement)"))
    return set(there), reached


def small(context_locale: str, *, dark: bool = False) -> dict[str, Any]:
    """Arguments of a browser context: a small telephone in this language."""
    return {"viewport": SMALL, "locale": context_locale, "color_scheme": "dark" if dark else "light"}


def close(contexts: list[BrowserContext]) -> None:
    """Close them all."""
    for context in contexts:
        context.close()
