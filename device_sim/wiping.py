"""Finishing a factory wipe, at the start of a boot and before anything else is made of the flash.

Everything may be done twice: a power cut in the middle leaves the wipe begun, and the next boot goes on. The log goes
last, because its epoch says whether there is still something to erase.
"""

from device_sim.command_memory import CommandMemory, Parameters
from device_sim.flash.chip import Flash
from firmware_protocol.commands_judged import Obeyed
from firmware_protocol.commands_wiped import wipe_key, wipe_proof
from firmware_protocol.lock_session import LockIdentity


def finish_wipe(
    flash: Flash, memory: CommandMemory, static_secret: bytes, identity: LockIdentity
) -> tuple[Obeyed, bytes] | None:
    """The wipe that was begun and its proof, the flash being empty now; None where none was begun.

    From then on the lock can be claimed by the next, who gets other keys than these.
    """
    one = memory.wipe_begun()
    if one is None:
        return None
    old_epoch = memory.kept.wiping_epoch
    if flash.log.epoch == old_epoch:
        memory.keep(parameters=Parameters())
        flash.remember(wiped_key_epoch=identity.key_epoch)
        flash.wipe()
    key = wipe_key(static_secret, identity.lock, identity.key_epoch)
    return one, wipe_proof(key, one.content, old_epoch=old_epoch, new_epoch=flash.log.epoch)
