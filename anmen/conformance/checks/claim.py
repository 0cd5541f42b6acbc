"""Checks of docs/protocol/claim.md. They come first: a lock from the factory has no keys before, and the rest is tried under them."""

from itertools import pairwise

from anmen.conformance.claiming import (
    Press,
    answer_press,
    await_claim,
    claims_since,
    drawn_for,
    give_keys,
    heard_claims,
    secret_of,
)
from anmen.conformance.counterpart import SILENT, USUAL
from anmen.conformance.registry import Profile, checks, declared
from anmen.conformance.stand import ANSWER_S, BOOT_S, SLACK_S, Stand, within_tolerance
from anmen.conformance.transcript import Said
from anmen.conformance.verdict import Failed
from firmware_protocol.claim import REPEAT_S, WINDOW_S, draw_secret
from firmware_protocol.messages import Birth
from firmware_protocol.sealing import FrameKind

FULL = Profile.FULL
SECRET_ENTROPY_BYTES = 13
# The last one is as late as a lock that restarts needs at least to connect; the others are before it.
CUT_AFTER_S = (0.3, 0.0, 0.02, 0.05)

declared(
    {
        "ANM-CLM-001": "It is people's hands and the service that read a secret; a lock only bears one, on its inside.",
        "ANM-CLM-002": "Where the secret stands and what begins a claim are a matter of the case and its button: the maker's word.",
        "ANM-CLM-013": "What is erased of a log that was nobody's no later frame shows: the maker's word.",
    }
)


@checks("ANM-CLM-011", profile=FULL, settled=False)
def silent_in_its_box(stand: Stand) -> str:
    """Restarted and left alone, a lock that was never claimed says nothing."""
    secret_of(stand)
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
    secret, since, pressed_at = secret_of(stand), stand.mark(), stand.line.now()
    stand.operator.press_claim()
    stand.listen(WINDOW_S + 3 * REPEAT_S)
    first = heard_claims(stand, since, secret)
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
    return await_claim(stand, since, secret)


def _must_not_take(stand: Stand, press: Press) -> None:
    """Answer when the two minutes are over; a lock that takes it comes back with a birth."""
    since = stand.mark()
    answer_press(stand, press, drawn_for(stand, press), press.secret)
    stand.listen(BOOT_S)
    if any(one.header is not None and one.header.kind is FrameKind.BIRTH for one in stand.transcript.said[since:]):
        raise Failed(expected="no notice of an answer after the two minutes", seen="a birth")


@checks("ANM-CLM-019", profile=FULL, settled=False)
def keeps_its_secret(stand: Stand) -> str:
    """Given keys and never answered under them, it says its birth over a power cut too, and claims again when it is pressed."""
    secret, since = secret_of(stand), stand.mark()
    stand.operator.press_claim()
    first = await_claim(stand, since, secret)
    again = _unwelcomed(stand, first)
    # The next check claims it for good.
    stand.boxed_secret = secret
    if again.keys.public_key == first.keys.public_key or again.keys.key_epoch != first.keys.key_epoch:
        raise Failed(expected="another pair of the same key epoch", seen=f"key epoch {again.keys.key_epoch}")
    return "born twice under keys that nobody welcomed it under, then claimed again by the same secret"


@checks("ANM-CLM-012", profile=FULL, settled=False, unseen="that every moment is as good as those that were tried")
def whole_or_not_at_all(stand: Stand) -> str:
    """Its power goes away right behind the answer: it comes back under those keys, or as it was before the press."""
    secret = secret_of(stand)
    try:
        came = [_cut_behind(stand, secret, after_s) for after_s in CUT_AFTER_S]
        since = stand.mark()
        stand.operator.press_claim()
        await_claim(stand, since, secret)
    finally:
        # The next check claims it for good.
        stand.boxed_secret, stand.transcript.other = secret, None
        stand.behave(USUAL)
    return f"power cut {len(came)} times up to {max(CUT_AFTER_S):g} s after the answer: {sum(came)} times under its keys, else as before"


def _cut_behind(stand: Stand, secret: str, after_s: float) -> bool:
    """Whether it came back under the keys of this press, and not as it was; either way the next press claims by the same secret."""
    stand.behave(SILENT)
    since = stand.mark()
    stand.operator.press_claim()
    press = await_claim(stand, since, secret)
    given = stand.transcript.other = drawn_for(stand, press)
    stand.keep_keys(stand.identity, given)
    answer_press(stand, press, given, secret)
    stand.listen(after_s)
    stand.operator.power_off()
    stand.listen(SLACK_S / 4)
    since = stand.mark()
    stand.operator.power_on()
    stand.until(lambda: bool(_births(stand, since)), ANSWER_S)
    births = _births(stand, since)
    if any(not isinstance(one.message, Birth) for one in births):
        raise Failed(
            expected="keys that are whole, or none: a birth under those of the answer or those before it",
            seen=f"a birth under neither, its power having been cut {after_s:g} s after the answer",
        )
    came = any(
        one.header is not None and stand.transcript.boots[one.header.session].identity == given for one in births
    )
    if came:
        stand.take_keys(given)
    return came


def _births(stand: Stand, since: int) -> list[Said]:
    said = stand.transcript.said[since:]
    return [one for one in said if one.header is not None and one.header.kind is FrameKind.BIRTH]


@checks(
    "ANM-CLM-008", profile=FULL, settled=False, unseen="whole or not at all; that the secret is gone from its flash"
)
def takes_the_keys(stand: Stand) -> str:
    """Another secret's answer is none; with the right one it comes back under the keys, over a power cut too, and claims no more."""
    # Under keys that an earlier claim gave it, it is not welcomed meanwhile: that would end this claim (ANM-CLM-014).
    stand.behave(SILENT)
    secret, since = secret_of(stand), stand.mark()
    stand.operator.press_claim()
    press = await_claim(stand, since, secret)
    answer_press(stand, press, drawn_for(stand, press), draw_secret(stand.draw(SECRET_ENTROPY_BYTES)))
    since = stand.mark()
    if not stand.until(lambda: bool(claims_since(stand, since)), 2 * REPEAT_S):
        raise Failed(expected="no notice of an answer under another secret", seen="the lock claimed no more")
    stand.behave(USUAL)
    since = stand.mark()
    give_keys(stand, press, secret)
    if not stand.until(lambda: stand.service.proven and stand.service.welcomed > 0, ANSWER_S):
        raise Failed(expected="a proof under these keys", seen=stand.told(since))
    _let_it_be_welcomed(stand)
    stand.restart()
    _let_it_be_welcomed(stand)
    since = stand.mark()
    stand.operator.press_claim()
    stand.listen(2 * REPEAT_S)
    if claims_since(stand, since):
        raise Failed(expected="no claim once it was welcomed", seen=f"{len(claims_since(stand, since))} claims")
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
    if claims_since(stand, since):
        raise Failed(expected="no claim of a lock that is somebody's", seen=f"{len(claims_since(stand, since))} claims")
    return f"no claim in {2 * REPEAT_S:g} s"


def _unwelcomed(stand: Stand, press: Press) -> Press:
    """What comes of another press once it has keys that nobody answers under."""
    stand.behave(SILENT)
    try:
        give_keys(stand, press, press.secret)
    except Failed:
        stand.boxed_secret = press.secret
        raise
    finally:
        stand.behave(USUAL)
    stand.restart(manners=SILENT)
    since = stand.mark()
    stand.operator.press_claim()
    stand.behave(USUAL)
    return await_claim(stand, since, press.secret)
