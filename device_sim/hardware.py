"""The parts of a lock that are not pure: dice, uptime, clock chip, and the flash's folder. The simulator's only edge to them."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device_sim.certificate import from_factory
from device_sim.claiming import nobodys_keys
from device_sim.door import Door
from device_sim.errors import FirmwareHangs
from device_sim.failpoints import Reached, nowhere
from device_sim.firmware_image import Behaviour
from device_sim.flash.chip import Flash
from device_sim.flash.event_log import USUAL, Geometry
from device_sim.flash.medium import FolderMedium, Medium
from device_sim.given_keys import load_keys
from device_sim.lock import Lock
from device_sim.provision import Provision
from device_sim.start import Start
from face_engine.engine import FaceEngine
from firmware_protocol.keys import private_key

PRIVATE_KEY_ENTROPY_BYTES = 48


@dataclass(frozen=True, slots=True)
class Hardware:
    """What every lock of an estate is built of. `keep_account`: events whose flash was freed stay readable (audit.py).

    `medium`: what a folder's flash is written on, where it is no folder of files.
    """

    engine: FaceEngine | None = None
    reached: Reached = nowhere
    keep_account: bool = False
    geometry: Geometry = USUAL
    draw: Callable[[int], bytes] = os.urandom
    uptime_s: Callable[[], float] = time.monotonic
    chip_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    medium: Callable[[Path], Medium] | None = None

    def boot(self, provision: Provision, folder: Path, door: Door, *, clock_kept: bool = True) -> Lock:
        """Power on the lock whose flash lies in the folder; uptime begins at 0. FirmwareHangs where its image does."""
        medium = self.medium(folder) if self.medium else FolderMedium(folder, keep_erased=self.keep_account)
        flash = Flash(medium, self.geometry, draw=self.draw, reached=self.reached)
        if flash.images.image.behaviour is Behaviour.HANGS:
            flash.close()
            raise FirmwareHangs("the lock's firmware hangs; its watchdog will restart it")
        given = load_keys(flash, provision.lock)
        boxed = provision.claim_secret if given is None else None
        certificate = from_factory(provision.certificate, provision.certificate_key)
        chip_ms = self.chip_ms() if clock_kept else None
        start = Start(0.0, chip_ms, door, provision.maker, boxed, certificate)
        identity = given or (nobodys_keys(provision.lock, self.draw) if boxed else provision.identity)
        return Lock(identity, flash, start, engine=self.engine, draw=self.draw, reached=self.reached)


def draw_private_key(draw: Callable[[int], bytes] = os.urandom) -> bytes:
    """A fresh P-256 scalar, as the factory draws it: 32 bytes."""
    return private_key(draw(PRIVATE_KEY_ENTROPY_BYTES))
