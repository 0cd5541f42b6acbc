"""Finishing a factory wipe, at the start of a boot and before anything else is made of the flash.

Everything may be done twice: a power cut in the middle leaves the wipe begun, and the next boot goes on. The log goes
last, because its epoch says whether there is still something to erase.
"""

from device_sim.command_memory import CommandMemory, Parameters
from device_sim.flash.chip import Flash
from firmware_protocol.commands_judged import Obeyed
from firmware_protocol.commands_wiped import wipe_proof


def finish_wipe(flash: Flash, memory: CommandMemory, key: bytes, *, key_epoch: int) -> tuple[Obeyed, bytes] | None:
    """The wipe that was begun and its proof, the flash being empty now; None where none was begun. `key`: of the proof.

    From then on the lock can be claimed by the next, who gets other keys than those of `key_epoch`.
    """
    one = memory.wipe_begun()
    if one is None:
        return None
    old_epoch = memory.kept.wiping_epoch
    if flash.log.epoch == old_epoch:
        memory.keep(parameters=Parameters())
        flash.remember(wiped_key_epoch=key_epoch)
        flash.wipe()
    return one, wipe_proof(key, one.content, old_epoch=old_epoch, new_epoch=flash.log.epoch)
