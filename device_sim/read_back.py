"""What a lock answers when the service asks what it holds."""

from typing import TYPE_CHECKING

from device_sim.command_memory import Parameters
from device_sim.held_list import LIST_ENTRIES
from firmware_protocol.commands import ReadBackAnswer

if TYPE_CHECKING:
    from device_sim.obedience import Body


def held_back(body: "Body", name: bytes, parameters: Parameters, now: float) -> ReadBackAnswer:
    """List, log, clock, parameters and firmware as they are at the moment."""
    flash, held, clock = body.flash, body.held, body.time.clock
    return ReadBackAnswer(
        name,
        held.version,
        held.digest,
        len(held.holding.entries),
        held.erased,
        LIST_ENTRIES,
        flash.log.epoch,
        flash.log.next_sequence,
        flash.log.stored_up_to,
        flash.remembered.boot_number,
        parameters.relock_s,
        parameters.ajar_s,
        clock.now_ms(now),
        clock.quality,
        flash.images.image.version,
    )
