"""The numbers of firmware update: limits, pace, and why something was not done."""

from enum import IntEnum

CHUNK_BYTES = 1024
CHUNKS_AT_ONCE = 4
PAUSE_MS = 250
MOST_CHUNKS_AT_ONCE = 16
ENVELOPE_BYTES = 512
VERSION_BYTES = 64
LARGEST_IMAGE = 16 << 20
# An image that is running and not welcomed by then is given up; and one that came up this often without that.
TRIAL_S = 600.0
TRIAL_BOOTS = 3
# One that is welcomed must still have run for so long, or one that crashes a little later would be there for good.
SOAK_S = 60
LONGEST_SOAK_S = 300
# Enough for a download, the switch, and coming back from it; a bolt that stops half-way is worse than an old image.
UPDATE_NEEDS_PERCENT = 30.0


class FirmwareRefusal(IntEnum):
    """Why an image is not taken. Up to 15: not ever. From 16: not now, and the lock asks again by itself."""

    NONE = 0
    NOT_READABLE = 1
    NOT_SIGNED = 2
    WRONG_VENDOR = 3
    WRONG_CLASS = 4
    OLD = 5
    NEEDS_NEWER = 6
    TOO_LARGE = 7
    FELL_BACK_BEFORE = 8
    UNKNOWN_CONDITION = 9
    DIGEST_DIFFERS = 10
    BATTERY_LOW = 16
    ON_TRIAL = 17
    DOOR_IN_USE = 18


class FirmwareOutcome(IntEnum):
    """What event 20 tells (field 22)."""

    ON_TRIAL = 0
    CONFIRMED = 1
    FELL_BACK = 2


class FirmwareCause(IntEnum):
    """Why a lock went back to the image before (field 23)."""

    NONE = 0
    NOT_WELCOMED = 1
    BOOTS_USED_UP = 2
    IMAGE_DAMAGED = 3
