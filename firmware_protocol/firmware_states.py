"""What a lock is doing about its firmware: one table. The diagram in docs/protocol/firmware.md is drawn from it."""

from enum import StrEnum


class FirmwareState(StrEnum):
    """Where an update stands on the lock."""

    SETTLED = "settled"
    """Runs an image that has been welcomed; nothing is under way."""
    DOWNLOADING = "downloading"
    """Fetches an image into the other slot."""
    READY = "ready"
    """The whole image is there and its digest agrees; waits for a moment when nobody needs the door."""
    ON_TRIAL = "on_trial"
    """Runs the new image, and goes back unless it is welcomed."""


class FirmwareStep(StrEnum):
    """What moves it."""

    OFFERED = "offered"
    """An offer that the lock takes up."""
    WITHDRAWN = "withdrawn"
    WHOLE = "whole"
    """The last chunk is in flash and the digest over all of the slot agrees."""
    DIFFERS = "differs"
    """It does not."""
    SWITCHED = "switched"
    """The other slot is the one to boot, once written down."""
    WELCOMED = "welcomed"
    """The service has welcomed a birth that this image said."""
    GIVEN_UP = "given_up"
    """Not welcomed in time, too many boots, or damaged: the slot before is the one to boot."""


# What is not named here changes nothing.
FIRMWARE_TRANSITIONS: dict[tuple[FirmwareState, FirmwareStep], FirmwareState] = {
    (FirmwareState.SETTLED, FirmwareStep.OFFERED): FirmwareState.DOWNLOADING,
    (FirmwareState.DOWNLOADING, FirmwareStep.OFFERED): FirmwareState.DOWNLOADING,
    (FirmwareState.DOWNLOADING, FirmwareStep.WHOLE): FirmwareState.READY,
    (FirmwareState.DOWNLOADING, FirmwareStep.DIFFERS): FirmwareState.SETTLED,
    (FirmwareState.DOWNLOADING, FirmwareStep.WITHDRAWN): FirmwareState.SETTLED,
    (FirmwareState.READY, FirmwareStep.OFFERED): FirmwareState.DOWNLOADING,
    (FirmwareState.READY, FirmwareStep.DIFFERS): FirmwareState.SETTLED,
    (FirmwareState.READY, FirmwareStep.WITHDRAWN): FirmwareState.SETTLED,
    (FirmwareState.READY, FirmwareStep.SWITCHED): FirmwareState.ON_TRIAL,
    (FirmwareState.ON_TRIAL, FirmwareStep.WELCOMED): FirmwareState.SETTLED,
    (FirmwareState.ON_TRIAL, FirmwareStep.GIVEN_UP): FirmwareState.SETTLED,
}


def next_firmware(state: FirmwareState, step: FirmwareStep) -> FirmwareState:
    """The state after the step; the same state where the table does not name the pair."""
    return FIRMWARE_TRANSITIONS.get((state, step), state)
