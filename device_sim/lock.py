"""One lock: a doorway, a flash, an access list and the lock's end of the protocol. Pure apart from the flash it is given.

Time is uptime in seconds and chance is drawn through `draw`. What people do is done to `doorway`; what comes over the
link goes through here, with the four verbs of the protocol.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from device_sim.acting import Acting
from device_sim.certificate_keeping import CertificateKeeper
from device_sim.chain_signer import ChainSigner
from device_sim.claiming import Claiming
from device_sim.command_memory import CommandMemory
from device_sim.doorway import Doorway
from device_sim.failpoints import Reached, nowhere
from device_sim.flash.chip import Flash
from device_sim.held_list import HeldList, can_hold
from device_sim.key_keeping import KEY_ENTROPY_BYTES, KeyKeeper
from device_sim.list_changes import ListChanges
from device_sim.obedience import Body, Obedience
from device_sim.own_account import OwnAccount
from device_sim.recording import Recorder
from device_sim.start import Start
from device_sim.timekeeping import Timekeeper
from device_sim.updating import Updater
from device_sim.wiping import finish_wipe
from device_sim.wrong_tries import remembered
from face_engine.engine import FaceEngine
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.firmware_states import FirmwareState
from firmware_protocol.keys import private_key
from firmware_protocol.lock_side import Boot, LockIdentity, LockSide
from firmware_protocol.standing import Standing
from firmware_protocol.vocabulary import ClockQuality

HOUSEKEEPING_S = 30.0


class Lock:
    """One boot of one lock."""

    def __init__(
        self,
        identity: LockIdentity,
        flash: Flash,
        start: Start,
        *,
        engine: FaceEngine | None,
        draw: Callable[[int], bytes],
        reached: Reached = nowhere,
    ) -> None:
        flash.remember(boot_number=flash.remembered.boot_number + 1)
        boot = Boot(flash.remembered.boot_number, private_key(draw(KEY_ENTROPY_BYTES)))
        self.keys = KeyKeeper(flash, identity, draw)
        self._engine, self.flash = engine, flash
        memory = CommandMemory(flash)
        wiped = finish_wipe(flash, memory, self.keys.static_secret, self.keys.in_force)
        self.identity = identity = self.keys.identity
        self.claiming = Claiming(flash, identity, start.boxed_secret, draw)
        self._side = LockSide(identity, boot, flash.log)
        self._housekeep_at = start.now + HOUSEKEEPING_S
        self.refused_frames: Counter[str] = Counter()
        self.time = Timekeeper(flash, start.chip_ms, start.now)
        self.certificates = CertificateKeeper(flash, identity.lock, start, time=self.time, draw=draw)
        self.held = HeldList(flash, engine, self.keys.credential_key())
        self._signer = ChainSigner(identity, flash.log, self.time, self.keys.chain_key())
        self._recorder = Recorder(flash, self.time, self._side.recorded)
        self.keys.begin_boot(self._recorder, start.now, wiped=wiped is not None)
        self.held.spend_what_was_cut_off()
        door = memory.kept.parameters.on(start.door).powered_up(start.now)
        lockout = remembered(flash, self.time.stamp(start.now), start.now)
        self.doorway = Doorway(door, held=self.held, time=self.time, recorder=self._recorder, lockout=lockout)
        self.doorway.record_start(start.now)
        self.updater = Updater(flash.images, start.maker, recorder=self._recorder, now=start.now)
        body = Body(flash, self.held, self.time, self.doorway, self._recorder, draw, self._side.say, engine)
        self.commands = Obedience(memory, body)
        self._account = OwnAccount(self.held, self.doorway, self.time, flash.images, self._capabilities)
        lists = ListChanges(self.held, flash, self._recorder, time=self.time, refuse=self._refuse_list)
        self._acting = self._joined(body, lists, reached)
        self.commands.begin_boot(wiped, start.now)
        lists.begin_boot(start.now)

    def _joined(self, body: Body, lists: ListChanges, reached: Reached) -> Acting:
        return Acting(
            side=self._side,
            body=body,
            keys=self.keys,
            claiming=self.claiming,
            certificates=self.certificates,
            signer=self._signer,
            lists=lists,
            commands=self.commands,
            updater=self.updater,
            reached=reached,
        )

    @property
    def proven(self) -> bool:
        """Whether this boot and the service have proven themselves to each other."""
        return self._side.proven

    @property
    def slot_s(self) -> float:
        """How long to wait with the first connect after power or link were lost. An alarm that nobody has yet does not wait."""
        log, kept = self.flash.log, self.flash.remembered
        return 0.0 if log.alarms(log.stored_up_to + 1, 1) else kept.reconnect_slot_ms / 1000

    @property
    def restart_due(self) -> bool:
        """Whether the electronics are to be started again: power off and on."""
        of_keys = self.claiming.given or (self.keys.restart_due and self.doorway.door.is_at_rest)
        return self.updater.restart_due or self.commands.restart_due or of_keys

    def connecting(self) -> bytes:
        """The will for the next connect; empty where there is nobody who could read one."""
        return b"" if self.claiming.boxed else self._side.connecting()

    def connected(self, now: float) -> None:
        """The link is up."""
        self.claiming.connected()
        if self.claiming.boxed:
            return
        self._side.connected(self.standing(now), now)
        self.time.ask_soon(now)
        self.keys.connected(now)
        if self._side.proven:
            self.updater.came_online(now)

    def disconnected(self) -> None:
        """The link is down."""
        self.claiming.disconnected()
        self._side.disconnected()
        self.time.disconnected()
        self.keys.disconnected()
        self.certificates.disconnected()
        self.updater.went_offline()

    def announced(self, now: float) -> None:
        """A process has announced that it holds this lock's shard."""
        self._side.announced(now)

    def receive(self, frame: bytes, now: float) -> None:
        """A frame came down; one that must be refused is counted by its reason."""
        if self.claiming.receive(frame, now):
            return
        try:
            happened = self._side.receive(frame, self.standing(now), now)
        except RemoteProtocolError as refused:
            self.refused_frames[refused.reason.value] += 1
            return
        for one in happened:
            self._acting.act_on(one, now)
        if self._side.proven:
            self.updater.came_online(now)
        self._acting.ask(now)

    def to_send(self, now: float) -> list[bytes]:
        """Frames to publish now, in this order: what is said of firmware comes behind everything else."""
        frames = self.claiming.to_send(now) + self._side.to_send(now)
        said = self.updater.to_say(now)
        for message in said:
            self._side.say(message)
        return frames + self._side.to_send(now) if said else frames

    def deadline(self) -> float:
        """When to call `expire` at the latest."""
        parts = (self._side, self.doorway, self.commands, self.updater, self.claiming, self.keys, self.certificates)
        return min([self._housekeep_at, *(at for part in (*parts, self.time) if (at := part.deadline()) is not None)])

    def expire(self, now: float) -> None:
        """Do what is due."""
        self.doorway.expire(now)
        self.commands.expire(now)
        self._side.expire(self.standing(now), now)
        self.updater.expire(self._acting.fitness, now)
        self.keys.expire(now, on_trial=self.updater.state is FirmwareState.ON_TRIAL)
        self.certificates.expire(now)
        self._acting.ask(now)
        if now >= self._housekeep_at:
            self._housekeep_at = now + HOUSEKEEPING_S
            self.keep_house(now)

    def keep_house(self, now: float) -> None:
        """Erase what has ended, record what was only counted, write down what must outlive a power cut."""
        self.time.keep(now)
        self._recorder.settle(now)
        self._signer.say_if_due(self._side, now)
        if self.time.clock.quality is not ClockQuality.UNSET:
            self.held.erase_ended(self.time.clock.now_s(now))
        self._acting.ask(now)

    def close(self) -> None:
        """An orderly end: write down how far the log is stored, and let go of the flash."""
        self.flash.log.save()
        self.flash.close()

    def standing(self, now: float) -> Standing:
        """What the lock says of itself."""
        return self._account.standing(now)

    def _capabilities(self) -> dict[str, Any]:
        own = {**self.commands.capability, **self.keys.capability, **self.certificates.capability}
        return {**self.updater.capabilities, **can_hold(self._engine), **self._signer.capability(), **own}

    def _refuse_list(self, problem: str, now: float) -> None:
        self._side.refuse_list(self.standing(now), problem)
