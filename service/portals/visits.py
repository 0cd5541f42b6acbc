"""One request for a page: who looks, in which language, and how an answer is made for them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session

from service.accounts.rules import Actor, Role
from service.accounts.signed_in import Csrf, Visitor, check_is
from service.edges.requests import CurrentParts, Now, Parts
from service.errors import NotFound, NotSignedIn
from service.people.rules import PersonId
from service.portals.rendering import draw
from service.portals.rules import choose_locale
from service.portals.translation import N_, Words, words_for

LANGUAGE_COOKIE = "anmen_language"
SAID_COOKIE = "anmen_said"
_YEAR_S = 365 * 86400
# A number in a path that can be a row's id at all.
ID = Path(gt=0, lt=2**63)


class Said(StrEnum):
    """What the next page says of what was just done: a word from this list, so that no address or cookie holds a name."""

    INVITATION_WITHDRAWN = "invitation_withdrawn"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    TENANCY_ENDED = "tenancy_ended"
    END_STATED = "end_stated"
    END_TAKEN_BACK = "end_taken_back"
    STAYS = "stays"
    MOVED_OUT = "moved_out"
    FACE_WITHDRAWN = "face_withdrawn"
    LOCK_SETTLED = "lock_settled"
    ORDERED = "ordered"
    ALARM_ATTENDED = "alarm_attended"
    ALARM_CLOSED = "alarm_closed"
    PASSAGE_SET = "passage_set"
    PASSAGE_ENDED = "passage_ended"
    LOCK_HUNG = "lock_hung"
    LOCK_REVOKED = "lock_revoked"
    LOCK_REPORTED = "lock_reported"
    LOCK_REPORT_WITHDRAWN = "lock_report_withdrawn"
    LOCK_FOUND = "lock_found"
    REPORT_ANSWERED = "report_answered"
    HOUSE_TAKEN_OVER = "house_taken_over"
    TRANSFER_CALLED_OFF = "transfer_called_off"
    VISIT_ENDED = "visit_ended"
    SIGNED_OUT = "signed_out"


_SENTENCES: dict[str, str] = {
    Said.INVITATION_WITHDRAWN: N_("The invitation is withdrawn."),
    Said.CONFIRMED: N_("Confirmed. The lock is being told; below you see when it has answered."),
    Said.REFUSED: N_("Refused. What the person had sent is not used."),
    Said.TENANCY_ENDED: N_("The tenancy has ended. Below you see which lock has confirmed it."),
    Said.END_STATED: N_("The tenant can see now what you said. Below you see what happens next."),
    Said.END_TAKEN_BACK: N_("Taken back. The tenancy goes on."),
    Said.STAYS: N_("Your tenancy goes on. Your landlord and the grid staff can see that you still live here."),
    Said.MOVED_OUT: N_("Your tenancy has ended. Below you see which lock has confirmed it."),
    Said.FACE_WITHDRAWN: N_(
        "Your face is erased here and is being deleted from the locks. Card and PIN go on opening."
    ),
    Said.ALARM_ATTENDED: N_("Noted that you see to it. Others can see that now."),
    Said.ALARM_CLOSED: N_("The alarm is closed."),
    Said.PASSAGE_SET: N_("The lock is being told. Below you see when it has the new hours."),
    Said.PASSAGE_ENDED: N_("The lock is being told to keep the door locked."),
    Said.LOCK_HUNG: N_(
        "The lock hangs there now. Cards and faces are on their way to it; each tenant makes a new PIN on the own page."
    ),
    Said.LOCK_REVOKED: N_("The lock is shut out."),
    Said.LOCK_REPORTED: N_("Reported. Those who live there and the police of the area see what you have stated."),
    Said.LOCK_REPORT_WITHDRAWN: N_("The report is taken back."),
    Said.LOCK_FOUND: N_("The lock is heard again. Now empty it, release it, and claim it anew with its next code."),
    Said.REPORT_ANSWERED: N_("Noted. Below you see how many rooms have said what."),
    Said.LOCK_SETTLED: N_("Noted that you have seen to the lock."),
    Said.ORDERED: N_("The lock is being told. Below you see what it answers."),
    Said.HOUSE_TAKEN_OVER: N_("The house is yours. Below you see who lives there and what waits for you."),
    Said.TRANSFER_CALLED_OFF: N_("Called off. The house stays with its landlord, and the code is worth nothing."),
    Said.VISIT_ENDED: N_("The visitor's PIN is taken back. Below you see whether a lock still has to confirm it."),
    Said.SIGNED_OUT: N_("You are signed out."),
}


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One way in the menu."""

    path: str
    title: str


_MENUS: dict[Role, tuple[MenuEntry, ...]] = {
    Role.LANDLORD: (MenuEntry("/rooms", N_("Rooms")), MenuEntry("/transfers", N_("Houses sold and taken over"))),
    Role.TENANT: (MenuEntry("/me", N_("My page")), MenuEntry("/me/entries", N_("My entries"))),
    Role.GRID_WORKER: (
        MenuEntry("/areas", N_("Overview")),
        MenuEntry("/alarms", N_("Alarms")),
        MenuEntry("/inquiries", N_("My inquiries")),
        MenuEntry("/endings", N_("Said to be over")),
    ),
    Role.OFFICER: (
        MenuEntry("/areas", N_("Overview")),
        MenuEntry("/alarms", N_("Alarms")),
        MenuEntry("/inquiries", N_("My inquiries")),
        MenuEntry("/endings", N_("Said to be over")),
        MenuEntry("/doubts", N_("Locks in doubt")),
    ),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at a page; `asking` is None for strangers."""

    request: Request
    asking: Actor | None
    csrf: str
    parts: Parts
    now: datetime

    @property
    def words(self) -> Words:
        """In which language the page speaks."""
        account = self.asking.locale if self.asking else None
        cookie = self.request.cookies.get(LANGUAGE_COOKIE)
        return words_for(choose_locale(account, cookie, self.request.headers.get("accept-language")))

    @property
    def actor(self) -> Actor:
        """Who is signed in; NotSignedIn where nobody is."""
        if self.asking is None:
            raise NotSignedIn
        return self.asking

    def page(self, template: str, *, status: int = 200, here: str | None = None, **values: Any) -> HTMLResponse:
        """The page. `here` is where the language switch comes back to: the path asked for unless said otherwise."""
        path = here or self.request.url.path
        said = self.request.cookies.get(SAID_COOKIE)
        ground = {
            "asking": self.asking,
            "csrf": self.csrf,
            "here": path,
            "now": self.now,
            "status": status,
            "menu": _MENUS[self.asking.role] if self.asking else (),
            "flash": _SENTENCES.get(said or ""),
            "wide": False,
        }
        response = HTMLResponse(draw(template, self.words.locale, ground | values), status)
        response.headers["Content-Language"] = self.words.tag
        if said:
            response.delete_cookie(SAID_COOKIE, httponly=True, samesite="lax")
        return response

    def go(self, path: str, said: Said | None = None) -> RedirectResponse:
        """On to another page, by GET, so that reloading it sends nothing again."""
        response = RedirectResponse(path, 303)
        if said is not None:
            response.set_cookie(SAID_COOKIE, said, max_age=60, httponly=True, samesite="lax", secure=self.secure)
        return response

    def react(self, session: Session, event: object) -> None:
        """Let what an action returned have its consequences, in the same transaction. The table stands above the pages."""
        self.parts.react(session, event, self.now)

    @property
    def secure(self) -> bool:
        """Whether cookies may travel over HTTPS only."""
        return self.parts.settings.public_url.startswith("https:")


def person_of(visit: Visit) -> PersonId:
    """The person whose account is signed in; NotFound for an account without one."""
    if visit.actor.person_id is None:
        raise NotFound
    return visit.actor.person_id


def set_language(response: RedirectResponse, locale: str, *, secure: bool) -> None:
    """Let the browser remember the language, for pages where nobody is signed in."""
    response.set_cookie(LANGUAGE_COOKIE, locale, max_age=_YEAR_S, httponly=True, samesite="lax", secure=secure)


def _visit(request: Request, asking: Visitor, csrf: Csrf, parts: CurrentParts, now: Now) -> Visit:
    visit = Visit(request, asking, csrf, parts, now)
    request.state.visit = visit  # for the error page, should it come to one
    return visit


def _stranger(request: Request, csrf: Csrf, parts: CurrentParts, now: Now) -> Visit:
    visit = Visit(request, None, csrf, parts, now)
    request.state.visit = visit
    return visit


# For pages behind an invitation link: nobody is asked for, and no transaction is open before one is needed.
StrangerVisit = Annotated[Visit, Depends(_stranger)]
AnyVisit = Annotated[Visit, Depends(_visit)]


def _landlord(visit: AnyVisit) -> Visit:
    check_is(visit.actor, Role.LANDLORD)
    return visit


def _tenant(visit: AnyVisit) -> Visit:
    check_is(visit.actor, Role.TENANT)
    return visit


def _staff(visit: AnyVisit) -> Visit:
    check_is(visit.actor, Role.GRID_WORKER, Role.OFFICER)
    return visit


LandlordVisit = Annotated[Visit, Depends(_landlord)]
TenantVisit = Annotated[Visit, Depends(_tenant)]
StaffVisit = Annotated[Visit, Depends(_staff)]
