"""What comes out of looking at somebody's pictures: an enrolment to be stored, or a refusal that says what to do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from service.consent.rules import Purpose
from service.people.rules import PersonId, Proof
from service.phrases import Phrase

LEAST_FRAMES = 3
MOST_FRAMES = 6
PACKED_BYTES = 144
FLOAT_BYTES = 512


class Picture(StrEnum):
    """Which of the pictures is meant."""

    LIVE = "live"
    PORTRAIT = "portrait"


class FaceReason(StrEnum):
    """Why an enrolment is refused."""

    TOO_FEW_FRAMES = "too_few_frames"
    TOO_MANY_FRAMES = "too_many_frames"
    UNUSABLE_PICTURE = "unusable_picture"
    PICTURE_TOO_LARGE = "picture_too_large"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    TILTED = "tilted"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    ANOTHER_PERSON = "another_person"
    NO_MATCH = "no_match"


ADVICE: Mapping[FaceReason, Phrase] = MappingProxyType(
    {
        FaceReason.TOO_FEW_FRAMES: Phrase("请拍满三张现场照片。", "Take three live pictures."),
        FaceReason.TOO_MANY_FRAMES: Phrase(
            "照片太多，请只提交三张现场照片。", "Too many pictures: send three live pictures."
        ),
        FaceReason.UNUSABLE_PICTURE: Phrase(
            "这张图片打不开。请用 JPEG 或 PNG 格式重新拍摄。",
            "This picture cannot be opened. Take it again as JPEG or PNG.",
        ),
        FaceReason.PICTURE_TOO_LARGE: Phrase(
            "这张图片太大。请降低分辨率重新拍摄。", "This picture is too large. Take it again at a lower resolution."
        ),
        FaceReason.NO_FACE: Phrase(
            "照片里没有找到人脸。请正对镜头，露出整张脸，摘下口罩和帽子。",
            "No face was found. Look straight into the camera, show your whole face, take off mask and hat.",
        ),
        FaceReason.SEVERAL_FACES: Phrase(
            "照片里有好几张脸。请单独一个人重新拍摄。", "There are several faces. Take the picture again alone."
        ),
        FaceReason.TOO_SMALL: Phrase(
            "人脸太小。请靠近一些再拍。", "The face is too small. Come closer and take it again."
        ),
        FaceReason.TILTED: Phrase(
            "头歪得太多。请把头摆正再拍。", "The head is tilted. Hold it upright and take it again."
        ),
        FaceReason.TOO_DARK: Phrase(
            "光线太暗。请到亮处再拍。", "It is too dark. Go where it is brighter and take it again."
        ),
        FaceReason.TOO_BRIGHT: Phrase(
            "光线太强。请避开直射的光再拍。", "It is too bright. Turn away from the light and take it again."
        ),
        FaceReason.BLURRED: Phrase(
            "照片模糊。请擦一下镜头，拿稳再拍。", "The picture is blurred. Wipe the lens, hold still and take it again."
        ),
        FaceReason.ANOTHER_PERSON: Phrase(
            "这张照片和其他几张不像同一个人。请同一个人连续拍三张。",
            "This picture does not look like the person in the others. Take all three of the same person.",
        ),
        FaceReason.NO_MATCH: Phrase(
            "现场照片与证件照片不符。请确认是本人的证件，并重拍证件照片；也可以不用人脸，用身份证和密码开门。",
            "The live pictures do not match the picture on the document. Check that it is your own document and photograph"
            " it again; or go on without a face, with ID card and PIN.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class FaceFault:
    """What is wrong with one picture; `frame` counts the live pictures from 1 where one of them is to blame."""

    reason: FaceReason
    picture: Picture = Picture.LIVE
    frame: int | None = None

    @property
    def advice(self) -> Phrase:
        """What to do about it."""
        return ADVICE[self.reason]


@dataclass(frozen=True, slots=True)
class FaceRefusal:
    """The pictures cannot be used: one fault for each that must be taken again."""

    faults: tuple[FaceFault, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A face as numbers: as it goes onto a lock (144 bytes), and unrounded (128 float32, little-endian)."""

    engine: str
    packed: bytes = field(repr=False)
    floats: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is left of the pictures: one template, and how the comparison with the portrait came out."""

    template: Template
    proof: Proof


@dataclass(frozen=True, slots=True)
class Limits:
    """1:1 scores, higher is more alike: accept from `accept`, a person decides from `review`, below it is no match."""

    accept: float
    review: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that the template is gone; the ledger of consents holds the same. `templates` may be 0: nothing was there."""

    person_id: PersonId
    purpose: Purpose
    templates: int
    erased_at: datetime


def score_band(score: float, limits: Limits) -> int:
    """The score in five bands, so that no exact score is kept: 0 no match, 1 and 2 not certain, 3 and 4 a match."""
    if score < limits.review:
        return 0
    width = max(limits.accept - limits.review, 1e-9)
    if score >= limits.accept:
        return 4 if score >= limits.accept + width else 3
    return 2 if score >= limits.review + width / 2 else 1


def write_template(template: Template) -> bytes:
    """The bytes that are sealed: packed form, then floats; ValueError where a length is wrong."""
    if len(template.packed) != PACKED_BYTES or len(template.floats) != FLOAT_BYTES:
        raise ValueError("a template is 144 packed bytes and 128 float32")
    return template.packed + template.floats


def read_template(engine: str, raw: bytes) -> Template:
    """The template out of the bytes that were sealed; ValueError where there are too few or too many."""
    if len(raw) != PACKED_BYTES + FLOAT_BYTES:
        raise ValueError("a template is 144 packed bytes and 128 float32")
    return Template(engine, raw[:PACKED_BYTES], raw[PACKED_BYTES:])
