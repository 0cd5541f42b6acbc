"""One lock and the service, joined: each fault by itself, so that a failure of the machine has a name."""

import pytest

from firmware_protocol import LocalProtocolError, RemoteProtocolError
from firmware_protocol.access_list import ListEntry, encode_entry
from firmware_protocol.messages import Challenge, Events, Stored, Welcome
from firmware_protocol.sealing import FrameKind, parse
from firmware_protocol.vocabulary import CredentialType
from tests.protocol.fake_ingest import Dies
from tests.protocol.pair import LockPair, counters_used_twice

NONCE = b"n" * 16


def settled(capacity: int = 1000) -> LockPair:
    pair = LockPair(capacity)
    pair.record()
    pair.settle()
    return pair


def entry(number: int) -> bytes:
    return encode_entry(ListEntry(number, CredentialType.PIN, b"verifier", 0, 4_000_000_000, 86_400))


def test_a_live_event_is_stored_without_waiting() -> None:
    pair = settled()
    before = pair.lock.now
    pair.record()
    pair.exchange()
    assert pair.agreed
    assert pair.lock.now == before


def test_a_lost_live_event_comes_with_the_probe() -> None:
    pair = settled()
    pair.record()
    pair.up.clear()
    pair.settle(for_s=6.0)


def test_a_lost_receipt_is_given_again() -> None:
    pair = settled()
    pair.record()
    pair.to_service(pair.up)
    pair.up.clear()
    pair.down.clear()
    pair.settle(for_s=6.0)
    assert pair.ingest.duplicates == 1


def test_a_tombstone_lost_on_the_way_is_sent_by_the_probe() -> None:
    """What follows the last stored number is gone from flash; a probe that asked for exactly that would send nothing."""
    pair = settled(capacity=8)
    pair.ingest.forget()
    for _ in range(12):
        pair.record()
    pair.up.clear()
    assert pair.lock.log.oldest_sequence > pair.lock.log.stored_up_to + 1
    pair.settle(for_s=12.0)
    assert pair.ingest.cursor(1).lost


def test_a_batch_that_failed_does_not_use_a_counter_twice() -> None:
    """A ServiceSide is built again after a rollback, with the same holder: its counters must go on."""
    pair = settled()
    for _ in range(3):
        pair.record()
        pair.to_service(pair.up)
        pair.ingest.forget()
    assert not counters_used_twice(pair.heard_down)


def test_a_session_that_was_forgotten_and_comes_back_does_not_use_a_counter_twice() -> None:
    pair = LockPair()
    old_birth = []
    for _ in range(6):
        pair.lock.boot()
        pair.connect()
        old_birth.append(pair.heard_up[-1])
        pair.exchange()
    for frame in old_birth * 3:
        pair.to_service([frame])
    assert not counters_used_twice(pair.heard_down)


def test_a_repeated_birth_keeps_the_number_that_its_will_has() -> None:
    """Otherwise a lock whose first birth was lost would never be shown as gone."""
    pair = LockPair()
    pair.connect()
    will = pair.heard_up[0]
    pair.up.clear()
    pair.settle()
    current = pair.ingest.side.current
    assert current is not None
    assert parse(will).header.counter == current.birth_number == pair.lock.side.birth_number


def test_the_will_of_an_earlier_connect_is_refused() -> None:
    pair = settled()
    will = pair.heard_up[0]
    pair.disconnect()
    pair.connect()
    pair.exchange()
    with pytest.raises(RemoteProtocolError, match="replayed"):
        pair.ingest.side.receive(will, nonce=NONCE)


def test_a_held_back_birth_of_an_earlier_connect_is_refused() -> None:
    """Its counter was never seen; only its number tells that a later connect has been heard of."""
    pair = settled()
    pair.disconnect()
    pair.connect()
    kept_back, pair.up = pair.up[0], []
    pair.disconnect()
    pair.connect()
    pair.exchange()
    with pytest.raises(RemoteProtocolError, match="replayed"):
        pair.ingest.side.receive(kept_back, nonce=NONCE)


def test_a_proof_on_its_way_counts_although_the_birth_was_repeated() -> None:
    pair = LockPair()
    pair.connect()
    pair.to_service(pair.up)
    pair.up.clear()
    pair.to_lock(pair.down)
    proof, pair.up = pair.up, []
    pair.advance(6.0)
    assert [parse(frame).header.kind for frame in pair.up] == [FrameKind.BIRTH]
    pair.to_service(pair.up)
    pair.to_service(proof)
    assert pair.ingest.side.current is not None


def test_nothing_but_challenge_and_receipts_before_the_proof() -> None:
    pair = LockPair()
    pair.connect()
    pair.record()
    answers = pair.ingest.receive(pair.up)
    opened = [pair.lock.side._session.open(frame) for frame in answers]
    assert {type(one) for one in opened} == {Challenge, Stored}


def test_what_came_down_once_does_not_come_again() -> None:
    pair = settled()
    for frame in pair.heard_down:
        pair.to_lock([frame])
    assert pair.lock.refused == ["replayed"] * len(pair.heard_down)


def test_an_older_holder_is_not_heard_after_a_newer_one() -> None:
    pair = settled()
    current = pair.ingest.side.current
    assert current is not None
    older = pair.ingest.side
    pair.ingest.take_lease()
    pair.record()
    pair.exchange()
    pair.to_lock([older.seal(Stored(1, 0), current.session)])
    assert pair.lock.refused == ["old_holder"]


def test_the_welcome_of_an_earlier_connect_does_not_silence_the_birth() -> None:
    pair = settled()
    current = pair.ingest.side.current
    assert current is not None
    late = pair.ingest.side.seal(Welcome(current.birth_number, 60, 50), current.session)
    pair.disconnect()
    pair.connect()
    pair.up.clear()
    pair.to_lock([late])
    pair.advance(5.0)
    assert next(parse(frame).header.kind for frame in pair.up) is FrameKind.BIRTH


def test_an_old_recording_does_not_take_the_lock_away() -> None:
    pair = settled()
    recorded = pair.heard_up[:]
    pair.disconnect()
    pair.lock.boot()
    pair.settle()
    current = pair.ingest.side.current
    for frame in recorded:
        pair.to_service([frame])
    assert pair.ingest.side.current == current


def test_a_held_back_list_does_not_bring_a_credential_back() -> None:
    pair = settled()
    kept_back = pair.ingest.change_list({1: entry(1), 2: entry(2)})
    pair.tell(pair.ingest.change_list({1: entry(1)}))
    pair.settle()
    held = pair.lock.held
    pair.to_lock(kept_back)
    assert pair.lock.held == held
    assert set(held.entries) == {1}


def test_held_back_frames_do_not_prolong_an_offline_lease() -> None:
    pair = settled()
    pair.lock.side.ask_time(b"question", pair.lock.now)
    pair.collect()
    pair.exchange()
    assert pair.lock.last_contact == pair.lock.now
    pair.record()
    pair.to_service(pair.up)
    pair.advance(7 * 86_400.0)
    contact = pair.lock.last_contact
    pair.to_lock(pair.down)
    assert pair.lock.last_contact == contact


def test_a_broker_that_keeps_the_list_back_does_not_prolong_an_offline_lease() -> None:
    pair = settled()
    pair.ingest.change_list({1: entry(1)})
    pair.lock.side.ask_time(b"question", pair.lock.now)
    pair.collect()
    pair.exchange()
    assert pair.lock.clock_ms is not None
    assert pair.lock.last_contact is None


def test_a_time_answer_is_believed_for_two_seconds_and_only_to_its_question() -> None:
    pair = settled()
    pair.lock.side.ask_time(b"question", pair.lock.now)
    pair.collect()
    pair.to_service(pair.up)
    late, pair.down = pair.down, []
    pair.advance(3.0)
    pair.lock.side.ask_time(b"another?", pair.lock.now)
    pair.collect()
    pair.to_lock(late)
    assert pair.lock.clock_ms is None
    pair.exchange()
    assert pair.lock.clock_ms is not None


def test_a_receipt_beyond_the_log_is_not_believed() -> None:
    pair = settled()
    current = pair.ingest.side.current
    assert current is not None
    beyond = pair.ingest.side.seal(Stored(1, pair.lock.log.next_sequence + 5), current.session)
    pair.to_lock([beyond])
    assert pair.lock.log.stored_up_to < pair.lock.log.next_sequence
    pair.record()
    pair.exchange()
    assert pair.agreed


def test_a_receipt_of_another_log_frees_nothing() -> None:
    pair = settled()
    current = pair.ingest.side.current
    assert current is not None
    for _ in range(3):
        pair.record()
    before = pair.lock.log.stored_up_to
    pair.to_lock([pair.ingest.side.seal(Stored(pair.lock.log.epoch + 1, before + 2), current.session)])
    assert pair.lock.log.stored_up_to == before


def test_an_announcement_hurries_an_unanswered_birth() -> None:
    pair = LockPair()
    pair.connect()
    for _ in range(40):
        pair.advance(30.0)
    pair.up.clear()
    assert (pair.lock.side.deadline() or 0) > pair.lock.now + 10
    pair.announce()
    pair.settle(for_s=6.0)


def test_an_announcement_after_the_link_went_down_opens_nothing() -> None:
    pair = settled()
    pair.disconnect()
    pair.lock.side.announced(pair.lock.now)
    pair.lock.record(2, {})
    assert not pair.lock.side.to_send(pair.lock.now)


def test_a_crash_between_commit_and_answer_costs_only_time() -> None:
    pair = settled()
    pair.record()
    pair.to_service(pair.up, Dies.AFTER_COMMIT)
    pair.up.clear()
    pair.ingest.take_lease()
    pair.settle(for_s=6.0)


def test_after_a_restore_the_next_event_brings_back_what_flash_still_has() -> None:
    pair = settled()
    backup = pair.ingest.durable
    for _ in range(80):
        pair.record()
        pair.exchange()
    assert pair.agreed
    pair.ingest.durable = backup
    # The lease's generation must rise all the same, or the lock would take the new holder for an old one.
    pair.ingest.durable = type(backup)(pair.ingest.holder.generation, backup.sessions, backup.cursors, backup.register)
    pair.ingest.take_lease()
    pair.record()
    pair.settle()
    assert not pair.unaccounted(pair.lock.log, 82)


def test_back_fill_goes_at_the_rate_the_welcome_names_and_live_events_overtake_it() -> None:
    pair = LockPair()
    for _ in range(500):
        pair.lock.log.record(2, {7: 1}, 1)
    pair.connect()
    pair.exchange()
    pair.record(0)
    live = pair.up[-1]
    pair.exchange()
    assert (1, 501) in pair.ingest.durable.register
    assert parse(live).header.kind is FrameKind.SESSION
    assert len(pair.ingest.durable.register) < 100
    began = pair.lock.now
    pair.settle()
    assert 7.0 < pair.lock.now - began < 15.0


def test_an_event_that_does_not_fit_is_our_own_mistake() -> None:
    pair = settled()
    pair.lock.log.record(2, {200: b"x" * 300}, 1)
    pair.lock.record(2, {200: b"x" * 300})
    with pytest.raises(LocalProtocolError, match=Events.__name__):
        pair.lock.frames()
