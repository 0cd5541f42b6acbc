"""Checks of docs/protocol/claim.md. They come first: a lock from the factory has no keys before, and the rest is tried under them."""

from dataclasses import dataclass
from itertools import pairwise

from anmen.conformance.counterpart import SILENT, USUAL
from anmen.conformance.registry import Profile, checks, declared
from anmen.conformance.stand import ANSWER_S, BOOT_S, SLACK_S, Stand, within_tolerance
from anmen.conformance.transcript import Said
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol import RemoteProtocolError, ServiceIdentity
from firmware_protocol.claim import REPEAT_S, WINDOW_S, claimed_frame, draw_secret, open_claim
from firmware_protocol.key_messages import LockKeys, ServiceKeys
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.messages import Birth
from firmware_protocol.sealing import FrameKind

FULL = Profile.FULL
KEY_ENTROPY_BYTES, SECRET_ENTROPY_BYTES = 48, 13

declared(
    {
        "ANM-CLM-001": "It is people's hands and the service that read a secret; a lock only bears one, on its inside.",
        "ANM-CLM-002": "Where the secret stands and what begins a claim are a matter of the case and its button: the maker's word.",
        "ANM-CLM-012": "A power cut has to strike between two writes of its flash: the maker's word.",
        "ANM-CLM-013": "What is erased of a log that was nobody's no later frame shows: the maker's word.",
    }
)


@dataclass(frozen=True, slots=True)
class Press:
    """What came of one press of the button: the claims, with the keys that they say and the attempt they belong to."""

    secret: str
    said: tuple[Said, ...]
    attempt: bytes
    keys: LockKeys


@checks("ANM-CLM-011", profile=FULL, settled=False)
def silent_in_its_box(stand: Stand) -> str:
    """Restarted and left alone, a lock that was never claimed says nothing."""
    _secret(stand)
    stand.operator.power_off()
    since = stand.mark()
    stand.operator.power_on()
    stand.listen(4 * REPEAT_S)
    if stand.mark() != since:
        raise Failed(expected="nothing before its button is pressed", seen=stand.told(since))
    return f"nothing in {4 * REPEAT_S:g} s after power came"


@checks("ANM-CLM-003", profile=FULL, settled=False, unseen="that the claim begins nowhere but at the press")
def claims_while_the_window_is_open(stand: Stand) -> str:
    """The first press heard out and answered too late: every 5 s for 120 s. Then two more, other pairs at each."""
    secret, since, pressed_at = _secret(stand), stand.mark(), stand.line.now()
    stand.operator.press_claim()
    stand.listen(WINDOW_S + 3 * REPEAT_S)
    first = _heard(stand, since, secret)
    times = [one.at - pressed_at for one in first.said]
    paces = [after - before for before, after in pairwise(times)]
    if times[0] > SLACK_S or any(not within_tolerance(pace, REPEAT_S) for pace in paces):
        raise Failed(expected="a claim at once and every 5 s", seen=f"after {[round(at, 1) for at in times]} s")
    if not WINDOW_S - 2 * REPEAT_S <= times[-1] <= WINDOW_S + SLACK_S:
        raise Failed(expected="claims until 120 s after the press", seen=f"the last after {times[-1]:.1f} s")
    _must_not_take(stand, first)
    presses = [first, *(_pressed(stand, secret) for _ in range(2))]
    if len({one.attempt for one in presses}) < len(presses) or len({one.keys.public_key for one in presses}) < len(
        presses
    ):
        raise Failed(expected="an ephemeral and a static pair of each press's own", seen="the same again")
    return f"{len(times)} claims, the last after {times[-1]:.1f} s; a late answer was none; other pairs at two more presses"


def _pressed(stand: Stand, secret: str) -> Press:
    since = stand.mark()
    stand.operator.press_claim()
    return _await(stand, since, secret)


def _must_not_take(stand: Stand, press: Press) -> None:
    """Answer when the two minutes are over; a lock that takes it comes back with a birth."""
    since = stand.mark()
    _answer(stand, press, _drawn(stand, press), press.secret)
    stand.listen(BOOT_S)
    if any(one.header is not None and one.header.kind is FrameKind.BIRTH for one in stand.transcript.said[since:]):
        raise Failed(expected="no notice of an answer after the two minutes", seen="a birth")


@checks("ANM-CLM-019", profile=FULL, settled=False)
def keeps_its_secret(stand: Stand) -> str:
    """Given keys and never answered under them, it says its birth over a power cut too, and claims again when it is pressed."""
    secret, since = _secret(stand), stand.mark()
    stand.operator.press_claim()
    first = _await(stand, since, secret)
    again = _unwelcomed(stand, first)
    # The next check claims it for good.
    stand.boxed_secret = secret
    if again.keys.public_key == first.keys.public_key or again.keys.key_epoch != first.keys.key_epoch:
        raise Failed(expected="another pair of the same key epoch", seen=f"key epoch {again.keys.key_epoch}")
    return "born twice under keys that nobody welcomed it under, then claimed again by the same secret"


@checks(
    "ANM-CLM-008", profile=FULL, settled=False, unseen="whole or not at all; that the secret is gone from its flash"
)
def takes_the_keys(stand: Stand) -> str:
    """Another secret's answer is none; with the right one it comes back under the keys, over a power cut too, and claims no more."""
    # Under keys that an earlier claim gave it, it is not welcomed meanwhile: that would end this claim (ANM-CLM-014).
    stand.behave(SILENT)
    secret, since = _secret(stand), stand.mark()
    stand.operator.press_claim()
    press = _await(stand, since, secret)
    _answer(stand, press, _drawn(stand, press), draw_secret(stand.draw(SECRET_ENTROPY_BYTES)))
    since = stand.mark()
    if not stand.until(lambda: bool(_claims(stand, since)), 2 * REPEAT_S):
        raise Failed(expected="no notice of an answer under another secret", seen="the lock claimed no more")
    stand.behave(USUAL)
    since = stand.mark()
    _give_keys(stand, press, secret)
    if not stand.until(lambda: stand.service.proven and stand.service.welcomed > 0, ANSWER_S):
        raise Failed(expected="a proof under these keys", seen=stand.told(since))
    _let_it_be_welcomed(stand)
    stand.restart()
    _let_it_be_welcomed(stand)
    since = stand.mark()
    stand.operator.press_claim()
    stand.listen(2 * REPEAT_S)
    if _claims(stand, since):
        raise Failed(expected="no claim once it was welcomed", seen=f"{len(_claims(stand, since))} claims")
    return "an answer under another secret changed nothing; born under the keys of the right one, and pressed in vain"


def _let_it_be_welcomed(stand: Stand) -> None:
    """That a welcome was said is known at once; that it was heard only after a while: until then a lock may claim (ANM-CLM-019)."""
    stand.until(lambda: stand.service.welcomed == stand.birth.birth_number, ANSWER_S)
    stand.listen(SLACK_S)


@checks("ANM-CLM-014", profile=FULL, unseen="the same right after a factory wipe; that it goes on while it claims")
def somebodys_button(stand: Stand) -> str:
    """With a way in on its list and its button pressed it says no claim."""
    stand.give(stand.issuer().card(97))
    since = stand.mark()
    stand.operator.press_claim()
    stand.listen(2 * REPEAT_S)
    if _claims(stand, since):
        raise Failed(expected="no claim of a lock that is somebody's", seen=f"{len(_claims(stand, since))} claims")
    return f"no claim in {2 * REPEAT_S:g} s"


def _unwelcomed(stand: Stand, press: Press) -> Press:
    """What comes of another press once it has keys that nobody answers under."""
    stand.behave(SILENT)
    try:
        _give_keys(stand, press, press.secret)
    except Failed:
        stand.boxed_secret = press.secret
        raise
    finally:
        stand.behave(USUAL)
    stand.restart(manners=SILENT)
    since = stand.mark()
    stand.operator.press_claim()
    stand.behave(USUAL)
    return _await(stand, since, press.secret)


def claim(stand: Stand) -> None:
    """Exchange keys with a lock from the factory, where nobody asks how it does it; it has come back under them when this returns."""
    secret, since = _secret(stand), stand.mark()
    stand.operator.press_claim()
    press = _await(stand, since, secret)
    _give_keys(stand, press, secret)


def _secret(stand: Stand) -> str:
    if stand.boxed_secret is None:
        raise NotTried("its keys are exchanged already: name the secret of a lock from the factory (claim_secret)")
    return stand.boxed_secret


def _claims(stand: Stand, since: int) -> list[Said]:
    said = stand.transcript.said[since:]
    return [one for one in said if one.header is not None and one.header.kind is FrameKind.CLAIM]


def _await(stand: Stand, since: int, secret: str) -> Press:
    stand.until(lambda: bool(_claims(stand, since)), BOOT_S)
    return _heard(stand, since, secret)


def _heard(stand: Stand, since: int, secret: str) -> Press:
    """All claims since a mark, which must open and say one and the same."""
    said = tuple(_claims(stand, since))
    if not said:
        raise Failed(expected="a claim after the press", seen=stand.told(since))
    try:
        opened = {open_claim(stand.identity.lock, secret, one.raw) for one in said}
    except RemoteProtocolError as refused:
        raise Failed(expected="claims sealed by the secret under the cover", seen=str(refused)) from refused
    if len(opened) != 1:
        raise Failed(expected="the same pairs in every claim of one press", seen=f"{len(opened)} different ones")
    [(attempt, keys)] = opened
    return Press(secret, said, attempt, keys)


def _give_keys(stand: Stand, press: Press, secret: str) -> None:
    """Answer the press, and hear the lock come back under what it was told."""
    identity = _drawn(stand, press)
    stand.keep_keys(identity)
    since = stand.mark()
    _answer(stand, press, identity, secret)
    stand.take_keys(identity)
    stand.await_message(Birth, since, BOOT_S, expected="a birth under the keys that were exchanged")


def _drawn(stand: Stand, press: Press) -> ServiceIdentity:
    private = private_key(stand.draw(KEY_ENTROPY_BYTES))
    return ServiceIdentity(stand.identity.lock, private, press.keys.public_key, press.keys.key_epoch)


def _answer(stand: Stand, press: Press, identity: ServiceIdentity, secret: str) -> None:
    said = ServiceKeys(identity.key_epoch, public_key(identity.private_key))
    stand.line.say(claimed_frame(identity.lock, secret, press.attempt, said))
