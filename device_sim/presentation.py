"""Somebody presents a card, a PIN or a face: which entries that is, and whether one of them opens. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from device_sim.faces import KnownFaces, Sight
from firmware_protocol.access_list import ListEntry
from firmware_protocol.credentials import card_material, pin_material, same_material
from firmware_protocol.decisions import Decision, Moment, Refused, decide, with_material
from firmware_protocol.vocabulary import CredentialType, Liveness, OperationSource, RefusalReason

_PIN = re.compile(r"[0-9]{4,8}")
# What counts towards the lock-out: a credential that is nobody's. A tenant who comes a day early is no attacker.
WRONG_TRIES = frozenset({RefusalReason.INVALID_CREDENTIAL, RefusalReason.FACE_NOT_RECOGNISED, RefusalReason.NOT_LIVE})


@dataclass(frozen=True, slots=True)
class Presentation:
    """What was presented and what follows from it."""

    source: OperationSource
    decision: Decision
    score_band: int | None = None
    liveness: Liveness | None = None

    @property
    def is_wrong_try(self) -> bool:
        """Whether it counts towards the lock-out."""
        return isinstance(self.decision, Refused) and self.decision.reason in WRONG_TRIES


@dataclass(frozen=True, slots=True)
class Holding:
    """What the lock decides from: its entries, its faces, its key for cards and PINs."""

    entries: Sequence[ListEntry]
    faces: KnownFaces
    credential_key: bytes


def card(holding: Holding, document_number: str, moment: Moment) -> Presentation:
    """An ID card whose reader gives the document number."""
    material = card_material(holding.credential_key, normalised(document_number))
    matching = with_material(holding.entries, CredentialType.RFID, lambda held: same_material(held, material))
    return Presentation(OperationSource.RFID, decide(matching, moment))


def pin(holding: Holding, digits: str, moment: Moment) -> Presentation:
    """A PIN typed at the keypad; what cannot be one (4 to 8 digits) is a wrong try like any other."""
    material = pin_material(holding.credential_key, digits if _PIN.fullmatch(digits) else "")
    matching = with_material(holding.entries, CredentialType.PIN, lambda held: same_material(held, material))
    return Presentation(OperationSource.KEYPAD, decide(matching, moment))


def face(holding: Holding, sight: Sight, moment: Moment) -> Presentation:
    """A face before the camera."""
    known = holding.faces.recognise(sight)
    decision = decide(known.entries, moment) if known.entries else Refused(known.reason)
    return Presentation(OperationSource.BIOMETRIC, decision, known.score_band, sight.liveness)


def normalised(document_number: str) -> str:
    """A document number as both sides write it: upper case, no spaces."""
    return "".join(document_number.split()).upper()
