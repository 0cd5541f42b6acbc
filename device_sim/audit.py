"""The simulator's own account: every event that was ever recorded, read from flash by another process, also after a kill.

It is no second book. The account is the flash itself, together with the sectors that were given up for overwriting,
which a lock set to keep its account moves aside instead of removing. So there is no moment in which the two differ.
"""

from pathlib import Path
from typing import NamedTuple

from device_sim.errors import SimulatorError
from device_sim.flash.medium import FolderMedium
from device_sim.flash.sector import open_sectors
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType, Field


class LoggedEvent(NamedTuple):
    """An event and the log it is in: with the lock's id, the event's identity."""

    log_epoch: int
    event: Event


def read_log(folder: Path) -> tuple[LoggedEvent, ...]:
    """Every event of a lock's flash folder, in order; writes nothing, and ignores what a kill left half written."""
    if not folder.is_dir():
        raise SimulatorError(f"{folder} is no flash folder of a lock")
    found: set[tuple[int, int]] = set()
    events: list[LoggedEvent] = []
    # In this order: a sector that is moved aside meanwhile is then found twice, and not never.
    for part in (folder, folder / FolderMedium.ERASED):
        for sector in open_sectors(FolderMedium(part)) if part.is_dir() else ():
            for event in sector.read(0, len(sector.numbers)):
                name = (sector.header.epoch, event.sequence)
                if name not in found:
                    found.add(name)
                    events.append(LoggedEvent(sector.header.epoch, event))
    return tuple(sorted(events, key=lambda one: (one.log_epoch, one.event.sequence)))


def declared_lost(events: tuple[LoggedEvent, ...]) -> set[tuple[int, int]]:
    """(log epoch, sequence) of every number that a tombstone gives up; the service may have some of them all the same."""
    return {
        (epoch, number)
        for epoch, event in events
        if event.type == EventType.EVENTS_LOST
        for number in range(event.fields[Field.FIRST], event.fields[Field.LAST] + 1)
    }
