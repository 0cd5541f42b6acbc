"""Things shown once (a link, a PIN): carried over the redirect in a sealed cookie that the page which shows them takes away."""

import base64
import json
from datetime import datetime, timedelta

from fastapi.responses import Response

from service.edges.keyring import Keyring, Root
from service.errors import SealBroken
from service.portals.visits import Visit

_COOKIE = "anmen_once"
_SEALED_AS = "shown once"
_KEPT_S = 300


def hand_over(visit: Visit, response: Response, path: str, text: str) -> None:
    """Let the page at `path` show the text, once, within five minutes and in this browser only."""
    expires_at = visit.now + timedelta(seconds=_KEPT_S)
    plain = json.dumps({"text": text, "until": expires_at.timestamp()}).encode()
    sealed = visit.parts.keyring.seal(Root.PEOPLE, _SEALED_AS, plain, row=path)
    value = base64.urlsafe_b64encode(sealed).decode()
    response.set_cookie(_COOKIE, value, max_age=_KEPT_S, path=path, httponly=True, samesite="lax", secure=visit.secure)


def handed_over(visit: Visit) -> str | None:
    """What was handed over to the page asked for; None where it was shown already, or never was."""
    value = visit.request.cookies.get(_COOKIE)
    return _opened(value, visit.parts.keyring, visit.request.url.path, visit.now) if value else None


def forget(visit: Visit, response: Response) -> None:
    """It has been shown."""
    response.delete_cookie(_COOKIE, path=visit.request.url.path, httponly=True, samesite="lax")


def _opened(value: str, keyring: Keyring, path: str, now: datetime) -> str | None:
    try:
        sealed = base64.urlsafe_b64decode(value)
        kept = json.loads(keyring.open(Root.PEOPLE, _SEALED_AS, sealed, row=path))
    except (ValueError, SealBroken):
        return None
    return str(kept["text"]) if now.timestamp() < kept["until"] else None
