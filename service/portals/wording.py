"""What each state is called on a page, and the tone (colour and sign) it is shown in."""

from collections.abc import Mapping
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType

from firmware_protocol.commands import CommandFailure, CommandKind
from firmware_protocol.commands_followed import OrderState
from firmware_protocol.vocabulary import CredentialType, OperationSource, PassDirection, RefusalReason
from service.access.passages import Days
from service.access.rules import DeliveryState
from service.accounts.rules import Role
from service.alarms.rules import AlarmKind, AlarmState
from service.commands.rules import Emergency
from service.completeness.rules import Verdict
from service.consent.rules import Purpose, Standing
from service.custody.rules import ReportKind
from service.occupancy.rules import Field
from service.people.rules import DocumentType
from service.portals.translation import N_
from service.presence.rules import Confidence, PresenceState, Reason
from service.transfers.rules import TransferState


class Tone(StrEnum):
    """How a state is shown; the word always stands beside it."""

    GOOD = "good"
    WAIT = "wait"
    STOP = "stop"
    NOTE = "note"
    CALM = "calm"


class RoomState(StrEnum):
    """What a landlord has to know of a room at a glance."""

    VACANT = "vacant"
    INVITED = "invited"
    WAITING = "waiting"
    LET = "let"
    ENDING = "ending"


class LeaseState(StrEnum):
    """How a tenancy stands, for its landlord and its tenant."""

    UPCOMING = "upcoming"
    ARRIVING = "arriving"
    RUNNING = "running"
    LEAVING = "leaving"
    ENDED = "ended"


_Named = tuple[Enum, str, Tone]
_STATES: tuple[_Named, ...] = (
    (RoomState.VACANT, N_("Vacant"), Tone.CALM),
    (RoomState.INVITED, N_("Invited"), Tone.NOTE),
    (RoomState.WAITING, N_("Waits for you"), Tone.WAIT),
    (RoomState.LET, N_("Let"), Tone.GOOD),
    (RoomState.ENDING, N_("Ending"), Tone.WAIT),
    (LeaseState.UPCOMING, N_("Not begun yet"), Tone.NOTE),
    (LeaseState.ARRIVING, N_("On its way to the lock"), Tone.WAIT),
    (LeaseState.RUNNING, N_("Running"), Tone.GOOD),
    (LeaseState.LEAVING, N_("A lock still has to confirm"), Tone.WAIT),
    (LeaseState.ENDED, N_("Ended"), Tone.CALM),
    (DeliveryState.PENDING, N_("Pending"), Tone.WAIT),
    (DeliveryState.ON_LOCK, N_("On the lock"), Tone.GOOD),
    (DeliveryState.ERASED, N_("Erased; waits to be brought again"), Tone.WAIT),
    (DeliveryState.REMOVING, N_("Being removed"), Tone.WAIT),
    (DeliveryState.REMOVED, N_("Removed"), Tone.CALM),
    (Purpose.REGISTER, N_("Residence registration"), Tone.NOTE),
    (Purpose.FACE, N_("Opening the door with my face"), Tone.NOTE),
    (Standing.NEVER, N_("Not given"), Tone.CALM),
    (Standing.GIVEN, N_("Given"), Tone.GOOD),
    (Standing.WITHDRAWN, N_("Withdrawn"), Tone.WAIT),
    (Standing.ERASED, N_("Withdrawn and erased"), Tone.CALM),
    (Verdict.COMPLETE, N_("Complete"), Tone.GOOD),
    (Verdict.LOST, N_("Complete but for losses"), Tone.WAIT),
    (Verdict.NOT_YET, N_("Not yet certain"), Tone.WAIT),
    (Verdict.BROKEN, N_("Changed or incomplete"), Tone.STOP),
    (Verdict.UNSIGNED, N_("Not signed"), Tone.NOTE),
    (OrderState.WAITING, N_("Waits for the lock"), Tone.WAIT),
    (OrderState.SENT, N_("On its way to the lock"), Tone.WAIT),
    (OrderState.ACCEPTED, N_("The lock is at it"), Tone.WAIT),
    (OrderState.RUNNING, N_("The lock is at it"), Tone.WAIT),
    (OrderState.DONE, N_("Done"), Tone.GOOD),
    (OrderState.FAILED, N_("Not done"), Tone.STOP),
    (OrderState.EXPIRED, N_("Expired, nothing was done"), Tone.CALM),
    (OrderState.SILENT, N_("No answer; it may have been done"), Tone.STOP),
    (TransferState.OFFERED, N_("Code not entered yet"), Tone.NOTE),
    (TransferState.OPENED, N_("Can be accepted"), Tone.WAIT),
    (TransferState.ACCEPTED, N_("Taken over"), Tone.GOOD),
    (TransferState.CALLED_OFF, N_("Called off"), Tone.CALM),
    (TransferState.EXPIRED, N_("Time is over"), Tone.CALM),
    (AlarmState.OPEN, N_("Nobody sees to these yet"), Tone.STOP),
    (AlarmState.ATTENDED, N_("Somebody sees to these"), Tone.WAIT),
    (AlarmState.CLOSED, N_("Closed in the last seven days"), Tone.CALM),
    (AlarmKind.DURESS, N_("Forced to open: calls for help"), Tone.STOP),
    (AlarmKind.FIRE, N_("Fire alarm has opened the door"), Tone.STOP),
    (AlarmKind.FORCED_OPEN, N_("Door broken open"), Tone.STOP),
    (AlarmKind.TAMPER, N_("Somebody pries at the lock"), Tone.WAIT),
)
_KINDS: tuple[tuple[Enum, str], ...] = (
    (DocumentType.RESIDENT_ID, N_("Resident ID card")),
    (DocumentType.HMT_RESIDENCE_PERMIT, N_("Residence permit for Hong Kong, Macao and Taiwan residents")),
    (DocumentType.PERMANENT_RESIDENT_CARD, N_("Foreigner's permanent resident card")),
    (DocumentType.PASSPORT, N_("Passport")),
    (Days.WORKDAYS, N_("Monday to Friday")),
    (Days.EVERY_DAY, N_("Every day")),
    (CredentialType.RFID, N_("ID card")),
    (CredentialType.PIN, N_("PIN")),
    (CredentialType.FACE, N_("Face")),
    (CredentialType.PASSAGE, N_("Unlocked at set times")),
    (CommandKind.UNLOCK_DOOR, N_("Open from afar")),
    (CommandKind.IDENTIFY, N_("Beep and blink")),
    (CommandKind.READ_BACK, N_("Tell what it holds")),
    (CommandKind.SET_PARAMETERS, N_("Change its times")),
    (CommandKind.ERASE_BIOMETRIC, N_("Erase all faces")),
    (CommandKind.FACTORY_WIPE, N_("Empty the lock")),
    (CommandKind.START_ENROLMENT, N_("Take a face at the lock")),
    (CommandKind.REBOOT, N_("Start again")),
    (CommandFailure.NONE, N_("No reason was given.")),
    (CommandFailure.UNSUPPORTED, N_("The lock cannot do that.")),
    (CommandFailure.BAD_ARGUMENTS, N_("The lock does not take these values.")),
    (CommandFailure.CLOCK_UNSET, N_("The lock's clock is not set.")),
    (CommandFailure.WRONG_NONCE, N_("The command came too late or out of turn. Please order it again.")),
    (CommandFailure.BUSY, N_("The lock has too much to do. Please try again later.")),
    (CommandFailure.INTERRUPTED, N_("The lock lost its power in the middle.")),
    (CommandFailure.INSUFFICIENT_BATTERY, N_("The battery is too low.")),
    (CommandFailure.JAMMED, N_("The bolt is stuck.")),
    (CommandFailure.PRIVACY_MODE, N_("Somebody inside has turned privacy on and wants nobody in.")),
    (ReportKind.STOLEN, N_("Stolen")),
    (ReportKind.BROKEN, N_("Broken for good")),
    (
        CommandFailure.NOBODY_CAME,
        N_("Nobody came, or nobody looked into the camera after card or PIN. Start again at the door."),
    ),
    (
        CommandFailure.ANOTHER_PERSON,
        N_(
            "It was not surely you: the looks were not of one person, the face was not the one on the card, or somebody else came home."
        ),
    ),
    (CommandFailure.NOT_LIVE, N_("The camera saw a picture of a face. Please come in person.")),
    (
        CommandFailure.FACE_UNUSABLE,
        N_("The camera could not see a face well enough. Come closer, in good light, without a mask."),
    ),
    (CommandFailure.SEVERAL_FACES, N_("There were several people before the camera. Please stand there alone.")),
    (CommandFailure.ENGINE_DIFFERS, N_("The lock's camera knows faces in another way than this service does.")),
    (Emergency.FIRE, N_("Fire or smoke")),
    (Emergency.WATER, N_("Water is running out")),
    (Emergency.GAS, N_("Smell of gas")),
    (Emergency.PERSON_IN_DANGER, N_("Somebody is in danger")),
    (Role.LANDLORD, N_("Landlord")),
    (Role.TENANT, N_("Tenant")),
    (Role.GRID_WORKER, N_("Grid staff")),
    (Role.OFFICER, N_("Police")),
    (OperationSource.MANUAL, N_("By hand")),
    (OperationSource.KEYPAD, N_("PIN")),
    (OperationSource.BUTTON, N_("Button inside")),
    (OperationSource.SCHEDULE, N_("Set times")),
    (OperationSource.REMOTE, N_("From afar")),
    (OperationSource.RFID, N_("ID card")),
    (OperationSource.BIOMETRIC, N_("Face")),
    (Field.NAME, N_("Name")),
    (Field.DOCUMENT_TYPE, N_("Kind of document")),
    (Field.DOCUMENT_MASKED, N_("Document number")),
    (Field.DOCUMENT_NUMBER, N_("Document number")),
    (Field.PHONE, N_("Phone")),
    (Field.HUKOU_AREA, N_("Area of household registration")),
    (Field.ADDRESS, N_("Address")),
    (Field.ROOM, N_("Room")),
    (Field.LIVES_SINCE, N_("Lives here since")),
    (Field.LIVES_UNTIL, N_("Lease until")),
    (Field.PRESENCE, N_("In now?")),
    (Field.PRESENCE_CONFIDENCE, N_("How sure")),
    (Field.PRESENCE_REASON, N_("Why we think so")),
    (Field.PRESENCE_SINCE, N_("Since")),
    (PresenceState.IN, N_("In")),
    (PresenceState.OUT, N_("Out")),
    (PresenceState.UNKNOWN, N_("Not known")),
    (Confidence.HIGH, N_("Quite sure")),
    (Confidence.LOW, N_("Not sure")),
    (Reason.CAME_IN, N_("The lock saw the person come in")),
    (Reason.WENT_OUT, N_("The lock saw the person go out")),
    (Reason.OPENED_DOOR, N_("The person opened the door")),
    (Reason.ONLY_ONE_IN_WHEN_SOMEBODY_LEFT, N_("Somebody left while only this person was in")),
    (Reason.SOMEBODY_LEFT, N_("Somebody left; it may have been this person")),
    (Reason.SOMEBODY_CAME, N_("Somebody opened with a key nobody is named for; it may have been this person")),
    (Reason.DOOR_STOOD_OPEN, N_("The door stood unlocked for everybody")),
    (Reason.TENANCY_ENDED, N_("The tenancy has ended")),
    (PassDirection.UNKNOWN, N_("Door opened")),
    (PassDirection.IN, N_("Came in")),
    (PassDirection.OUT, N_("Went out")),
)
_REFUSALS: tuple[tuple[Enum, str], ...] = (
    (RefusalReason.UNSPECIFIED, N_("Stayed shut: the lock gave no reason")),
    (RefusalReason.INVALID_CREDENTIAL, N_("Stayed shut: not known at this door")),
    (RefusalReason.DISABLED, N_("Stayed shut: this lock has no camera, use card or PIN")),
    (RefusalReason.RESTRICTED, N_("Stayed shut: entry is not allowed at the moment")),
    (RefusalReason.INSUFFICIENT_BATTERY, N_("Stayed shut: battery too low")),
    (RefusalReason.NOT_YET_VALID, N_("Stayed shut: the lease has not begun")),
    (RefusalReason.NO_LONGER_VALID, N_("Stayed shut: the lease is over")),
    (RefusalReason.OFFLINE_LEASE_OVER, N_("Stayed shut: the lock was offline too long")),
    (RefusalReason.CLOCK_UNSET, N_("Stayed shut: the lock's clock is not set")),
    (RefusalReason.LOCKED_OUT, N_("Stayed shut: too many wrong attempts")),
    (RefusalReason.NO_FACE, N_("Stayed shut: no face was seen")),
    (RefusalReason.SEVERAL_FACES, N_("Stayed shut: several faces were seen")),
    (RefusalReason.FACE_NOT_RECOGNISED, N_("Stayed shut: face not recognised")),
    (RefusalReason.FACE_AMBIGUOUS, N_("Stayed shut: two faces look alike to the lock, use card or PIN")),
    (RefusalReason.FACE_UNUSABLE, N_("Stayed shut: the face was not clear enough")),
    (RefusalReason.NOT_LIVE, N_("Stayed shut: it looked like a picture")),
    (RefusalReason.CREDENTIAL_SPENT, N_("Stayed shut: this could be used once and was used")),
    (RefusalReason.OUTSIDE_SCHEDULE, N_("Stayed shut: not at this time of the day or week")),
    (RefusalReason.PRIVACY_MODE, N_("Stayed shut: somebody inside had turned privacy on")),
)


def _table() -> Mapping[tuple[type[Enum], str], tuple[str, Tone]]:
    # By class and name: members of two enums may be equal as numbers or strings.
    kinds = tuple((one, word, Tone.NOTE) for one, word in _KINDS)
    refusals = tuple((one, word, Tone.STOP) for one, word in _REFUSALS)
    return MappingProxyType({(type(one), one.name): (word, tone) for one, word, tone in (*_STATES, *kinds, *refusals)})


_WORDS = _table()


def word_of(state: Enum) -> str:
    """The English word of a state, to be translated; KeyError for one that nobody named."""
    return _WORDS[type(state), state.name][0]


def tone_of(state: Enum) -> str:
    """The tone of a state; KeyError for one that nobody named."""
    return _WORDS[type(state), state.name][1]


def find_word(kind: type[IntEnum], number: int) -> str | None:
    """The English word of a number a lock has sent; None for one nobody named."""
    named = next((one.name for one in kind if one == number), "")
    found = _WORDS.get((kind, named))
    return found[0] if found else None
