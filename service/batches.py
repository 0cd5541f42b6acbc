"""One batch of frames on its way through the reactions, and what may be said to locks once it is committed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.access_list import ListChange
from firmware_protocol.cursor import Receipt
from firmware_protocol.messages import DownMessage
from firmware_protocol.topics import LockId
from service.delivery.rules import HeldList
from service.entry.rules import StoredEntry
from service.hearing import Hearing, Memory


@dataclass(slots=True)
class Outcome:
    """What may be said to locks once the batch is committed."""

    replies: list[tuple[LockId, bytes, DownMessage]] = field(default_factory=list)
    afterwards: list[tuple[LockId, bytes, DownMessage]] = field(default_factory=list)
    """What nobody at a door waits for: said behind everything else."""
    as_sealed: list[tuple[LockId, bytes]] = field(default_factory=list)
    """Frames that no session seals: answers to claims."""
    receipts: dict[LockId, tuple[Receipt, int]] = field(default_factory=dict)
    at_once: set[LockId] = field(default_factory=set)
    changes: dict[LockId, ListChange] = field(default_factory=dict)
    orders: list[tuple[LockId, DownMessage]] = field(default_factory=list)
    stored: int = 0
    duplicates: int = 0
    refused: int = 0


@dataclass(slots=True)
class Batch:
    """One batch on its way through the table."""

    session: Session
    memory: Memory
    now: datetime
    hearing: Hearing
    outcome: Outcome = field(default_factory=Outcome)
    says_it_holds: dict[LockId, HeldList] = field(default_factory=dict)
    stored: Sequence[StoredEntry] = ()
    telling: Sequence[StoredEntry] = ()
    """Those of them that are no lock's being operated."""
