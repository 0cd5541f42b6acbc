"""A lock asks for its next certificate in time, takes only what was signed for it, and never stands there without one."""

from collections.abc import Callable
from pathlib import Path

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from device_sim.certificate import HeldCertificate, end_of, from_factory, request_for, split
from device_sim.flash.memory import PowerCut
from firmware_protocol.certificate_messages import CERTIFICATE_CAPABILITY, MOST_REQUEST_BYTES, CertificateAnswer
from firmware_protocol.commands import CommandKind
from firmware_protocol.keys import public_key
from firmware_protocol.vocabulary import ClockQuality
from tests.device.desk import Desk
from tests.device.renewal_rig import DAYS, FIRST_KEY, RenewalRig, factory, good, key_of, signed, unsigned
from tests.device.rig import LOCK, NOW_S, connected_rig
from tests.protocol.fake_ingest import NOW_MS


def renewed(rig: RenewalRig) -> bool:
    return rig.lock.certificates.kept.chain != b""


def fits(held: HeldCertificate | None) -> bool:
    """Whether key and certificate belong together."""
    assert held is not None
    leaf = x509.load_der_x509_certificate(split(held.chain)[0])
    shape = serialization.PublicFormat.UncompressedPoint
    return leaf.public_key().public_bytes(serialization.Encoding.X962, shape) == public_key(held.key)


def test_a_lock_asks_in_its_own_name_and_goes_over() -> None:
    rig = RenewalRig()
    rig.connect()
    (request,) = rig.service.requests
    asked = x509.load_der_x509_csr(request)
    assert asked.is_signature_valid
    assert [(one.oid, one.value) for one in asked.subject] == [(NameOID.COMMON_NAME, LOCK)]
    assert len(request) <= MOST_REQUEST_BYTES
    assert rig.lock.certificates.reconnect_due
    assert not renewed(rig)
    key = rig.lock.certificates.kept.request_key
    rig.reconnect()
    assert renewed(rig)
    assert rig.lock.certificates.kept.key == key
    assert fits(rig.lock.certificates.has)
    assert rig.lock.certificates.capability == {CERTIFICATE_CAPABILITY: NOW_S + 397 * DAYS}
    assert rig.lock.certificates.kept.request == b""


def test_the_second_renewal_leaves_nothing_of_the_first_key() -> None:
    rig = RenewalRig()
    rig.service.sign = lambda request: signed(key_of(request), ends_s=NOW_S + 40 * DAYS)
    rig.connect()
    rig.reconnect()
    first = rig.lock.certificates.kept.key
    assert rig.holds_in_flash(first)
    rig.service.sign = good
    rig.pass_time(3_700)
    rig.reconnect()
    assert rig.lock.certificates.kept.key != first
    assert not rig.holds_in_flash(first)


def test_a_lock_with_time_left_asks_for_nothing() -> None:
    rig = RenewalRig(days=61)
    rig.connect()
    rig.pass_time(7_200)
    assert rig.service.requests == []
    rig.pass_time(DAYS)
    assert len(rig.service.requests) == 1


def test_a_lock_without_a_clock_or_a_certificate_asks_for_nothing() -> None:
    rig = RenewalRig()
    rig.boot(chip_ms=None)
    rig.lock.connecting()
    assert rig.lock.time.clock.quality is ClockQuality.UNSET
    rig.lock.certificates.ask(lambda _: pytest.fail("asked"), 1.0)
    assert connected_rig().lock.certificates.capability == {}


def test_the_same_request_once_an_hour_and_after_each_welcome() -> None:
    rig = RenewalRig()
    rig.service.sign = unsigned
    rig.connect()
    rig.pass_time(3_500)
    assert len(rig.service.requests) == 1
    rig.pass_time(200)
    rig.reconnect()
    rig.medium = rig.medium.after_power_cut()
    rig.boot()
    rig.connect()
    assert len(rig.service.requests) == 4
    assert len(set(rig.service.requests)) == 1


def other_key(request: bytes) -> bytes:
    return signed(ec.derive_private_key(9, ec.SECP256R1()).public_key(), ends_s=NOW_S + 397 * DAYS)


WRONG: dict[str, Callable[[bytes], bytes]] = {
    "another key": other_key,
    "another name": lambda request: signed(key_of(request), name="L-000000000000", ends_s=NOW_S + 397 * DAYS),
    "ended": lambda request: signed(key_of(request), begins_s=NOW_S - 9 * DAYS, ends_s=NOW_S - DAYS),
    "not yet": lambda request: signed(key_of(request), begins_s=NOW_S + DAYS, ends_s=NOW_S + 397 * DAYS),
    "shorter": lambda request: signed(key_of(request), ends_s=NOW_S + 29 * DAYS),
    "cut short": lambda request: good(request)[:-1],
    "no certificate": lambda _: b"\x30\x03abc",
    "one byte": lambda _: b"\x30",
    "lengths that end nowhere": lambda _: b"\x30\xff" * 40,
}


@pytest.mark.parametrize("sign", WRONG.values(), ids=WRONG.keys())
def test_what_was_not_signed_for_it_changes_nothing(sign: Callable[[bytes], bytes]) -> None:
    rig = RenewalRig()
    rig.service.sign = sign
    rig.connect()
    assert len(rig.service.requests) == 1
    assert not rig.lock.certificates.reconnect_due
    assert rig.lock.certificates.used == factory(30)
    rig.service.sign = good
    rig.pass_time(3_700)
    assert rig.lock.certificates.reconnect_due


@pytest.mark.parametrize("days", [30, 200], ids=["to another request", "to none"])
def test_an_answer_to_something_else_is_not_taken(days: int) -> None:
    rig = RenewalRig(days=days)
    rig.service.sign = unsigned
    rig.connect()
    before = rig.lock.certificates.kept
    chain = good(before.request or request_for(LOCK, FIRST_KEY))
    session = rig.service.side.current
    assert session is not None
    for answer in (CertificateAnswer(bytes(32), 0, chain), CertificateAnswer(bytes(32), 3)):
        rig.deliver([rig.service.side.seal(answer, session.session)])
    assert rig.lock.certificates.kept == before


def test_a_refusal_is_heard_for_a_day() -> None:
    rig = RenewalRig()
    rig.service.refusal = 3
    rig.connect()
    rig.pass_time(DAYS - 400)
    assert len(rig.service.requests) == 1
    rig.service.refusal = 0
    rig.pass_time(4_000)
    assert len(set(rig.service.requests)) == 2


def fail(rig: RenewalRig) -> None:
    """Three connects with the new one without a welcome, and it is back with the old one."""
    for _ in range(3):
        rig.connect_without_welcome()
        assert rig.lock.certificates.used != factory(30)
    rig.lock.connecting()
    assert rig.lock.certificates.connecting(rig.now) is None
    rig.connect()
    assert rig.lock.certificates.used == factory(30)


def test_a_broker_that_was_away_costs_ten_minutes_and_no_second_certificate() -> None:
    rig = RenewalRig()
    rig.connect()
    fail(rig)
    rig.pass_time(590)
    assert not rig.lock.certificates.reconnect_due
    rig.pass_time(20)
    assert rig.lock.certificates.reconnect_due
    rig.reconnect()
    assert renewed(rig)
    assert fits(rig.lock.certificates.has)
    assert len(rig.service.requests) == 1


def test_the_ten_minutes_begin_with_the_old_ones_welcome_and_end_with_its_link() -> None:
    rig = RenewalRig()
    rig.connect()
    fail(rig)
    rig.disconnect()
    rig.pass_time(1_000)
    rig.medium = rig.medium.after_power_cut()
    rig.boot()
    for _ in range(8):
        rig.connect_without_welcome()
    assert rig.lock.certificates.deadline() is None
    assert rig.lock.certificates.used == factory(30)
    rig.reconnect()
    rig.pass_time(610)
    assert rig.lock.certificates.reconnect_due
    rig.reconnect()
    assert renewed(rig)


def test_what_fails_a_second_time_is_dropped_and_another_asked_for_after_a_day() -> None:
    rig = RenewalRig()
    rig.connect()
    tried = rig.lock.certificates.kept.request_key
    fail(rig)
    rig.pass_time(610)
    fail(rig)
    assert not rig.holds_in_flash(tried)
    rig.pass_time(DAYS - 700)
    assert len(rig.service.requests) == 1
    rig.pass_time(DAYS)
    assert len(set(rig.service.requests)) == 2


def test_there_is_no_way_back_to_a_certificate_that_has_ended() -> None:
    rig = RenewalRig()
    rig.connect()
    rig.boot(chip_ms=NOW_MS + 31 * DAYS * 1000)
    for _ in range(8):
        rig.connect_without_welcome()
        assert rig.lock.certificates.used != factory(30)
    rig.reconnect()
    assert renewed(rig)


def test_nor_does_a_lock_rest_with_one_that_ends_meanwhile() -> None:
    rig = RenewalRig()
    rig.connect()
    fail(rig)
    rig.boot(chip_ms=NOW_MS + 31 * DAYS * 1000)
    rig.connect()
    assert renewed(rig)


def test_a_value_of_an_older_firmware_is_read() -> None:
    rig = RenewalRig()
    rig.connect()
    slots = rig.lock.flash.slots("certificate")
    kept = rig.lock.certificates.kept
    slots.write(cbor2.dumps(cbor2.loads(slots.read() or b"")[:8]))
    rig.boot()
    assert rig.lock.certificates.kept == kept


@pytest.mark.parametrize("tried", [False, True], ids=["while one waits", "once it was welcomed"])
def test_a_factory_wipe_leaves_the_certificates(tried: bool) -> None:
    """Without one the next landlord's broker would not let the lock in."""
    rig = RenewalRig()
    rig.connect()
    if tried:
        rig.reconnect()
    kept, epoch, desk = rig.lock.certificates.kept, rig.lock.flash.log.epoch, Desk(rig)
    desk.order(CommandKind.FACTORY_WIPE)
    desk.pass_time(1)
    rig.ingest.change_list({})
    rig.boot()
    assert rig.lock.flash.log.epoch != epoch, "it was wiped"
    assert rig.lock.certificates.kept == kept
    rig.connect()
    assert renewed(rig)


def test_five_minutes_without_a_welcome_and_the_old_one_is_back() -> None:
    rig = RenewalRig()
    rig.connect()
    rig.connect_without_welcome()
    rig.pass_time(290)
    assert not rig.lock.certificates.reconnect_due
    rig.pass_time(20)
    assert rig.lock.certificates.reconnect_due
    assert rig.lock.certificates.used == factory(30)


def test_tries_are_counted_over_power_cuts() -> None:
    rig = RenewalRig()
    rig.connect()
    for _ in range(3):
        rig.connect_without_welcome()
        rig.medium = rig.medium.after_power_cut()
        rig.boot(chip_ms=None)
    assert rig.lock.certificates.connecting(rig.now) is None


@pytest.mark.parametrize("keep", [0.0, 0.5, 1.0])
def test_at_every_write_the_power_goes_away(keep: float) -> None:
    """What it connects with has its key at every moment, and the story ends with the new one."""
    at, cuts = 0, True
    while cuts:
        rig = RenewalRig()
        rig.medium.keep, rig.medium.cut_at = keep, rig.medium.writes + at
        cuts = False
        try:
            rig.connect()
            rig.reconnect()
        except PowerCut:
            cuts = True
        rig.medium = rig.medium.after_power_cut()
        rig.boot(chip_ms=NOW_MS + 1000)
        assert fits(rig.lock.certificates.has)
        assert fits(rig.lock.certificates.used)
        rig.connect()
        if not renewed(rig):
            rig.reconnect()
        assert renewed(rig)
        at += 1
    assert at > 8


def test_a_longer_one_from_the_factory_counts_again(tmp_path: Path) -> None:
    rig = RenewalRig()
    rig.connect()
    rig.reconnect()
    rig.certificate = factory(900)
    rig.boot()
    assert rig.lock.certificates.used == factory(900)
    assert end_of(factory(900).chain) == NOW_S + 900 * DAYS
    assert from_factory(tmp_path / "none.pem", tmp_path / "none.key") is None
