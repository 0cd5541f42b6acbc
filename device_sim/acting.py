"""What a lock does about what came down to it: each happening goes to the part that it is meant for."""

from dataclasses import dataclass

from device_sim.certificate_keeping import CertificateKeeper
from device_sim.chain_signer import ChainSigner
from device_sim.claiming import Claiming
from device_sim.failpoints import Failpoint, Reached
from device_sim.key_keeping import KeyKeeper
from device_sim.list_changes import ListChanges
from device_sim.obedience import Body, Obedience
from device_sim.updating import Fitness, Updater
from firmware_protocol.certificate_messages import CertificateAnswer
from firmware_protocol.commands import Command, NonceAsked
from firmware_protocol.enrolment import EnrolledHeard
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareOffer
from firmware_protocol.firmware_states import FirmwareState
from firmware_protocol.happenings import ClockOffered, Contacted, Happening, ListComplete, StoredUpTo, Welcomed
from firmware_protocol.key_messages import KeyOffer
from firmware_protocol.list_messages import ListQuestion
from firmware_protocol.lock_side import LockSide
from firmware_protocol.vocabulary import EventType, Field

TIME_NONCE_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """The parts of one boot that something from outside reaches."""

    side: LockSide
    body: Body
    keys: KeyKeeper
    claiming: Claiming
    certificates: CertificateKeeper
    signer: ChainSigner
    lists: ListChanges
    commands: Obedience
    updater: Updater
    reached: Reached

    @property
    def fitness(self) -> Fitness:
        """Whether an image may be switched to now."""
        door = self.body.doorway.door
        return Fitness(door.is_at_rest, door.battery_percent)

    def act_on(self, happened: Happening, now: float) -> None:
        """Do what it asks for."""
        match happened:
            case StoredUpTo(up_to):
                self.reached(Failpoint.STORED_BEFORE_APPLY)
                self.body.flash.log.stored(up_to)
                self.reached(Failpoint.STORED_AFTER_APPLY)
                self.commands.stored()
            case ListComplete() | ListQuestion():
                self.lists.hear(happened, self.side.say, now)
            case ClockOffered() | Contacted():
                self._hear_time(happened, now)
            case Command() | NonceAsked() | EnrolledHeard():
                self.commands.hear(happened, now)
            case Welcomed(slot_s):
                self._welcomed(slot_s, now)
            case KeyOffer() | CertificateAnswer():
                self._hear_of_keys(happened, now)
            case FirmwareOffer() | FirmwareChunk():
                self.updater.hear(happened, self.fitness, now)

    def ask(self, now: float) -> None:
        """Ask the service for what is due: the time, another certificate."""
        body = self.body
        if self.side.proven and body.time.is_question_due(now):
            self.side.ask_time(body.draw(TIME_NONCE_BYTES), now)
        if self.side.proven:
            self.certificates.ask(self.side.say, now)

    def _welcomed(self, slot_s: float, now: float) -> None:
        body = self.body
        self.claiming.welcomed()
        body.time.ask_soon(now)
        body.flash.remember(reconnect_slot_ms=round(slot_s * 1000))
        if self.keys.welcomed(body.recorder, now):
            body.held.change_key(self.keys.credential_key())
        self.certificates.welcomed(now)
        self.signer.say(self.side, now)
        self.commands.enrolling.welcomed(now)

    def _hear_of_keys(self, heard: KeyOffer | CertificateAnswer, now: float) -> None:
        if isinstance(heard, CertificateAnswer):
            self.certificates.hear(heard, now)
            return
        busy = self.commands.is_wiping or self.updater.state is not FirmwareState.SETTLED
        self.side.say(self.keys.hear(heard, holds_material=self.body.held.has_material, busy=busy, now=now))

    def _hear_time(self, heard: ClockOffered | Contacted, now: float) -> None:
        time = self.body.time
        if isinstance(heard, Contacted):
            time.contacted(now)
            return
        if time.told(heard.now_ms, now):
            self.body.recorder.record(EventType.CLOCK_SET, {Field.UPTIME_MS: round(now * 1000)}, now)
        self.lists.clock_was_set(now)
