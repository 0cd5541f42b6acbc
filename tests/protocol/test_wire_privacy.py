"""The tap finds nothing on a sealed wire, and finds everything on an open one."""

from collections.abc import Callable
from typing import Any

import cbor2
import pytest

from firmware_protocol import lock_session
from firmware_protocol.access_list import ListEntry, encode_entry
from firmware_protocol.firmware import FirmwareCause, FirmwareOutcome
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import (
    AlarmCode,
    CredentialType,
    EventType,
    Field,
    Operation,
    OperationSource,
    RefusalReason,
)
from tests.protocol.pair import LockPair
from tests.protocol.plain_wire import PlainSeal
from tests.protocol.wire_privacy import lengths, readable_findings

VERIFIER = b"verifier of a card"
DIGEST = b"a digest of thirty-two bytes 123"
COMMAND = b"id of a command."
EVENTS: dict[EventType, dict[Field, Any]] = {
    EventType.ALARM_RAISED: {Field.CODE: AlarmCode.FORCED_USER},
    EventType.DOOR_MOVED: {Field.CODE: 1},
    EventType.LOCK_OPERATED: {Field.OPERATION: 1, Field.SOURCE: OperationSource.BIOMETRIC, Field.CREDENTIAL_ID: 70_000},
    EventType.ACCESS_REFUSED: {Field.CODE: RefusalReason.LOCKED_OUT, Field.SOURCE: 3, Field.COUNT: 40},
    EventType.ACCESS_LIST_APPLIED: {Field.LIST_VERSION: 9, Field.DIGEST: DIGEST},
    EventType.EVENTS_LOST: {Field.FIRST: 1, Field.LAST: 99_999, Field.COUNT: 99_999},
    EventType.CLOCK_SET: {Field.UPTIME_MS: 1_000_000},
    EventType.STARTED: {},
    EventType.FIRMWARE_CHANGED: {
        Field.FIRMWARE_FROM: (1 << 63) - 1,
        Field.FIRMWARE_TO: (1 << 63) - 2,
        Field.OUTCOME: FirmwareOutcome.FELL_BACK,
        Field.CAUSE: FirmwareCause.IMAGE_DAMAGED,
    },
    EventType.MODE_CHANGED: {Field.SOURCE: OperationSource.BUTTON, Field.MODE: 1},
    EventType.COMMAND_DONE: {Field.COMMAND: COMMAND, Field.COMMAND_KIND: 1, Field.COMMAND_STATE: 3},
    EventType.KEYS_CHANGED: {Field.KEY_EPOCH: 3, Field.KEY_EPOCH_BEFORE: 2},
    EventType.OVERRIDE_USED: {Field.OPERATION: Operation.UNLOCK, Field.OVERRIDE: 1},
}


def a_day_on_the_wire() -> tuple[LockPair, list[bytes]]:
    """Births, a list with a secret, every kind of event, a heartbeat; and the frames of the live events."""
    pair = LockPair()
    pair.settle()
    entry = ListEntry(1, CredentialType.RFID, VERIFIER, 0, 4_000_000_000, 86_400)
    pair.tell(pair.ingest.change_list({1: encode_entry(entry)}))
    pair.exchange()
    before = len(pair.heard_up)
    for kind, fields in EVENTS.items():
        pair.lock.record(kind, fields)
        pair.collect()
    live = pair.heard_up[before:]
    pair.exchange()
    pair.advance(61.0)
    pair.exchange()
    return pair, live


def tapped(pair: LockPair) -> list[bytes]:
    return pair.heard_up + pair.heard_down


def test_a_sealed_wire_tells_nothing() -> None:
    pair, _ = a_day_on_the_wire()
    plain = [cbor2.dumps(list(event)) for event in pair.lock.log.account.values()]
    assert readable_findings(tapped(pair), [VERIFIER, DIGEST, *plain]) == []


def test_live_events_of_all_kinds_have_one_length() -> None:
    _, live = a_day_on_the_wire()
    assert len(live) == len(EVENTS) == len(EventType)
    assert len(lengths(live)) == 1


def test_an_open_wire_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same day with sealing switched off: everything that the tests above ask for fails."""
    monkeypatch.setattr(lock_session, "Seal", PlainSeal)
    pair = LockPair()
    pair.connect()
    before = len(pair.heard_up)
    for kind, fields in EVENTS.items():
        pair.lock.record(kind, fields)
        pair.collect()
    live = pair.heard_up[before:]
    findings = readable_findings(live, [DIGEST])
    assert {f"frame {number} is not sealed" for number in range(len(live))} <= set(findings)
    assert any("secret 0" in finding for finding in findings)
    assert len(lengths(live)) > 1


def _rewritten(change: Callable[[dict[int, object], list[object]], None]) -> bytes:
    pair = LockPair()
    pair.connect()
    tagged = cbor2.loads(pair.up[0])
    header, parts = cbor2.loads(tagged.value[0]), list(tagged.value)
    change(header, parts)
    parts[0] = cbor2.dumps(header)
    return cbor2.dumps(cbor2.CBORTag(16, parts))


TELLING: dict[str, tuple[Callable[[dict[int, object], list[object]], None], str]] = {
    "another header": (lambda header, _: header.update({-70009: "door 7"}), "header -70009"),
    "an unprotected header": (lambda _, parts: parts.__setitem__(1, {5: b"123456789012"}), "unprotected"),
    "no padding": (lambda _, parts: parts.__setitem__(2, b"c" * 150), "length"),
    "a short counter": (lambda header, _: header.update({6: b"\1"}), "header 6"),
    "a name for a session": (lambda header, _: header.update({4: b"Zhang San"}), "header 4"),
    "a kind of event": (lambda header, _: header.update({-70001: 17}), "kind"),
    "more of the holder": (lambda header, _: header.update({-70003: [1, b"n" * 16, "host"]}), "holder"),
}


@pytest.mark.parametrize(("change", "words"), TELLING.values(), ids=TELLING)
def test_whatever_tells_more_is_found(change: Callable[[dict[int, object], list[object]], None], words: str) -> None:
    assert any(words in finding for finding in readable_findings([_rewritten(change)], []))


def test_unchanged_it_is_not() -> None:
    assert readable_findings([_rewritten(lambda _header, _parts: None)], []) == []


def test_bytes_that_are_no_frame_are_found() -> None:
    plain = cbor2.dumps(list(Event(2, 1, 1, 5, 2, {})))
    assert readable_findings([b"", plain, b"{}", b"\xd0\x80"], []) == [f"frame {at} is not sealed" for at in range(4)]


def test_an_empty_capture_shows_nothing() -> None:
    assert readable_findings([], [])


def test_a_secret_too_short_to_mean_anything() -> None:
    with pytest.raises(ValueError, match="four bytes"):
        readable_findings([b""], [b"abc"])
