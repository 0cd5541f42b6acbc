"""The numbers on the wire. Those that the Matter Door Lock cluster (0x0101) has are its own; ours begin at 16.

A number is never reused. What a newer lock says beyond them is kept as a number and shown as "unknown (n)".
"""

from enum import IntEnum


class EventType(IntEnum):
    """What a numbered event tells (Matter event ids 0 to 3)."""

    ALARM_RAISED = 0
    DOOR_MOVED = 1
    LOCK_OPERATED = 2
    ACCESS_REFUSED = 3
    ACCESS_LIST_APPLIED = 16
    EVENTS_LOST = 17
    CLOCK_SET = 18
    STARTED = 19
    FIRMWARE_CHANGED = 20
    MODE_CHANGED = 21
    COMMAND_DONE = 22
    KEYS_CHANGED = 23
    OVERRIDE_USED = 24


class Field(IntEnum):
    """Keys of an event's fields; one numbering for all types, so that a reader needs no table per type."""

    OPERATION = 0
    SOURCE = 1
    CREDENTIAL_ID = 2
    LIST_VERSION = 3
    DIRECTION = 4
    SCORE_BAND = 5
    LIVENESS = 6
    CODE = 7
    COUNT = 8
    FIRST = 9
    LAST = 10
    DIGEST = 11
    # In CLOCK_SET: the uptime at that moment, from which events of the same boot with an unset clock are dated.
    UPTIME_MS = 12
    # In FIRMWARE_CHANGED: sequences of the images, a FirmwareOutcome and a FirmwareCause (firmware.py).
    FIRMWARE_FROM = 20
    FIRMWARE_TO = 21
    OUTCOME = 22
    CAUSE = 23
    MODE = 16
    POWER = 17
    OVERRIDE = 18
    # In the alarm of a duress PIN: the credential that had opened just before it.
    AFTER_CREDENTIAL = 19
    # Of a command: its id, its kind, and how it ended. A remote opening names the id, too.
    COMMAND = 13
    COMMAND_KIND = 14
    COMMAND_STATE = 15
    # In KEYS_CHANGED: the key epoch from this event on, and the one before it (chain.py says what that is for).
    KEY_EPOCH = 32
    KEY_EPOCH_BEFORE = 33


class Operation(IntEnum):
    """Matter LockOperationTypeEnum."""

    LOCK = 0
    UNLOCK = 1
    NON_ACCESS_USER = 2
    FORCED_USER = 3
    UNLATCH = 4


class OperationSource(IntEnum):
    """Matter OperationSourceEnum."""

    UNSPECIFIED = 0
    MANUAL = 1
    PROPRIETARY_REMOTE = 2
    KEYPAD = 3
    AUTO = 4
    BUTTON = 5
    SCHEDULE = 6
    REMOTE = 7
    RFID = 8
    BIOMETRIC = 9
    ALIRO = 10


class CredentialType(IntEnum):
    """Matter CredentialTypeEnum; an ID card is read over RFID. Ours: a schedule that keeps the door unlocked for everybody."""

    PIN = 1
    RFID = 2
    FACE = 5
    PASSAGE = 16


class PassDirection(IntEnum):
    """Which way the person went, where the lock knows; Matter has no such field."""

    UNKNOWN = 0
    IN = 1
    OUT = 2


class DoorState(IntEnum):
    """Matter DoorStateEnum."""

    OPEN = 0
    CLOSED = 1
    JAMMED = 2
    FORCED_OPEN = 3
    UNSPECIFIED_ERROR = 4
    AJAR = 5


class AlarmCode(IntEnum):
    """Matter AlarmCodeEnum, and ours from 16."""

    LOCK_JAMMED = 0
    LOCK_FACTORY_RESET = 1
    RADIO_POWER_CYCLED = 3
    WRONG_CODE_ENTRY_LIMIT = 4
    FRONT_ESCUTCHEON_REMOVED = 5
    DOOR_FORCED_OPEN = 6
    DOOR_AJAR = 7
    FORCED_USER = 8
    BATTERY_LOW = 16
    MECHANICAL_KEY_USED = 17
    KEY_CHANGE_FAILED = 33


class OperatingMode(IntEnum):
    """Matter OperatingModeEnum. Privacy: somebody inside wants nobody in; passage: a schedule keeps the door unlocked."""

    NORMAL = 0
    PRIVACY = 2
    PASSAGE = 4


class PowerSource(IntEnum):
    """What the lock ran on; emergency power comes from outside, through the contacts under the handle."""

    BATTERY = 0
    EMERGENCY = 1


class OverrideKind(IntEnum):
    """Who opened without being let in: the building's fire alarm, or a locksmith at the sealed service contact."""

    FIRE = 0
    LOCKSMITH = 1


class RefusalReason(IntEnum):
    """Why the door stayed shut (0 to 4 are Matter's OperationErrorEnum); the words stand in the pages."""

    UNSPECIFIED = 0
    INVALID_CREDENTIAL = 1
    DISABLED = 2
    RESTRICTED = 3
    INSUFFICIENT_BATTERY = 4
    NOT_YET_VALID = 16
    NO_LONGER_VALID = 17
    OFFLINE_LEASE_OVER = 18
    CLOCK_UNSET = 19
    LOCKED_OUT = 20
    NO_FACE = 21
    SEVERAL_FACES = 22
    FACE_NOT_RECOGNISED = 23
    FACE_AMBIGUOUS = 24
    FACE_UNUSABLE = 25
    NOT_LIVE = 26
    CREDENTIAL_SPENT = 27
    OUTSIDE_SCHEDULE = 28
    PRIVACY_MODE = 29


class Liveness(IntEnum):
    """The lock's own verdict on whether a living face stood before it."""

    NOT_CHECKED = 0
    PASSED = 1
    FAILED = 2


class ClockQuality(IntEnum):
    """How far an event's time can be trusted."""

    UNSET = 0
    KEPT = 1
    SYNCED = 2
