"""Checks of docs/protocol/commands.md, its last part: the factory wipe. They come last, because the lock forgets list and log."""

from dataclasses import dataclass

from anmen.conformance.checks.keys_changed import SILENCE_S
from anmen.conformance.counterpart import SILENT, Manners
from anmen.conformance.lists import CARD, EMPTY
from anmen.conformance.orders import Orders
from anmen.conformance.registry import Profile, checks
from anmen.conformance.rekeying import Offered, call_off, offer_keys, speaks_under
from anmen.conformance.stand import ANSWER_S, BOOT_S, Stand
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol.certificate_messages import CERTIFICATE_CAPABILITY
from firmware_protocol.commands import CommandFailure, CommandKind, CommandState, ReadBackAnswer
from firmware_protocol.commands_wiped import proves_wipe, wipe_key
from firmware_protocol.key_change import KEY_EPOCH_CAPABILITY
from firmware_protocol.keys import exchange
from firmware_protocol.messages import Birth, Event, Events
from firmware_protocol.vocabulary import AlarmCode, EventType, Field

FULL, COMMANDS, WIPE = Profile.FULL, "commands", CommandKind.FACTORY_WIPE
WAITED_S = 5.0
CHALLENGE_BYTES = 16
FORGOTTEN = "ANM-KEY-028"
# Neither is what any lock has by itself.
RELOCK_S, AJAR_S = 11, 71


@dataclass(frozen=True, slots=True)
class Wiped:
    """A lock before a wipe and after it, and the first events of its new log."""

    before: Birth
    after: Birth
    held: ReadBackAnswer
    first: tuple[Event, ...]
    number: bytes
    challenge: bytes
    offered: Offered | None


@checks("ANM-CMD-020", profile=FULL, feature=COMMANDS, kind=WIPE)
def nothing_is_lost(stand: Stand) -> str:
    """With events that nobody has stored it waits; a power cut then makes the command fail, and everything is as it was."""
    _consent(stand)
    orders = Orders(stand)
    stand.give(stand.issuer().card(95))
    held, epoch = stand.service.held, stand.service.epoch
    stand.behave(unpaid := Manners(unpaid_from=stand.service.up_to + 1))
    stand.cause_events(1)
    held, since = (stand.service.wanted.version, stand.service.wanted.digest), stand.mark()
    number = orders.wipe(stand.draw(CHALLENGE_BYTES))
    orders.result(number, since, lambda one: one.state == CommandState.ACCEPTED, "state 1 (accepted)")
    stand.listen(WAITED_S)
    states = orders.states(number, since)
    if states != [CommandState.ACCEPTED] or any(True for _ in stand.transcript.of(Birth, since)):
        raise Failed(
            expected="state 1 (accepted) and nothing more while an event is not stored", seen=f"states {states}"
        )
    birth = stand.restart(manners=unpaid)
    if (birth.log_epoch, birth.list_version, birth.list_digest) != (epoch, *held):
        raise Failed(
            expected="log and list as before: the wipe had not begun",
            seen=f"epoch {birth.log_epoch}, version {birth.list_version}",
        )
    stand.settle()
    done = stand.await_event(EventType.COMMAND_DONE, since, where=lambda one: one.get(Field.COMMAND) == number)[1]
    if (done.get(Field.COMMAND_STATE), done.get(Field.CODE)) != (CommandState.FAILED, CommandFailure.INTERRUPTED):
        raise Failed(expected="event 22: failed, interrupted", seen=f"fields {dict(done.fields)}")
    return f"accepted and no more in {WAITED_S:g} s; after a power cut failed (interrupted), list and log as before"


@checks(
    "ANM-CMD-021",
    profile=FULL,
    feature=COMMANDS,
    kind=WIPE,
    unseen="older copies in flash; every moment of a power cut",
)
def what_is_left(stand: Stand) -> str:
    """With a power cut the moment it says running: nothing of list and log, but keys, boot number, clock and the command."""
    stand.await_open()
    seen = wiped(stand)
    before, after, held = seen.before, seen.after, seen.held
    if after.list_digest != EMPTY or held.entries:
        raise Failed(expected="an empty list", seen=f"version {after.list_version}, {held.entries} entries")
    if after.log_epoch == before.log_epoch or any(one.boot_number <= before.boot_number for one in seen.first):
        raise Failed(expected="another log, with events of later boots only", seen=f"epoch {after.log_epoch}")
    if after.boot_number <= before.boot_number:
        raise Failed(expected=f"a boot number above {before.boot_number}", seen=f"{after.boot_number}")
    if after.clock_quality and after.clock_ms < before.clock_ms:
        raise Failed(expected=f"no time below {before.clock_ms}", seen=f"{after.clock_ms}")
    if (held.relock_s, held.ajar_s) == (RELOCK_S, AJAR_S):
        raise Failed(
            expected="times at the door as the maker set them", seen=f"{held.relock_s} s and {held.ajar_s} s still"
        )
    if stand.operator.show_card(CARD):
        raise Failed(expected="a card of before refused", seen="the door opened")
    return f"list empty, a new log, times as the maker set them, a card of before refused; boot {after.boot_number}, proven with the same keys"


@checks("ANM-CMD-022", profile=FULL, feature=COMMANDS, kind=WIPE)
def the_new_log_tells_of_it(stand: Stand) -> str:
    """Started, alarm 1, command done with a proof that holds; the proof again when the command is repeated."""
    seen = wiped(stand)
    kinds = [one.type for one in seen.first[:3]]
    if kinds != [EventType.STARTED, EventType.ALARM_RAISED, EventType.COMMAND_DONE]:
        raise Failed(expected="the events 1 started, 2 alarm, 3 command done", seen=f"types {kinds}")
    _, alarm, done = seen.first[:3]
    told = (alarm.get(Field.CODE), done.get(Field.COMMAND), done.get(Field.COMMAND_STATE))
    if told != (AlarmCode.LOCK_FACTORY_RESET, seen.number, CommandState.DONE):
        raise Failed(expected="alarm 1, and the wipe as done", seen=f"{dict(alarm.fields)}, {dict(done.fields)}")
    proof = done.get(Field.DIGEST)
    _proves(stand, seen, proof, "the event")
    orders, since = Orders(stand), stand.mark()
    orders.ask_nonce(seen.number)
    again = orders.result(seen.number, since, lambda one: one.repeated, "its result, repeated")
    if again.content != proof:
        raise Failed(expected="the proof as content of the repeated result", seen=again.content.hex() or "none")
    return "a new log begins with started, alarm 1 and command done; the proof holds"


@checks(
    "ANM-KEY-039",
    profile=FULL,
    feature=CERTIFICATE_CAPABILITY,
    kind=WIPE,
    unseen="the keys of the certificates, and a request that waits",
)
def keeps_its_certificate(stand: Stand) -> str:
    """After the wipe its birth names no earlier end of its certificate than before."""
    seen = _as_others_saw_it(stand)
    before, after = (birth.capabilities.get(CERTIFICATE_CAPABILITY) for birth in (seen.before, seen.after))
    if not isinstance(before, int) or not isinstance(after, int) or after < before:
        raise Failed(expected=f"a certificate until {before}, as before the wipe", seen=f"until {after}")
    return f"its certificate holds until {after}, as before the wipe"


@checks(
    FORGOTTEN,
    profile=FULL,
    feature=KEY_EPOCH_CAPABILITY,
    kind=WIPE,
    unseen="that nothing of the pair is left in its flash",
)
def forgets_the_keys_to_come(stand: Stand) -> str:
    """Wiped while it had a pair that nobody welcomed it under, and left without an answer after it: it does not try that pair."""
    offered = _as_others_saw_it(stand).offered
    if offered is None:
        raise NotTried(
            "before the wipe it did not take other keys, or did not come back from them (ANM-KEY-023, ANM-KEY-025)"
        )
    since = stand.mark()
    stand.restart(manners=SILENT)
    stand.listen(SILENCE_S)
    if stand.transcript.find(lambda one: speaks_under(stand, one, offered.identity.key_epoch), since) is not None:
        raise Failed(
            expected=f"key epoch {stand.identity.key_epoch} alone after the wipe",
            seen=f"a birth under key epoch {offered.identity.key_epoch}, which was never welcomed",
        )
    return f"offered another pair, back from it, wiped: {SILENCE_S:.0f} s of silence under its own keys"


def wiped(stand: Stand) -> Wiped:
    """Wipe the lock, and take its power away the moment it says that it has begun. Done once a run."""
    _consent(stand)
    return stand.once("wiped", lambda: _wipe(stand))


def _as_others_saw_it(stand: Stand) -> Wiped:
    """A wipe that does not go through is the matter of the checks that are about it."""
    try:
        return wiped(stand)
    except Failed as failed:
        raise NotTried(f"the wipe did not go through (ANM-CMD-021): {failed.seen}") from failed


def _wipe(stand: Stand) -> Wiped:
    orders, challenge = Orders(stand), stand.draw(CHALLENGE_BYTES)
    offered = _offered(stand)
    number = stand.draw(16)
    orders.parameters(number, orders.nonce(number), relock_s=RELOCK_S, ajar_s=AJAR_S)
    orders.ends(number, CommandState.DONE)
    stand.give(stand.issuer().card(96))
    before, since = stand.birth, stand.mark()
    number = orders.wipe(challenge)

    def begun() -> bool:
        """It may say that it runs (ANM-CMD-011), or simply be done."""
        return CommandState.RUNNING in orders.states(number, since) or stand.service.epoch != before.log_epoch

    if not stand.until(begun, ANSWER_S):
        raise Failed(expected="the wipe begun: everything is stored", seen=stand.told(since))
    stand.restart()
    if not stand.until(lambda: stand.service.epoch != before.log_epoch and stand.service.proven, BOOT_S):
        raise Failed(expected="a birth with another log epoch, and its proof", seen=stand.told(since))
    stand.until(lambda: stand.service.welcomed == stand.birth.birth_number and stand.service.has_all, ANSWER_S)
    found = {
        one.sequence: one
        for said, one in stand.transcript.events(since)
        if isinstance(said.message, Events) and said.message.log_epoch == stand.service.epoch
    }
    first = tuple(one for _, one in sorted(found.items()))
    return Wiped(before, stand.birth, orders.held(), first, number, challenge, offered)


def _offered(stand: Stand) -> Offered | None:
    """A pair that the lock has tried in vain, for the one check that is about it."""
    if not (stand.wants(FORGOTTEN) and stand.birth.capabilities.get(KEY_EPOCH_CAPABILITY)):
        return None
    try:
        offered = offer_keys(stand)
    except Failed:
        # What it does with an offer is another check's matter (ANM-KEY-023); the wipe can be looked at all the same.
        return None
    back = call_off(stand, offered)
    stand.settle()
    return offered if back else None


def _proves(stand: Stand, seen: Wiped, proof: object, where: str) -> None:
    identity = stand.identity
    static = exchange(identity.private_key, identity.lock_public_key)
    key = wipe_key(static, identity.lock, identity.key_epoch)
    epochs = {"old_epoch": seen.before.log_epoch, "new_epoch": seen.after.log_epoch}
    if not isinstance(proof, bytes) or not proves_wipe(key, proof, seen.challenge, **epochs):
        raise Failed(
            expected=f"the proof of ANM-CMD-023 in {where}", seen=proof.hex() if isinstance(proof, bytes) else "none"
        )


def _consent(stand: Stand) -> None:
    if not stand.may_wipe:
        raise NotTried("it erases the lock's list and log, so it is done only where --wipe says so")
