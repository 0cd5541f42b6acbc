"""The keys that a lock was given since it left the factory: one value in flash, changed whole or not at all.

They count before what the factory put in. A factory wipe leaves them: the lock proves the wipe with them. The secret that
they were claimed by stays beside them until the service has welcomed the lock under them: another press of the button can
have made the service hold other keys, and then this secret is all that brings the two together again.
"""

import cbor2

from device_sim.flash.chip import Flash
from firmware_protocol.lock_session import LockIdentity
from firmware_protocol.topics import LockId

REGION = "keys"
# An older value ends before it.
_SECRET_AT = 5


def keep_keys(flash: Flash, identity: LockIdentity, *, erase_epoch: int = 0, claimed_by: str | None = None) -> None:
    """These keys count from the next boot on; safe when this returns. `erase_epoch`: that of a log which is not theirs."""
    kept = [identity.private_key, identity.service_public_key, identity.key_epoch, identity.signing_key]
    flash.slots(REGION).write(cbor2.dumps([*kept, erase_epoch, claimed_by]))


def claimed_by(flash: Flash) -> str | None:
    """The secret that the keys were claimed by, while nobody has welcomed the lock under them."""
    raw = flash.slots(REGION).read()
    return next(iter(cbor2.loads(raw)[_SECRET_AT:]), None) if raw is not None else None


def forget_secret(flash: Flash) -> None:
    """Leave nothing of the secret; the keys stay as they are, whenever the power goes away."""
    slots = flash.slots(REGION)
    raw = slots.read()
    if raw is not None:
        slots.write(cbor2.dumps([*cbor2.loads(raw)[:_SECRET_AT], None]))


def load_keys(flash: Flash, lock: LockId) -> LockIdentity | None:
    """At a boot, before anything is made of the flash: the keys given last; None where there never were any.

    What was there before they were given is erased; after a power cut the next boot goes on with it.
    """
    raw = flash.slots(REGION).read()
    if raw is None:
        return None
    private, service, epoch, signing, erase_epoch = cbor2.loads(raw)[:_SECRET_AT]
    if flash.log.epoch == erase_epoch:
        flash.wipe()
    return LockIdentity(lock, private, service, epoch, signing)
