"""Errors as pages, in the language of whoever meets them."""

from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from service.edges.problems import InvalidRequest, headers_of
from service.errors import AnmenError, NotFound, NotSignedIn, SealBroken, TooLarge, TooMany
from service.portals.rendering import draw
from service.portals.rules import choose_locale
from service.portals.translation import N_, Words, words_for
from service.portals.visits import LANGUAGE_COOKIE, Visit

SIGN_IN = "/sign-in"
_ADVICE = {
    403: N_("If you think you should be, ask whoever gave you your account."),
    404: N_("The address may be mistyped, or what was there has ended."),
    410: N_("An invitation works once and for a limited time. Ask your landlord for a new one; it takes a minute."),
    413: N_("Choose smaller photographs, or let the telephone take them at a lower resolution."),
    429: N_("You can try again in {minutes} min."),
    500: N_("It is not your fault, and nothing you did before is lost. Please try again in a moment."),
    503: N_("Please try again in a moment. The doors do not wait for this page: they open as always."),
}
_STRANGER = {"asking": None, "csrf": "", "here": "/", "menu": (), "flash": None, "wide": False}


def error_page(request: Request, error: AnmenError) -> Response:
    """A page that says what happened and what to do; where nobody is signed in, the way to the sign-in page."""
    if request.headers.get("accept") == "text/event-stream":
        return PlainTextResponse(error.title, error.status, headers=headers_of(error))
    if isinstance(error, InvalidRequest) and request.method == "GET":
        error = NotFound()  # a mistyped address, not something that was filled in
    if isinstance(error, NotSignedIn) and request.url.path != SIGN_IN:
        return _to_sign_in(request)
    visit: Visit | None = getattr(request.state, "visit", None)
    words = visit.words if visit else _words_of_stranger(request)
    values = _sentences(error, words)
    if visit:
        response = visit.page("error.html", status=error.status, here="/", **values)
    else:
        response = HTMLResponse(
            draw("error.html", words.locale, {**_STRANGER, **values, "status": error.status}), error.status
        )
    response.headers.update(headers_of(error))
    return response


def _sentences(error: AnmenError, words: Words) -> dict[str, str]:
    advice = _ADVICE.get(error.status, "")
    minutes = -(-error.retry_after_s // 60) if isinstance(error, TooMany) else 0
    return {
        "title": words.say(error.title),
        # How many bytes were too many helps nobody, nor which seal is broken; the advice does.
        "text": "" if isinstance(error, TooLarge | SealBroken) else words.say(error.text, **error.values),
        "advice": words.say(advice, minutes=minutes),
    }


def _to_sign_in(request: Request) -> Response:
    on = f"?next={quote(request.url.path)}" if request.method == "GET" and request.url.path != "/" else ""
    return RedirectResponse(SIGN_IN + on, 303)


def _words_of_stranger(request: Request) -> Words:
    cookie = request.cookies.get(LANGUAGE_COOKIE)
    return words_for(choose_locale(None, cookie, request.headers.get("accept-language")))
