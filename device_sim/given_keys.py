"""The keys that a lock was given since it left the factory: one value in flash, changed whole or not at all.

They count before what the factory put in. A factory wipe leaves them: the lock proves the wipe with them.
"""

import cbor2

from device_sim.flash.chip import Flash
from firmware_protocol.lock_session import LockIdentity
from firmware_protocol.topics import LockId

REGION = "keys"


def keep_keys(flash: Flash, identity: LockIdentity, *, erase_epoch: int = 0) -> None:
    """These keys count from the next boot on; safe when this returns. `erase_epoch`: that of a log which is not theirs."""
    kept = [identity.private_key, identity.service_public_key, identity.key_epoch, identity.signing_key, erase_epoch]
    flash.slots(REGION).write(cbor2.dumps(kept))


def load_keys(flash: Flash, lock: LockId) -> LockIdentity | None:
    """At a boot, before anything is made of the flash: the keys given last; None where there never were any.

    What was there before they were given is erased; after a power cut the next boot goes on with it.
    """
    raw = flash.slots(REGION).read()
    if raw is None:
        return None
    private, service, epoch, signing, erase_epoch = cbor2.loads(raw)[:5]
    if flash.log.epoch == erase_epoch:
        flash.wipe()
    return LockIdentity(lock, private, service, epoch, signing)
