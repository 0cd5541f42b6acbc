"""What a tenant has, as the own page shows it: ways in, consents, entries. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from firmware_protocol.vocabulary import CredentialType, EventType, OperationSource, PassDirection, RefusalReason
from service.access.rules import DeliveryState
from service.consent.rules import WITHDRAWABLE, ConsentEntry, Purpose, Standing
from service.consent.wording import read_wording
from service.entry.rules import OwnEntry
from service.portals.translation import N_, Words
from service.portals.wording import find_word
from service.tenancy.actions import TenancyView


@dataclass(frozen=True, slots=True)
class KeyShown:
    """One way to open the door, and where it is."""

    type: CredentialType
    state: DeliveryState
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentShown:
    """One consent, how it stands since when, and what was agreed to."""

    purpose: Purpose
    standing: Standing
    since: datetime | None
    wording: tuple[str, ...]
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class EntryShown:
    """One line a door wrote down, in words."""

    occurred_at: datetime
    what: str
    source: str
    refused: bool


def keys_shown(view: TenancyView, words: Words) -> tuple[KeyShown, ...]:
    """Each kind of way in with each state it is in; what is gone is shown only where nothing else is left.

    Where there are several locks each line names its own: a PIN may be on the room's and not yet on the house's.
    """
    found: dict[tuple[CredentialType, DeliveryState], list[str]] = {}
    several = (
        sum(any(one.state is not DeliveryState.REMOVED for one in lock.credentials) for lock in view.deliveries) > 1
    )
    for lock in view.deliveries:
        for one in lock.credentials:
            about = found.setdefault((one.type, one.state), [])
            if several and lock.lock_id not in about:
                about.append(lock.lock_id)
            if one.held_until is not None:
                about.append(words.say(N_("at the latest {moment}"), moment=words.long_moment(one.held_until)))
    standing = {kind for kind, state in found if state is not DeliveryState.REMOVED}
    shown = [
        KeyShown(kind, state, ", ".join(about))
        for (kind, state), about in found.items()
        if state is not DeliveryState.REMOVED or kind not in standing
    ]
    return tuple(sorted(shown, key=lambda key: _ORDER.index(key.type)))


_ORDER = (CredentialType.RFID, CredentialType.PIN, CredentialType.FACE, CredentialType.PASSAGE)


def consents_shown(
    standing: Mapping[Purpose, Standing], ledger: Sequence[ConsentEntry], words: Words
) -> tuple[ConsentShown, ...]:
    """Every purpose, asked for or not, each with the wording that was agreed to (else the one in force)."""
    return tuple(_consent_shown(purpose, standing[purpose], ledger, words) for purpose in Purpose)


def entries_shown(entries: Sequence[OwnEntry], words: Words) -> tuple[EntryShown, ...]:
    """Entries in words; numbers that a newer lock uses are shown as numbers."""
    return tuple(_entry_shown(one, words) for one in entries)


def _consent_shown(purpose: Purpose, standing: Standing, ledger: Sequence[ConsentEntry], words: Words) -> ConsentShown:
    acts = [one for one in ledger if one.purpose is purpose]
    text = read_wording(purpose, words.locale, version=acts[-1].wording_version if acts else None)
    return ConsentShown(
        purpose=purpose,
        standing=standing,
        since=acts[-1].recorded_at if acts else None,
        wording=tuple(line for line in text.splitlines() if line.strip()),
        may_withdraw=purpose in WITHDRAWABLE and standing is Standing.GIVEN,
    )


def _entry_shown(one: OwnEntry, words: Words) -> EntryShown:
    refused = one.type == EventType.ACCESS_REFUSED
    if not refused and one.type != EventType.LOCK_OPERATED:
        return EntryShown(one.occurred_at, words.say(N_("unknown ({number})"), number=one.type), "", refused)
    what = _said(RefusalReason, one.code, words) if refused else _said(PassDirection, one.direction or 0, words)
    return EntryShown(one.occurred_at, what, _said(OperationSource, one.source, words), refused)


def _said(kind: type[IntEnum], number: int | None, words: Words) -> str:
    """A number a lock has sent, in words; what a newer lock says beyond ours is told as it came."""
    if number is None:
        return ""
    word = find_word(kind, number)
    return words.say(word) if word else words.say(N_("unknown ({number})"), number=number)
