"""What stands before every route, as plain ASGI: what browsers are told, how much is read, and from where a form may come.

ASGI speaks async; these three only pass messages on and never wait for anything else.
"""

from collections.abc import Mapping, MutableMapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.edges.problems import Answer
from service.errors import NotAllowed, TooLarge

JSON_LIMIT_BYTES: Final = 256 * 1024
_READING_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds the headers that keep pages from being framed, scripted or kept where they should not be."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = dict(SECURITY_HEADERS)
        if https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; mark its answer."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, marked)


class BodyLimit:
    """Refuses a body that is too large before anything is made of it, whether its length was announced or not."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int, answer: Answer) -> None:
        self._app = app
        self._answer = answer
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its body up to the limit."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        is_form = headers.get("content-type", "").startswith("multipart/form-data")
        limit = self._limit_bytes if is_form else min(JSON_LIMIT_BYTES, self._limit_bytes)
        announced = headers.get("content-length", "0")
        if not announced.isdigit() or int(announced) > limit:
            return await self._answer(Request(scope), _too_large(limit))(scope, receive, send)
        return await self._app(scope, _up_to(limit, receive), send)


class SameOrigin:
    """Refuses a form that another site sent with our visitor's cookies; the JSON API takes no cookies and needs none of it."""

    def __init__(self, app: ASGIApp, *, public_url: str, answer: Answer) -> None:
        self._app = app
        self._answer = answer
        self._public_origin = _origin(public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what only reads, what bears a token of its own, and what our own pages send."""
        if scope["type"] == "http" and self._came_from_elsewhere(scope):
            error = NotAllowed("This form was sent by another site. Please open our page and send it from there.")
            return await self._answer(Request(scope), error)(scope, receive, send)
        return await self._app(scope, receive, send)

    def _came_from_elsewhere(self, scope: Scope) -> bool:
        if scope["method"] in _READING_METHODS or scope["path"].startswith("/api/"):
            return False
        headers = Headers(scope=scope)
        if site := headers.get("sec-fetch-site"):
            return site not in {"same-origin", "none"}
        origin = headers.get("origin")
        return origin is not None and origin not in {self._public_origin, f"{scope['scheme']}://{headers.get('host')}"}


def _up_to(limit: int, receive: Receive) -> Receive:
    read = 0

    async def limited() -> Message:
        nonlocal read
        message: MutableMapping[str, object] = await receive()
        if message["type"] == "http.request":
            body = message.get("body", b"")
            read += len(body) if isinstance(body, bytes) else 0
            if read > limit:
                raise HTTPException(TooLarge.status)
        return message

    return limited


def _too_large(limit: int) -> TooLarge:
    text = f"The request is larger than the {limit:,} bytes we take. Please send smaller pictures."
    return TooLarge(text, code="body_too_large")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
