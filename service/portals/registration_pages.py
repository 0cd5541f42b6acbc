"""What somebody with an invitation sees: the room, the choice of a way in, the form, and what became of it.

Nobody is signed in here. The link's token is exchanged for a form's token when the link is first opened; from then on
it lives in a cookie that only these pages are sent.
"""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from service.accounts.signed_in import checked_form
from service.consent.rules import Purpose
from service.consent.wording import read_wording
from service.edges.transaction import SYSTEM, transaction
from service.errors import BadInput, Conflict, Gone, TooMany
from service.faces import actions as faces
from service.faces.rules import FaceRefusal, Prepared
from service.people.rules import DocumentType
from service.portals import forms, once
from service.portals.forms import Answers, Form, Sent, SentForm
from service.portals.leases import days_of
from service.portals.registration_forms import (
    FRAMES,
    PORTRAIT,
    Pictures,
    Way,
    read_form,
    said,
    said_of_pictures,
    wrong_with,
)
from service.portals.visits import StrangerVisit, Visit
from service.tenancy import actions as tenancy
from service.tenancy.actions import Invited, Registered
from service.tenancy.rules import STALE_AFTER, InvitationState, RegistrationForm

router = APIRouter(include_in_schema=False)
FORM_COOKIE = "anmen_form"
_START = "/registration"
_DONE = "/registration/done"


@router.get("/i/{token}")
def open_invitation(visit: StrangerVisit, token: str) -> Response:
    """Exchange the link, once, and go on to an address without it; whoever has exchanged it already just goes on."""
    if "prefetch" in visit.request.headers.get("sec-purpose", visit.request.headers.get("purpose", "")):
        return Response(status_code=204)  # looking ahead is not opening
    parts, response = visit.parts, visit.go(_START)
    try:
        with transaction(parts.database, SYSTEM) as session:
            form_token = tenancy.open_invitation(
                session,
                token,
                keyring=parts.keyring,
                form_lifetime_s=parts.settings.registration_form_lifetime_s,
                now=visit.now,
            )
    except Gone:
        if FORM_COOKIE not in visit.request.cookies:
            raise
        _invited(visit)
        return response
    response.set_cookie(
        FORM_COOKIE,
        form_token,
        max_age=int(STALE_AFTER.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=visit.secure,
    )
    return response


@router.get(_START)
def show_invitation(visit: StrangerVisit) -> Response:
    """The room, what is needed, and the two ways in; or what became of a registration that was sent."""
    invited = _invited(visit)
    if invited.registration is not None:
        return visit.page("registration_sent.html", invited=invited, state=invited.registration)
    return visit.page("invited.html", **_place(invited))


@router.get(_DONE)
def show_done(visit: StrangerVisit) -> Response:
    """The PIN, once, and what happens now."""
    _invited(visit)
    response = visit.page("registered.html", pin=once.handed_over(visit))
    once.forget(visit, response)
    return response


@router.get("/registration/{way}")
def show_form(visit: StrangerVisit, way: Way) -> Response:
    """The form for this way in."""
    return _form(visit, way, Form())


@router.post("/registration/{way}", dependencies=[checked_form])
def register(visit: StrangerVisit, way: Way, sent: SentForm) -> Response:
    """Take the registration, or show the form again with all that is wrong."""
    invited = _invited(visit)
    if sent.values["instead"] == Way.CARD:
        return _form(visit, Way.CARD, forms.filled(sent.values), invited)
    made = _take(visit, way, sent)
    if isinstance(made, Answers):
        return _form(visit, way, _again(sent, made), invited)
    response = visit.go(_DONE)
    once.hand_over(visit, response, _DONE, made.pin)
    return response


def _take(visit: Visit, way: Way, sent: Sent) -> Registered | Answers:
    """The registration, or what is wrong by field. Pictures are looked at last, and before the action's first query."""
    limit = visit.parts.settings.upload_limit_bytes
    pictures = Pictures({name: sent.picture(name, limit_bytes=limit) for name in (PORTRAIT, *FRAMES)}, limit)
    try:
        form = read_form(sent.values, way, visit.words.locale)
        wrong = wrong_with(form, pictures, way, visit.now)
        if wrong:
            return said(wrong, visit.words)
        prepared = _look_at(visit, pictures) if way is Way.FACE else None
        if isinstance(prepared, FaceRefusal):
            return said_of_pictures(prepared, visit.words)
        return _register(visit, form, prepared)
    except (BadInput, Conflict, TooMany) as error:
        return said({error.field or "": error}, visit.words)


def _look_at(visit: Visit, pictures: Pictures) -> Prepared | FaceRefusal:
    parts = visit.parts
    thresholds = faces.thresholds_for(
        parts.faces, accept=parts.settings.face_one_to_one_accept, review=parts.settings.face_one_to_one_review
    )
    with parts.face_work.turn():
        return faces.prepare_enrolment(
            parts.faces, frames=pictures.frames, portrait=pictures.portrait, thresholds=thresholds
        )


def _register(visit: Visit, form: RegistrationForm, prepared: Prepared | None) -> Registered:
    with transaction(visit.parts.database, SYSTEM) as session:
        return tenancy.register_tenant(
            session, _form_token(visit), form, prepared, keyring=visit.parts.keyring, now=visit.now
        )


def _invited(visit: Visit) -> Invited:
    """The invitation behind the form; Gone where there is none, or its time is over."""
    with transaction(visit.parts.database, SYSTEM) as session:
        found = tenancy.invited_by_form(session, _form_token(visit), keyring=visit.parts.keyring, now=visit.now)
    if found.state in {InvitationState.WITHDRAWN, InvitationState.EXPIRED}:
        raise Gone("The time for this form is over. Ask your landlord for a new link.", code="form_dead")
    return found


def _form_token(visit: Visit) -> str:
    token = visit.request.cookies.get(FORM_COOKIE, "")
    if not tenancy.is_genuine_form_token(token, visit.parts.keyring):
        raise Gone("Please open the link of your invitation in this browser first.", code="no_form")
    return token


def _form(visit: Visit, way: Way, form: Form, invited: Invited | None = None) -> Response:
    locale = visit.words.locale
    return visit.page(
        "registration_form.html",
        status=form.status,
        form=form,
        way=way,
        document_types=list(DocumentType),
        register_wording=_paragraphs(Purpose.REGISTER, locale),
        face_wording=_paragraphs(Purpose.FACE, locale),
        **_place(invited or _invited(visit)),
    )


def _again(sent: Sent, wrong: Answers) -> Form:
    """The form as it was sent, without the password; the pictures are lost."""
    typed = Answers({name: value for name, value in sent.values.items() if name != "password"})
    return Form(typed, wrong, files_lost=bool(sent.files))


def _place(invited: Invited) -> dict[str, Any]:
    first_day, last_day = days_of(invited.invitation.span)
    return {"invited": invited, "first_day": first_day, "last_day": last_day}


def _paragraphs(purpose: Purpose, locale: str) -> list[str]:
    return [line for line in read_wording(purpose, locale).splitlines() if line.strip()]
