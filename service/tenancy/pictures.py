"""The pictures of a registration: looked at in turns, before the request's transaction begins, and gone afterwards."""

from collections.abc import Sequence

from fastapi import UploadFile

from service.edges.requests import Parts
from service.edges.uploads import read_upload
from service.errors import Gone
from service.faces.actions import prepare_enrolment, thresholds_for
from service.faces.rules import FaceRefusal, Prepared
from service.tenancy.actions import is_genuine_form_token


def look_at(
    parts: Parts, form_token: str, *, frames: Sequence[UploadFile], portrait: UploadFile | None
) -> Prepared | FaceRefusal | None:
    """Look at the pictures of a registration; None where there are none.

    Gone for a token that this service never made, so that strangers' pictures cost us nothing; TooMany where many are
    being looked at already.
    """
    if not frames and portrait is None:
        return None
    if not is_genuine_form_token(form_token, parts.keyring):
        raise Gone("The time for this form is over. Ask your landlord for a new link.", code="form_dead")
    limit, settings = parts.settings.upload_limit_bytes, parts.settings
    thresholds = thresholds_for(
        parts.faces, accept=settings.face_one_to_one_accept, review=settings.face_one_to_one_review
    )
    with parts.face_work.turn():
        return prepare_enrolment(
            parts.faces,
            frames=[read_upload(frame, limit_bytes=limit) for frame in frames],
            portrait=b"" if portrait is None else read_upload(portrait, limit_bytes=limit),
            thresholds=thresholds,
        )
