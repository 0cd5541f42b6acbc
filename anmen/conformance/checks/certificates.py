"""Checks of docs/protocol/keys.md: a new certificate, of an authority that the stand names, and of one that nobody trusts.

They come last: a lock whose new certificate was not taken asks for no other before a day is over.
"""

from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from anmen.conformance.authority import DAY_S, common_name
from anmen.conformance.certifying import (
    Asked,
    Wanted,
    answer,
    asked,
    good,
    must_be_near,
    nobodys,
    read_request,
    requests_after_welcome,
    signed,
    until_of,
)
from anmen.conformance.counterpart import SILENT, USUAL, Manners
from anmen.conformance.registry import Profile, checks
from anmen.conformance.stand import ANSWER_S, BOOT_S, SLACK_S, Stand
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol.certificate_messages import CERTIFICATE_CAPABILITY, MOST_REQUEST_BYTES, CertificateRequest
from firmware_protocol.messages import Birth, Rebirth

FULL = Profile.FULL
# A lock repeats its question for the time; as long as it may need for that.
CLOCK_SET_S = 60.0
TRIED_FOR_S = 300.0
# More than the connects that a new certificate is tried with.
UNWELCOMED_CONNECTS = 4


@checks(
    "ANM-KEY-032",
    profile=FULL,
    feature=CERTIFICATE_CAPABILITY,
    unseen="that it asks no earlier than 60 days before the end, and again an hour later",
)
def asks_in_time(stand: Stand) -> str:
    """Once after each of two welcomes; with a clock that has stopped not before it is set."""
    must_be_near(stand)
    counts = [len(requests_after_welcome(stand, SLACK_S)) for _ in range(2)]
    if counts != [1, 1]:
        raise Failed(expected="one request after each of two welcomes", seen=f"{counts[0]} and {counts[1]}")
    since = stand.mark()
    birth = stand.restart(clock_kept=False, manners=Manners(times=False))
    if birth.clock_quality:
        raise NotTried(
            "once after each of two welcomes, but its clock ran on: nobody can say whether it asks without one"
        )
    stand.until(lambda: stand.service.welcomed == stand.birth.birth_number, ANSWER_S)
    stand.listen(SLACK_S)
    if any(True for _ in stand.transcript.of(CertificateRequest, since)):
        raise Failed(expected="no request while its clock is not set", seen="one")
    stand.behave(USUAL)
    expected = "the request once its clock is set"
    stand.await_message(CertificateRequest, since, CLOCK_SET_S, expected=expected)
    return "once after each of two welcomes; after a restart without a clock only when that was set"


@checks("ANM-KEY-033", profile=FULL, feature=CERTIFICATE_CAPABILITY)
def asks_in_its_own_name(stand: Stand) -> str:
    """PKCS#10 in DER, short, one common name, a P-256 key that is neither of its others, signed with it."""
    wish = asked(stand)
    request = x509.load_der_x509_csr(wish.request)
    if len(wish.request) > MOST_REQUEST_BYTES:
        raise Failed(expected=f"at most {MOST_REQUEST_BYTES} bytes", seen=f"{len(wish.request)}")
    if request.subject != common_name(stand.identity.lock):
        raise Failed(expected=f"CN={stand.identity.lock}", seen=request.subject.rfc4514_string())
    if not request.is_signature_valid:
        raise Failed(expected="a signature with the key in it", seen="another one")
    if wish.point in {*stand.transcript.static_points, _signing_point(stand)}:
        raise Failed(expected="a key drawn for it alone", seen="the key that its birth or its session names")
    return f"{len(wish.request)} bytes, CN={stand.identity.lock}, a P-256 key of its own"


@checks(
    "ANM-KEY-034", profile=FULL, feature=CERTIFICATE_CAPABILITY, unseen="whole or not at all; that a refusal ends it"
)
def asks_the_same_again(stand: Stand) -> str:
    """The same bytes after another welcome, and over a power cut."""
    wish, said = asked(stand), [requests_after_welcome(stand)[-1]]
    since = stand.mark()
    stand.restart()
    said.append(stand.await_message(CertificateRequest, since, expected="the request after a power cut")[1].request)
    if any(one != wish.request for one in said):
        raise Failed(expected="the same request until it is answered", seen="another one")
    return "the same request after another welcome and after a power cut"


@checks("ANM-KEY-036", profile=FULL, feature=CERTIFICATE_CAPABILITY)
def takes_none_but_its_own(stand: Stand) -> str:
    """Each of them: nothing changes, and the same request comes again. The last one is a good one, its clock having stopped."""
    wish = asked(stand)
    authority = stand.authority or nobodys(stand)
    right = good(stand, wish)
    chain = signed(authority, right)
    bad = {name: (wish.digest, signed(authority, one)) for name, one in _wrong(stand, right).items()}
    bad |= {
        "one for a request that it never made": (bytes(32), chain),
        "one that is cut short": (wish.digest, chain[: len(chain) // 3]),
        "no certificate": (wish.digest, b""),
    }
    for name, (digest, one) in bad.items():
        _must_not_take(stand, name, wish, digest, one)
    birth = stand.restart(clock_kept=False, manners=Manners(times=False))
    if birth.clock_quality:
        return f"{len(bad)} refused; its clock ran on, so that a good one without a clock was not tried"
    stand.until(lambda: stand.service.welcomed == stand.birth.birth_number, ANSWER_S)
    _must_stay(stand, "a good one while its clock is not set", wish.digest, chain)
    stand.settle()
    return f"{len(bad)} refused, and a good one while its clock was not set; the same request came again after each"


@checks(
    "ANM-KEY-037",
    profile=FULL,
    feature=CERTIFICATE_CAPABILITY,
    unseen="every moment of a power cut; that key and certificate are gone from flash",
)
def goes_on_with_it(stand: Stand) -> str:
    """Connects anew with it; over a power cut behind the answer too; and once welcomed never with the old one."""
    authority = stand.authority
    if authority is None:
        raise NotTried(
            "the stand names no authority that the lock's broker trusts (lock_authority, lock_authority_key)"
        )
    wishes = [asked(stand)]
    for cut in (False, True):
        wish, right = wishes[-1], good(stand, wishes[-1])
        chain = signed(authority, right)
        if cut:
            _cut_behind(stand, wish, chain, right.ends_s)
        else:
            since = stand.mark()
            answer(stand, wish.digest, chain)
            _await_until(stand, since, right.ends_s)
        stand.settle()
        _stays_with(stand, right.ends_s)
        wishes.append(asked(stand))
    if len({one.point for one in wishes}) < len(wishes):
        raise Failed(expected="another key for each request", seen="one of them again")
    return f"two taken, one over a power cut; born with each, and with no other in {UNWELCOMED_CONNECTS} connects without a welcome"


@checks(
    "ANM-KEY-038",
    profile=FULL,
    feature=CERTIFICATE_CAPABILITY,
    unseen="five minutes without a welcome; what comes ten minutes later",
)
def comes_back_with_the_old_one(stand: Stand) -> str:
    """Given one that its broker does not take, it is back with the old one; a lock that looks at the signer need not take it at all."""
    wish = asked(stand)
    before, since = stand.birth, stand.mark()
    answer(stand, wish.digest, signed(nobodys(stand), good(stand, wish)))
    began = stand.line.now()
    stand.until(lambda: stand.birth.birth_number != before.birth_number, TRIED_FOR_S + BOOT_S)
    if stand.birth.birth_number == before.birth_number:
        stand.say(Rebirth())
        stand.await_message(
            Birth, since, expected="a birth with the old certificate, where the broker refuses the new one"
        )
        return "it did not take what its broker would have refused"
    if until_of(stand.birth) != until_of(before):
        raise Failed(expected=f"the certificate until {until_of(before)}", seen=f"one until {until_of(stand.birth)}")
    return f"back with the old one after {stand.line.now() - began:.0f} s"


def _wrong(stand: Stand, right: Wanted) -> dict[str, Wanted]:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    now_s, lock = stand.line.unix_ms() // 1000, stand.identity.lock
    return {
        "one for another key": replace(right, key=other),
        "one for another name": replace(right, names=("L-000000000000",)),
        "one for two names": replace(right, names=(lock, "L-000000000000")),
        "one that has ended": replace(right, begins_s=now_s - 2 * DAY_S, ends_s=now_s - DAY_S),
        "one that begins tomorrow": replace(right, begins_s=now_s + DAY_S, ends_s=right.ends_s + DAY_S),
        "one that ends with the one it has": replace(right, ends_s=until_of(stand.birth)),
    }


def _must_not_take(stand: Stand, name: str, wish: Asked, digest: bytes, chain: bytes) -> None:
    since = _must_stay(stand, name, digest, chain)
    again = stand.await_message(CertificateRequest, since, expected=f"the same request again after {name}")[1]
    if again.request != wish.request:
        raise Failed(expected=f"the same request again after {name}", seen="another one")


def _must_stay(stand: Stand, name: str, digest: bytes, chain: bytes) -> int:
    """On its connection, with the certificate it has; the mark before it was asked for another birth."""
    before = (stand.birth.birth_number, until_of(stand.birth))
    answer(stand, digest, chain)
    stand.listen(SLACK_S / 2)
    since = stand.mark()
    stand.say(Rebirth())
    birth = stand.await_message(Birth, since, expected=f"no notice of {name}: a birth on the same connection")[1]
    if (birth.birth_number, until_of(birth)) != before:
        raise Failed(expected=f"no notice of {name}", seen=f"a new connect, with a certificate until {until_of(birth)}")
    return since


def _await_until(stand: Stand, since: int, ends_s: int) -> None:
    told = f"a birth with the certificate until {ends_s}"
    stand.await_message(Birth, since, BOOT_S, where=lambda one: until_of(one) == ends_s, expected=told)


def _cut_behind(stand: Stand, wish: Asked, chain: bytes, ends_s: int) -> None:
    """Either it has the new one afterwards, or it asks for it as before."""
    answer(stand, wish.digest, chain)
    birth = stand.restart()
    if until_of(birth) != ends_s:
        since = stand.mark()
        if read_request(requests_after_welcome(stand)[-1]).request != wish.request:
            raise Failed(expected="the new certificate after a power cut, or the same request", seen="another request")
        answer(stand, wish.digest, chain)
        _await_until(stand, since, ends_s)


def _stays_with(stand: Stand, ends_s: int) -> None:
    for _ in range(UNWELCOMED_CONNECTS):
        birth = stand.reconnect(SILENT)
        if until_of(birth) != ends_s:
            raise Failed(
                expected=f"the certificate until {ends_s}, under which it was welcomed",
                seen=f"one until {until_of(birth)}",
            )
    stand.behave(USUAL)
    stand.settle()


def _signing_point(stand: Stand) -> bytes:
    said = stand.birth.capabilities.get("signing_key")
    return bytes.fromhex(said) if isinstance(said, str) else b""
