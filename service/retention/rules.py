"""What is kept for how long: a default for each kind, which a deployment changes, and a least age that it cannot undercut. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

MOST_DAYS = 36_500


class Kind(StrEnum):
    """What goes by itself; the values are names in ANMEN_RETENTION_DAYS and in the database's function."""

    ENTRY = "entry"
    QUARANTINE = "quarantine"
    CHAIN_HEAD = "chain_head"
    CERTIFIED_LOSS = "certified_loss"
    AUDIT_ENTRY = "audit_entry"
    INQUIRY = "inquiry"
    EMERGENCY_COMMAND = "emergency_command"
    TAKEN_FACE = "taken_face"
    LOCK_COMMAND = "lock_command"
    PROVEN_BOOT = "proven_boot"
    IDENTITY_DOUBT = "identity_doubt"
    FRAME_REFUSAL = "frame_refusal"
    LOCK_CLAIM = "lock_claim"
    LOCK_REPORT = "lock_report"
    ALARM = "alarm"
    INVITATION = "invitation"
    REGISTRATION = "registration"
    BUILDING_TRANSFER = "building_transfer"
    PRESENCE = "presence"
    TENANCY_NOTICE = "tenancy_notice"
    FIRMWARE_UPDATE = "firmware_update"
    FIRMWARE_RELEASE = "firmware_release"


@dataclass(frozen=True, slots=True)
class Keeping:
    """Days: what is kept unless a deployment says otherwise, and what it may say at least."""

    default: int
    least: int = 30


KEEPINGS: Mapping[Kind, Keeping] = MappingProxyType(
    {
        # No law was found that says how long a door's events are kept; the shortest necessary time (PIPL Art. 19).
        Kind.ENTRY: Keeping(180),
        Kind.QUARANTINE: Keeping(180),
        # Holds nothing about a person; what proves a day complete outlives the day's entries.
        Kind.CHAIN_HEAD: Keeping(1095, 365),
        Kind.CERTIFIED_LOSS: Keeping(1095, 365),
        # PIPL Art. 56: three years at least; residence regulation Art. 31 and 37: who looked can be called to account.
        Kind.AUDIT_ENTRY: Keeping(1825, 1095),
        Kind.INQUIRY: Keeping(1825, 1095),
        Kind.EMERGENCY_COMMAND: Keeping(1825, 1095),
        # A tenant who has a face taken at the door is at home, and one who opens from afar comes home: as the entries.
        Kind.TAKEN_FACE: Keeping(180),
        Kind.LOCK_COMMAND: Keeping(180),
        Kind.PROVEN_BOOT: Keeping(365),
        Kind.IDENTITY_DOUBT: Keeping(365),
        Kind.FRAME_REFUSAL: Keeping(90),
        Kind.LOCK_CLAIM: Keeping(30, 1),
        Kind.LOCK_REPORT: Keeping(365),
        Kind.ALARM: Keeping(365),
        Kind.INVITATION: Keeping(30),
        Kind.REGISTRATION: Keeping(90),
        # Who was landlord when: what an inquiry of that time is read by.
        Kind.BUILDING_TRANSFER: Keeping(3650, 1095),
        Kind.PRESENCE: Keeping(30),
        Kind.TENANCY_NOTICE: Keeping(365),
        Kind.FIRMWARE_UPDATE: Keeping(365),
        Kind.FIRMWARE_RELEASE: Keeping(365),
    }
)


def days_kept(settings: Mapping[str, int]) -> dict[Kind, int]:
    """Days by kind; ValueError names a setting that is no kind, or too short or too long for it."""
    days = {kind: keeping.default for kind, keeping in KEEPINGS.items()}
    for name, wanted in settings.items():
        if name not in set(Kind):
            raise ValueError(f"ANMEN_RETENTION_DAYS: {name!r} is not kept by a setting; there are {', '.join(Kind)}")
        least = KEEPINGS[Kind(name)].least
        if not least <= wanted <= MOST_DAYS:
            raise ValueError(f"ANMEN_RETENTION_DAYS: {name} lies between {least} and {MOST_DAYS} days, not {wanted}")
        days[Kind(name)] = wanted
    return days
