"""Real photographs through the real engine: what is accepted, what is refused, and what the refusal says."""

from dataclasses import dataclass, replace

import pytest

from face_engine import FaceEngine
from service.faces.actions import prepare_enrolment, thresholds_for
from service.faces.rules import FaceFault, FaceReason, FaceRefusal, Picture, Prepared
from service.people.rules import Verdict
from tests.faces.collection import FOLDER, by_identity, photographs
from tests.faces.picture_bytes import png_bomb

pytestmark = pytest.mark.usefixtures("needs_photographs")


@dataclass(frozen=True, slots=True)
class Sitter:
    """One person's pictures as they were sent: three live ones and the portrait from the document's chip."""

    live: tuple[bytes, ...]
    portrait: bytes


@pytest.fixture(scope="module")
def needs_photographs() -> None:
    if not (FOLDER / "labels.csv").is_file():
        pytest.skip("needs the photographs in ../shared/faces")


def _bytes(file: str) -> bytes:
    return (FOLDER / file).read_bytes()


def _sitter(identity: str) -> Sitter:
    chip = next(one for one in photographs("idchip") if one.identity == identity)
    clean = [one for one in photographs("face") if one.identity == identity and one.file != chip.base]
    return Sitter(tuple(_bytes(one.file) for one in clean[:3]), _bytes(chip.file))


@pytest.fixture(scope="module")
def obama(needs_photographs: None) -> Sitter:
    return _sitter("Barack_Obama")


def test_a_person_with_their_own_document_is_enrolled(sface: FaceEngine, obama: Sitter) -> None:
    prepared = prepare_enrolment(sface, frames=obama.live, portrait=obama.portrait)
    assert isinstance(prepared, Prepared)
    assert prepared.proof.verdict is Verdict.MATCH
    assert prepared.proof.score_band in {3, 4}
    assert (len(prepared.template.packed), len(prepared.template.floats)) == (144, 512)


def test_another_persons_document_is_refused(sface: FaceEngine, obama: Sitter) -> None:
    other = _sitter("Tony_Blair")
    refused = prepare_enrolment(sface, frames=obama.live, portrait=other.portrait)
    assert refused == FaceRefusal((FaceFault(FaceReason.NO_MATCH, Picture.PORTRAIT),))
    assert "ID card and PIN" in refused.faults[0].advice.en


def test_between_the_thresholds_a_person_decides(sface: FaceEngine, obama: Sitter) -> None:
    strict = thresholds_for(sface, accept=0.999, review=None)
    prepared = prepare_enrolment(sface, frames=obama.live[:1] * 3, portrait=obama.portrait, thresholds=strict)
    assert isinstance(prepared, Prepared)
    assert prepared.proof.verdict is Verdict.REVIEW
    assert prepared.proof.score_band in {1, 2}


def _one_wrong(sitter: Sitter, wrong: bytes) -> tuple[bytes, ...]:
    return (sitter.live[0], wrong, sitter.live[2])


@pytest.mark.parametrize(
    ("file", "reasons"),
    [
        ("dark/Barack_Obama_obama2.jpg", {FaceReason.TOO_DARK}),
        ("blur/Barack_Obama_obama2.jpg", {FaceReason.BLURRED, FaceReason.NO_FACE}),
        ("multi/two_people.jpg", {FaceReason.SEVERAL_FACES}),
    ],
)
def test_a_picture_that_cannot_be_used_is_named(
    sface: FaceEngine, obama: Sitter, file: str, reasons: set[FaceReason]
) -> None:
    refused = prepare_enrolment(sface, frames=_one_wrong(obama, _bytes(file)), portrait=obama.portrait)
    assert isinstance(refused, FaceRefusal)
    (fault,) = refused.faults
    assert (fault.picture, fault.frame) == (Picture.LIVE, 2)
    assert fault.reason in reasons


def test_a_stranger_among_the_live_pictures_is_named(sface: FaceEngine, obama: Sitter) -> None:
    stranger = _sitter("Tony_Blair").live[0]
    refused = prepare_enrolment(sface, frames=_one_wrong(obama, stranger), portrait=obama.portrait)
    assert refused == FaceRefusal((FaceFault(FaceReason.ANOTHER_PERSON, Picture.LIVE, 2),))


@pytest.mark.parametrize("kind", ["nonface"])
def test_pictures_without_a_face_are_refused(sface: FaceEngine, obama: Sitter, kind: str) -> None:
    refused = [
        prepare_enrolment(sface, frames=_one_wrong(obama, _bytes(one.file)), portrait=obama.portrait)
        for one in photographs(kind)
    ]
    assert all(isinstance(one, FaceRefusal) for one in refused)


@pytest.mark.parametrize("raw", [b"", b"not a picture", b"GIF89a" + b"\0" * 40, png_bomb(20_000)])
def test_what_is_no_picture_is_refused_by_name(sface: FaceEngine, obama: Sitter, raw: bytes) -> None:
    refused = prepare_enrolment(sface, frames=_one_wrong(obama, raw), portrait=raw)
    assert isinstance(refused, FaceRefusal)
    assert {(one.picture, one.frame) for one in refused.faults} == {(Picture.LIVE, 2), (Picture.PORTRAIT, None)}
    assert {one.reason for one in refused.faults} <= {FaceReason.UNUSABLE_PICTURE, FaceReason.PICTURE_TOO_LARGE}


@pytest.mark.parametrize(("count", "reason"), [(2, FaceReason.TOO_FEW_FRAMES), (7, FaceReason.TOO_MANY_FRAMES)])
def test_three_to_six_live_pictures_are_wanted(
    sface: FaceEngine, obama: Sitter, count: int, reason: FaceReason
) -> None:
    refused = prepare_enrolment(sface, frames=obama.live[:1] * count, portrait=obama.portrait)
    assert refused == FaceRefusal((FaceFault(reason),))


def test_the_people_of_the_collection_pass_and_no_two_are_taken_for_one(sface: FaceEngine) -> None:
    """The product's own path over everybody with enough colour pictures: all against their own and the next one's document."""
    wanted = by_identity(photographs("face"), at_least=4)
    chips = {one.identity: one for one in photographs("idchip")}
    sitters = [_sitter(identity) for identity in sorted(wanted.keys() & chips.keys())[:12]]
    enrolled = [prepare_enrolment(sface, frames=one.live, portrait=one.portrait) for one in sitters]
    usable = [at for at, one in enumerate(enrolled) if isinstance(one, Prepared)]
    assert len(usable) >= 0.75 * len(sitters)
    for at in usable:
        crossed = prepare_enrolment(sface, frames=sitters[at].live, portrait=sitters[(at + 1) % len(sitters)].portrait)
        assert not (isinstance(crossed, Prepared) and crossed.proof.verdict is Verdict.MATCH)


def test_thresholds_that_contradict_each_other_are_refused(sface: FaceEngine) -> None:
    with pytest.raises(ValueError, match="above"):
        thresholds_for(sface, accept=0.2, review=0.3)
    own = sface.thresholds
    assert thresholds_for(sface, accept=None, review=None) == own
    assert thresholds_for(sface, accept=0.5, review=None) == replace(own, one_to_one_accept=0.5)
