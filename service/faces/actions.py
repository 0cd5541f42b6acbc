"""From somebody's pictures to a sealed template, and back to nothing.

The pictures are looked at before the first query and never stored: what goes on from here is one template and how
certain the comparison with the document's portrait was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

import numpy as np
from sqlmodel import Session

from face_engine import (
    PORTRAIT_LIMITS,
    EnrolmentProblem,
    EnrolmentRefused,
    FaceEngine,
    FaceProblem,
    Image,
    ImageProblem,
    Match,
    TemplateError,
    Thresholds,
    UnusableImage,
    compare_one_to_one,
    decode_image,
    find_one_face,
    pack_template,
    unpack_template,
)
from face_engine import enrol as enrol_frames
from service.audit.actions import record
from service.audit.rules import Act
from service.consent import actions as consent
from service.consent.rules import Purpose, Standing
from service.edges.keyring import Keyring, Root
from service.errors import Conflict
from service.faces import records
from service.faces.rules import (
    LEAST_FRAMES,
    MOST_FRAMES,
    FaceFault,
    FaceReason,
    FaceRefusal,
    Limits,
    Picture,
    Prepared,
    Receipt,
    Template,
    read_template,
    score_band,
    write_template,
)
from service.people.rules import PersonId, Proof, ProofKind, Verdict

_SEALED_AS = "face template"
_TOO_LARGE = frozenset({ImageProblem.TOO_MANY_BYTES, ImageProblem.TOO_MANY_PIXELS})
_REASONS: Mapping[FaceProblem | EnrolmentProblem, FaceReason] = MappingProxyType(
    {problem: FaceReason(problem.value) for problem in (*FaceProblem, *EnrolmentProblem)}
)


def prepare_enrolment(
    engine: FaceEngine, *, frames: Sequence[bytes], portrait: bytes, thresholds: Thresholds | None = None
) -> Prepared | FaceRefusal:
    """Look at at least three live pictures and the document's portrait; pure image work, some 100 ms to 1 s.

    A comparison below the review threshold is refused; between review and accept it is Prepared with REVIEW, and a
    person must decide.
    """
    if not LEAST_FRAMES <= len(frames) <= MOST_FRAMES:
        reason = FaceReason.TOO_FEW_FRAMES if len(frames) < LEAST_FRAMES else FaceReason.TOO_MANY_FRAMES
        return FaceRefusal((FaceFault(reason),))
    live = [_decode(raw, Picture.LIVE, number) for number, raw in enumerate(frames, start=1)]
    document = _decode(portrait, Picture.PORTRAIT, None)
    faults = tuple(one for one in (*live, document) if isinstance(one, FaceFault))
    if faults or isinstance(document, FaceFault):
        return FaceRefusal(faults)
    images = [one for one in live if not isinstance(one, FaceFault)]
    return _compare(engine, images, document, thresholds or engine.thresholds)


def thresholds_for(engine: FaceEngine, *, accept: float | None, review: float | None) -> Thresholds:
    """The engine's own 1:1 thresholds, or a deployment's instead (settings); ValueError where review is above accept."""
    own = engine.thresholds
    chosen = replace(
        own,
        one_to_one_accept=own.one_to_one_accept if accept is None else accept,
        one_to_one_review=own.one_to_one_review if review is None else review,
    )
    if chosen.one_to_one_review > chosen.one_to_one_accept:
        raise ValueError("the review threshold is above the accept threshold")
    return chosen


def _compare(
    engine: FaceEngine, frames: Sequence[Image], portrait: Image, thresholds: Thresholds
) -> Prepared | FaceRefusal:
    enrolled = enrol_frames(engine, frames, thresholds=thresholds)
    if isinstance(enrolled, EnrolmentRefused):
        return FaceRefusal(
            tuple(FaceFault(_REASONS[fault.problem], Picture.LIVE, fault.frame + 1) for fault in enrolled.faults)
        )
    on_document = find_one_face(engine, portrait, limits=PORTRAIT_LIMITS)
    if isinstance(on_document, FaceProblem):
        return FaceRefusal((FaceFault(_REASONS[on_document], Picture.PORTRAIT),))
    verdict = compare_one_to_one(engine, enrolled.embedding, on_document.embedding, thresholds=thresholds)
    if verdict.match is Match.NO_MATCH:
        return FaceRefusal((FaceFault(FaceReason.NO_MATCH, Picture.PORTRAIT),))
    floats = np.asarray(enrolled.embedding, "<f4").tobytes()
    limits = Limits(thresholds.one_to_one_accept, thresholds.one_to_one_review)
    proof = Proof(
        kind=ProofKind.FACE_TO_DOCUMENT,
        verdict=Verdict(verdict.match.value),
        engine=engine.name.value,
        score_band=score_band(verdict.score, limits),
    )
    return Prepared(Template(engine.name.value, pack_template(engine, enrolled.embedding), floats), proof)


def _decode(raw: bytes, picture: Picture, frame: int | None) -> Image | FaceFault:
    try:
        return decode_image(raw)
    except UnusableImage as unusable:
        if unusable.reason in _TOO_LARGE:
            return FaceFault(FaceReason.PICTURE_TOO_LARGE, picture, frame)
        small = unusable.reason is ImageProblem.TOO_FEW_PIXELS
        return FaceFault(FaceReason.TOO_SMALL if small else FaceReason.UNUSABLE_PICTURE, picture, frame)


def enrol(session: Session, person_id: PersonId, template: Template, *, keyring: Keyring, now: datetime) -> None:
    """Keep the template, sealed, instead of any older one; Conflict without standing consent (see `consent.hold`)."""
    if consent.standing(session, person_id)[Purpose.FACE] is not Standing.GIVEN:
        raise Conflict("There is no consent to keep this face.", code="no_face_consent")
    records.erase_enrolments(session, person_id, now)
    sealed = keyring.seal(Root.PEOPLE, _SEALED_AS, write_template(template), row=str(person_id))
    records.append_enrolment(session, person_id, template.engine, sealed, now)
    record(session, None, Act.FACE_ENROLLED, person_id, now=now, engine=template.engine)


def read_packed(engine: FaceEngine, packed: bytes) -> Template | None:
    """What a lock has made, as if it had been made here, up to rounding; None where it is damaged or of another engine."""
    try:
        made = unpack_template(packed, engine=engine)
    except TemplateError:
        return None
    return Template(engine.name.value, packed, np.asarray(made.embedding, "<f4").tobytes())


def is_somebody_else(engine: FaceEngine, one: Template, other: Template) -> bool:
    """Whether two templates of this engine are surely not of one person; False where one is of another engine."""
    if {one.engine, other.engine} != {engine.name.value}:
        return False
    a, b = (np.frombuffer(each.floats, "<f4").astype(np.float32) for each in (one, other))
    return compare_one_to_one(engine, a, b).match is Match.NO_MATCH


def template_of(session: Session, person_id: PersonId, *, keyring: Keyring) -> Template | None:
    """The person's template, for another lock; None where there is none, or its consent does not stand at this moment."""
    if consent.standing(session, person_id)[Purpose.FACE] is not Standing.GIVEN:
        return None
    found = records.find_enrolment(session, person_id)
    if found is None:
        return None
    engine, sealed = found
    return read_template(engine, keyring.open(Root.PEOPLE, _SEALED_AS, sealed, row=str(person_id)))


def erase(session: Session, person_id: PersonId, *, now: datetime) -> Receipt:
    """Erase every template of the person and write the receipt into the ledger of consents; again is harmless."""
    erased = records.erase_enrolments(session, person_id, now)
    if consent.standing(session, person_id)[Purpose.FACE] in {Standing.GIVEN, Standing.WITHDRAWN}:
        consent.confirm_erased(session, person_id, Purpose.FACE, now=now)
    record(session, None, Act.FACE_ERASED, person_id, now=now, templates=erased)
    return Receipt(person_id, Purpose.FACE, erased, now)
