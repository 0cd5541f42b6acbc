"""The tenant's registration as it was typed: read into the form the action takes, with all that is wrong at once. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from service.accounts.rules import Locale, check_new_password
from service.consent.rules import GivenBy, Purpose
from service.errors import AnmenError, BadInput
from service.faces.rules import FaceRefusal, Picture
from service.people.rules import DocumentType, read_document, read_name, read_phone
from service.portals.forms import Answers
from service.portals.translation import Words, local_day
from service.tenancy.rules import RegistrationForm, accept

PORTRAIT = "portrait"
FRAMES = ("frame_1", "frame_2", "frame_3")


class Way(StrEnum):
    """How the tenant wants to open the door; both ways lead to the same tenancy."""

    CARD = "card"
    FACE = "face"


@dataclass(frozen=True, slots=True)
class Pictures:
    """What was sent as pictures, by field; None where nothing was chosen."""

    by_field: Mapping[str, bytes | None]
    limit_bytes: int

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields without a picture."""
        return tuple(name for name in (PORTRAIT, *FRAMES) if not self.by_field.get(name))

    @property
    def too_large(self) -> tuple[str, ...]:
        """The fields whose picture is larger than is taken."""
        return tuple(name for name, picture in self.by_field.items() if picture and len(picture) > self.limit_bytes)

    @property
    def portrait(self) -> bytes:
        """The picture of the document."""
        return self.by_field.get(PORTRAIT) or b""

    @property
    def frames(self) -> list[bytes]:
        """The live pictures."""
        return [self.by_field.get(name) or b"" for name in FRAMES]


def read_form(values: Mapping[str, str], way: Way, locale: str) -> RegistrationForm:
    """The form the action takes; BadInput for a kind of document or a day that is none."""
    ticked = {
        Purpose.REGISTER: values["consent_register"] == "yes",
        Purpose.FACE: way is Way.FACE and values["consent_face"] == "yes",
    }
    return RegistrationForm(
        document_type=_read_document_type(values["document_type"]),
        document_number=values["document_number"],
        name=values["name"],
        phone=values["phone"],
        password=values["password"],
        consents=frozenset(purpose for purpose, agreed in ticked.items() if agreed),
        declared_by=GivenBy.GUARDIAN if values["declared_by"] == GivenBy.GUARDIAN else GivenBy.PERSON,
        birth_date=_read_birth_date(values["birth_date"]),
        locale=Locale(locale),
    )


def wrong_with(form: RegistrationForm, pictures: Pictures, way: Way, now: datetime) -> dict[str, AnmenError]:
    """Everything that is wrong, by field: nobody should have to send a form five times to learn of five mistakes."""
    wrong: dict[str, AnmenError] = {}
    checks: tuple[Callable[[], object], ...] = (
        lambda: read_document(form.document_type, form.document_number, today=local_day(now)),
        lambda: read_name(form.name),
        lambda: read_phone(form.phone),
        lambda: check_new_password(form.password),
        lambda: accept(form, has_face=way is Way.FACE, now=now),
    )
    for check in checks:
        try:
            check()
        except BadInput as error:
            wrong.setdefault(error.field or "", error)
    return {**wrong, **_wrong_pictures(pictures)} if way is Way.FACE else wrong


def _wrong_pictures(pictures: Pictures) -> dict[str, BadInput]:
    missing = BadInput("Please take or choose this photograph.", code="no_picture")
    large = BadInput("This picture is too large. Take it again at a lower resolution.", code="picture")
    return dict.fromkeys(pictures.missing, missing) | dict.fromkeys(pictures.too_large, large)


def said(wrong: Mapping[str, AnmenError], words: Words) -> Answers:
    """The same in words."""
    return Answers({name: words.say(error.text, **error.values) for name, error in wrong.items()})


def said_of_pictures(refusal: FaceRefusal, words: Words) -> Answers:
    """What to do about each picture, at its field."""
    told = Answers()
    for fault in refusal.faults:
        live = fault.picture is Picture.LIVE
        name = PORTRAIT if not live else FRAMES[fault.frame - 1] if fault.frame else "frames"
        told[name] = fault.advice.in_locale(words.locale)
    return told


def _read_document_type(text: str) -> DocumentType:
    try:
        return DocumentType(text)
    except ValueError:
        raise BadInput("Please choose the kind of document.", code="document_type", field="document_type") from None


def _read_birth_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput(
            "Please enter a day as year-month-day, such as 2027-03-31.", code="day", field="birth_date"
        ) from None
