"""A lock as it hangs on its door: with power or without, with a network or without, connecting again and again.

One thread at a time may use it (lock_runner.py sees to that); nothing here waits for anything.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from device_sim.certificate import HeldCertificate
from device_sim.door import Door, DoorStep
from device_sim.errors import BadRequest, FirmwareHangs
from device_sim.firmware_image import Behaviour
from device_sim.hardware import Hardware
from device_sim.lock import Lock
from device_sim.provision import Provision

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 60.0
_MOST_DOUBLINGS = 10
# The hardware's own clock that an image must keep winding up (ANM-FWU-019).
WATCHDOG_S = 10.0


class Link(Protocol):
    """The way out (mqtt_link.py)."""

    def connect(self, will: bytes, certificate: HeldCertificate | None) -> None:
        """Begin a new connection and return; without a certificate with the factory's."""

    def publish(self, frame: bytes) -> None:
        """Send a frame up."""

    def drop(self) -> None:
        """Tear the connection."""

    def close(self) -> None:
        """Say goodbye."""


class Installation:
    """One lock, its door and its link."""

    def __init__(self, provision: Provision, folder: Path, *, hardware: Hardware, link: Link) -> None:
        self.provision = provision
        self.linked = False
        self.network = True
        self.why_down = ""
        self.battery_in = True
        self._folder = folder
        self._hardware = hardware
        self._link = link
        self._door = Door()
        self._lock: Lock | None = None
        self._booted_at = 0.0
        self._tries = 0
        self._connect_at: float | None = None
        self._in_slot = False
        self._restart_at: float | None = None

    @property
    def now(self) -> float:
        """Uptime in seconds."""
        return self._hardware.uptime_s() - self._booted_at

    @property
    def has_power(self) -> bool:
        """Whether the electronics run."""
        return self._lock is not None

    @property
    def lock(self) -> Lock:
        """The electronics; BadRequest while they have no power."""
        if self._lock is None:
            raise BadRequest("the lock has no power: reader, keypad and camera are dark (the inside handle works)")
        return self._lock

    @property
    def door(self) -> Door:
        """The door, which is there without power too."""
        return self._lock.doorway.door if self._lock else self._door

    def move_door(self, step: Callable[[Door, float], DoorStep]) -> None:
        """Something happens to the door; without power it happens unrecorded."""
        now = self.now
        if self._lock:
            self._lock.doorway.move(lambda door: step(door, now), now)
        else:
            self._door = step(self._door, now).door

    def press_button(self) -> None:
        """The privacy button inside."""
        self.lock.doorway.press_button(self.now)

    def connect_emergency_power(self, *, connected: bool, clock_kept: bool = True) -> None:
        """Somebody holds a battery to the outside contacts, or takes it away; the lock then has what it has inside."""
        self.move_door(lambda door, _: door.powered_outside(connected=connected))
        if connected:
            self._boot(clock_kept=clock_kept)
        elif not self.battery_in:
            self.power_off()

    def obstruct(self, *, obstructed: bool) -> None:
        """Something gets in the bolt's way, or out of it."""
        self.move_door(lambda door, _: DoorStep(replace(door, obstructed=obstructed)))

    def power_off(self) -> None:
        """Pull the battery: no goodbye, nothing written down. On emergency power the lock runs on."""
        self.battery_in = False
        if not self.door.emergency_power:
            self._go_dark()

    def _go_dark(self) -> None:
        if self._lock:
            self._door = self._lock.doorway.door
            self._lock.flash.close()
            self._lock = None
        self._link.drop()
        self.linked, self.why_down, self._connect_at, self._restart_at = False, "no power", None, None

    def power_on(self, *, clock_kept: bool = True) -> None:
        """Put the battery in; `clock_kept` says whether the clock chip ran on."""
        self.battery_in = True
        self._boot(clock_kept=clock_kept)

    def _boot(self, *, clock_kept: bool) -> None:
        if self._lock is not None:
            return
        self._booted_at = self._hardware.uptime_s()
        try:
            self._lock = self._hardware.boot(self.provision, self._folder, self._door, clock_kept=clock_kept)
        except FirmwareHangs as hangs:
            self.why_down, self._restart_at = str(hangs), WATCHDOG_S
            return
        image = self._lock.flash.images.image
        self._restart_at = image.after_s if image.behaviour is Behaviour.CRASHES else None
        self._await_slot()

    def restart(self) -> None:
        """The electronics start again, with whatever image the flash says; the clock chip runs on."""
        self._go_dark()
        self._boot(clock_kept=True)
        # One lock by itself is no storm: it need not wait for its slot.
        self._connect_soon(0.0)
        self._in_slot = False

    def shut_down(self) -> None:
        """An orderly end: goodbye to the broker, and the flash is closed."""
        self._link.close()
        if self._lock:
            self._lock.close()
            self._lock = None

    def cut_network(self) -> None:
        """Pull the cable."""
        self.network = False
        self._link.drop()
        self.went_down("the network is cut")

    def restore_network(self) -> None:
        """Plug it in again."""
        self.network, self._tries = True, 0
        if self._lock and not self.linked:
            self._await_slot()

    def came_up(self) -> None:
        """Connected and subscribed."""
        if self._lock and self.network:
            self.linked, self.why_down, self._tries = True, "", 0
            self._lock.connected(self.now)

    def went_down(self, why: str) -> None:
        """Not connected any more, or not at all; try again in a while."""
        self.linked, self.why_down, self._connect_at = False, why, None
        if self._lock:
            self._lock.disconnected()
            slot_s = self._lock.slot_s if self._tries == 0 else 0.0
            self._connect_soon(slot_s + self._retry_wait_s())
            self._in_slot = slot_s > 0

    def receive(self, frame: bytes) -> None:
        """A frame came down."""
        if self._lock and self.linked:
            self._lock.receive(frame, self.now)

    def announced(self) -> None:
        """A process has announced that it holds the shard."""
        if self._lock and self.linked:
            self._lock.announced(self.now)

    def wait_s(self) -> float | None:
        """How long until `drive` has something to do (None: until something happens)."""
        dates = [self._lock.deadline() if self._lock else None, self._connect_at, self._restart_at]
        soonest = min((at for at in dates if at is not None), default=None)
        return None if soonest is None else max(0.0, soonest - self.now)

    def drive(self) -> None:
        """Do what time brings, and say what is to be said."""
        if self._restart_at is not None and self.now >= self._restart_at:
            self.restart()
        if self._lock is not None:
            self._drive(self._lock, self.now)
        if self._lock is not None and self._lock.certificates.reconnect_due and self.linked:
            self._connect_anew(self._lock)
        if self._lock is not None and self._lock.restart_due:
            self.restart()

    def _drive(self, lock: Lock, now: float) -> None:
        if self._in_slot and lock.slot_s == 0:
            self._connect_at = now
        if now >= lock.deadline():
            lock.expire(now)
        if self._connect_at is not None and now >= self._connect_at:
            self._connect_at, self._in_slot = None, False
            self._link.connect(lock.connecting(), lock.certificates.connecting(now))
        if self.linked:
            for frame in lock.to_send(now):
                self._link.publish(frame)

    def _connect_anew(self, lock: Lock) -> None:
        """With another certificate: an orderly goodbye, and at once again."""
        self._link.close()
        self.linked, self.why_down = False, "another certificate"
        lock.disconnected()
        self._connect_soon(0.0)

    def _connect_soon(self, wait_s: float) -> None:
        """Connect after this while, where there is a network and an image that knows how to."""
        can = self._lock is not None and self._lock.flash.images.image.behaviour is not Behaviour.MUTE
        self._connect_at = self.now + wait_s if self.network and can else None

    def _await_slot(self) -> None:
        """Power or network are back: connect when it is this lock's turn."""
        slot_s = self._lock.slot_s if self._lock else 0.0
        self._connect_soon(slot_s)
        self._in_slot = slot_s > 0 and self._connect_at is not None

    def _retry_wait_s(self) -> float:
        """Longer every time, and never the same for two locks: a building's power cut must be no storm."""
        longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0**self._tries)
        self._tries = min(self._tries + 1, _MOST_DOUBLINGS)
        return longest * (0.5 + int.from_bytes(self._hardware.draw(2), "big") / 131072)
