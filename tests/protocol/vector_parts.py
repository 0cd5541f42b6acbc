"""The fixed keys, numbers and messages that the test vectors are made of. Nothing here is secret or random."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import cbor2

from firmware_protocol import Boot, LockIdentity, ServiceIdentity
from firmware_protocol.access_list import AccessList, ListChange, ListEntry, encode_entry
from firmware_protocol.certificate_messages import CertificateAnswer, CertificateRefusal, CertificateRequest
from firmware_protocol.chain import Link, commitment, first_link, next_link, sign_head
from firmware_protocol.commands import (
    Command,
    CommandFailure,
    CommandKind,
    CommandNonce,
    CommandResult,
    CommandState,
    NonceAsked,
    ReadBackAnswer,
)
from firmware_protocol.commands_wiped import wipe_key, wipe_proof
from firmware_protocol.credentials import card_material, pin_material
from firmware_protocol.enrolment import Enrolled, EnrolledHeard, EnrolmentVerdict, PortraitVerdict
from firmware_protocol.firmware import FirmwareCause, FirmwareOutcome, FirmwareRefusal
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareOffer, FirmwareWanted
from firmware_protocol.key_messages import KeyAnswer, KeyOffer, KeyRefusal, LockKeys, ServiceKeys
from firmware_protocol.keys import Holder, chain_key, credential_key, exchange, private_key, public_key
from firmware_protocol.list_compare import answer, begin
from firmware_protocol.list_messages import ListAnswer
from firmware_protocol.manifest import describe, sign, vendor_id
from firmware_protocol.messages import (
    AccessListRefused,
    Birth,
    Challenge,
    DownMessage,
    Event,
    Events,
    Heartbeat,
    Missing,
    Proof,
    Rebirth,
    Stored,
    TimeAnswer,
    TimeRequest,
    UpMessage,
    Welcome,
    Will,
)
from firmware_protocol.schedules import DateSchedule, WeeklySchedule
from firmware_protocol.topics import lock_id
from firmware_protocol.vocabulary import (
    AlarmCode,
    ClockQuality,
    CredentialType,
    DoorState,
    EventType,
    Field,
    Liveness,
    OperatingMode,
    Operation,
    OperationSource,
    OverrideKind,
    PassDirection,
    PowerSource,
    RefusalReason,
)


def fixed(name: str, size: int) -> bytes:
    """Bytes that look random and are not: the beginning of SHA-512 over the name, repeated as needed."""
    return (hashlib.sha512(name.encode()).digest() * 2)[:size]


LOCK = lock_id("L-0123456789AB")
KEY_EPOCH = 1
LOCK_KEY, SERVICE_KEY = private_key(fixed("lock", 48)), private_key(fixed("service", 48))
SIGNING_KEY = private_key(fixed("signing", 48))
NEXT_LOCK_KEY, NEXT_SERVICE_KEY = private_key(fixed("lock 2", 48)), private_key(fixed("service 2", 48))
BOOT = Boot(3, private_key(fixed("boot 3", 48)))
LOCK_IDENTITY = LockIdentity(LOCK, LOCK_KEY, public_key(SERVICE_KEY), KEY_EPOCH)
SERVICE_IDENTITY = ServiceIdentity(LOCK, SERVICE_KEY, public_key(LOCK_KEY), KEY_EPOCH)
HOLDER = Holder(7, fixed("holder", 16))
CHALLENGE, TIME_NONCE = fixed("challenge", 16), fixed("time", 8)
CREDENTIAL_KEY = credential_key(exchange(LOCK_KEY, public_key(SERVICE_KEY)), LOCK, KEY_EPOCH)
DOCUMENT, PIN = "11010519491231002X", "402915"

AT_MS = 1_790_000_000_000
STARTS_AT, ENDS_AT, LEASE_S = 1_789_948_800, 1_821_484_800, 30 * 86_400
EPOCH = 81_985_529
BIRTH_NUMBER = (BOOT.number << 20) + 1

ENTRIES = (
    ListEntry(41, CredentialType.RFID, card_material(CREDENTIAL_KEY, DOCUMENT), STARTS_AT, ENDS_AT, LEASE_S),
    ListEntry(42, CredentialType.PIN, pin_material(CREDENTIAL_KEY, PIN), STARTS_AT, ENDS_AT, LEASE_S),
    ListEntry(43, CredentialType.FACE, fixed("template", 144), STARTS_AT, ENDS_AT, LEASE_S),
    ListEntry(44, CredentialType.PIN, fixed("duress", 16), STARTS_AT, ENDS_AT, LEASE_S, duress=True),
    ListEntry(45, CredentialType.PIN, fixed("visitor", 16), STARTS_AT, STARTS_AT + 86_400, 86_400, visitor=True),
)
# Weekdays from eight to six; two days of a festival; a visitor's, once; a shop's door, unlocked on Saturday mornings.
LATER_ENTRIES = (
    replace(ENTRIES[0], credential_id=46, schedules=(WeeklySchedule(0b011_1110, 8 * 60, 18 * 60),)),
    replace(
        ENTRIES[1],
        credential_id=47,
        schedules=(WeeklySchedule(0b100_0001, 0, 1440), DateSchedule(STARTS_AT + 86_400, STARTS_AT + 3 * 86_400)),
    ),
    replace(ENTRIES[4], credential_id=48, material=fixed("once", 16), one_time=True),
    ListEntry(
        49, CredentialType.PASSAGE, b"", STARTS_AT, ENDS_AT, LEASE_S, schedules=(WeeklySchedule(0b100_0000, 540, 720),)
    ),
)
LIST_1 = AccessList(1, {one.credential_id: encode_entry(one) for one in ENTRIES[:3]})
LIST_2 = AccessList(2, {one.credential_id: encode_entry(one) for one in ENTRIES[1:]})
LIST_3 = AccessList(3, {one.credential_id: encode_entry(one) for one in (*ENTRIES[1:], *LATER_ENTRIES)})
SNAPSHOT = ListChange(0, 1, True, frozenset(), tuple(LIST_1.entries.values()), LIST_1.digest)
DELTA = ListChange(1, 2, False, frozenset({41}), tuple(encode_entry(one) for one in ENTRIES[3:]), LIST_2.digest)

COMMAND, COMMAND_NONCE, WIPE_CHALLENGE = fixed("command", 16), fixed("nonce", 16), fixed("wipe", 16)
ISSUED_AT, NEW_EPOCH = AT_MS // 1000 + 70, EPOCH + 2
WIPE_PROOF = wipe_proof(
    wipe_key(exchange(LOCK_KEY, public_key(SERVICE_KEY)), LOCK, KEY_EPOCH),
    WIPE_CHALLENGE,
    old_epoch=EPOCH,
    new_epoch=NEW_EPOCH,
)

OPENED = {
    Field.OPERATION: Operation.UNLOCK,
    Field.SOURCE: OperationSource.BIOMETRIC,
    Field.CREDENTIAL_ID: 43,
    Field.LIST_VERSION: 2,
    Field.DIRECTION: PassDirection.IN,
    Field.SCORE_BAND: 4,
    Field.LIVENESS: Liveness.PASSED,
}
REFUSED = {Field.SOURCE: OperationSource.KEYPAD, Field.CODE: RefusalReason.INVALID_CREDENTIAL, Field.COUNT: 1}


def event(kind: int, sequence: int, fields: Mapping[Any, Any], quality: int = ClockQuality.SYNCED) -> Event:
    """An event of the third boot; one a second."""
    at_ms = AT_MS + 1000 * sequence if quality else 1000 * sequence
    return Event(
        int(kind), sequence, BOOT.number, at_ms, int(quality), {int(key): fields[key] for key in sorted(fields)}
    )


VENDOR_KEY = private_key(fixed("vendor", 48))
VENDOR, HARDWARE = vendor_id("locks.example"), "Anmen simulated lock 1"
IMAGE = fixed("image", 64) * 40
MANIFEST = describe(IMAGE, sequence=8, version="1.1.0", vendor=VENDOR, hardware=HARDWARE, needs=5)
ENVELOPE = sign(MANIFEST, VENDOR_KEY)
FIRMWARE = {
    Field.FIRMWARE_FROM: 8,
    Field.FIRMWARE_TO: 7,
    Field.OUTCOME: FirmwareOutcome.FELL_BACK,
    Field.CAUSE: FirmwareCause.NOT_WELCOMED,
}

EVENTS = {
    "alarm": event(EventType.ALARM_RAISED, 1, {Field.CODE: AlarmCode.WRONG_CODE_ENTRY_LIMIT}),
    "door moved": event(EventType.DOOR_MOVED, 2, {Field.CODE: DoorState.AJAR}),
    "opened": event(EventType.LOCK_OPERATED, 3, OPENED),
    "refused": event(EventType.ACCESS_REFUSED, 4, REFUSED),
    "list applied": event(EventType.ACCESS_LIST_APPLIED, 5, {Field.LIST_VERSION: 2, Field.DIGEST: LIST_2.digest}),
    "events lost": event(EventType.EVENTS_LOST, 900, {Field.COUNT: 600, Field.FIRST: 101, Field.LAST: 700}),
    "clock set": event(EventType.CLOCK_SET, 7, {Field.UPTIME_MS: 7_250}),
    "started": event(EventType.STARTED, 8, {}, ClockQuality.UNSET),
    "firmware changed": event(EventType.FIRMWARE_CHANGED, 10, FIRMWARE),
    "opened by command": event(
        EventType.LOCK_OPERATED,
        9,
        {
            Field.OPERATION: Operation.UNLOCK,
            Field.SOURCE: OperationSource.REMOTE,
            Field.LIST_VERSION: 2,
            Field.DIRECTION: PassDirection.UNKNOWN,
            Field.COMMAND: COMMAND,
        },
    ),
    "command done": event(
        EventType.COMMAND_DONE,
        10,
        {
            Field.COMMAND: COMMAND,
            Field.COMMAND_KIND: CommandKind.UNLOCK_DOOR,
            Field.COMMAND_STATE: CommandState.DONE,
        },
    ),
    "of a later version": event(700, 9, {3: 2, 900: "new", 901: fixed("new", 4), 902: True, 903: -1}),
    "mode changed": event(
        EventType.MODE_CHANGED, 10, {Field.SOURCE: OperationSource.BUTTON, Field.MODE: OperatingMode.PRIVACY}
    ),
    "override used": event(
        EventType.OVERRIDE_USED, 11, {Field.OPERATION: Operation.UNLOCK, Field.OVERRIDE: OverrideKind.FIRE}
    ),
    "opened on emergency power": event(EventType.LOCK_OPERATED, 12, {**OPENED, Field.POWER: PowerSource.EMERGENCY}),
    "mechanical key": event(EventType.ALARM_RAISED, 13, {Field.CODE: AlarmCode.MECHANICAL_KEY_USED}),
    "key change failed": event(EventType.ALARM_RAISED, 16, {Field.CODE: AlarmCode.KEY_CHANGE_FAILED}),
    "keys changed": event(EventType.KEYS_CHANGED, 15, {Field.KEY_EPOCH: 2, Field.KEY_EPOCH_BEFORE: 1}),
    "duress after a card": event(
        EventType.ALARM_RAISED,
        14,
        {Field.CODE: AlarmCode.FORCED_USER, Field.CREDENTIAL_ID: 44, Field.AFTER_CREDENTIAL: 41},
    ),
}
CHAIN_KEY = chain_key(exchange(LOCK_KEY, public_key(SERVICE_KEY)), LOCK, KEY_EPOCH)


# Numbered as if nothing else had happened.
CHAINED = tuple(
    EVENTS[name]._replace(sequence=number) for number, name in enumerate(("started", "opened", "refused", "alarm"), 1)
)


def _links() -> list[Link]:
    links = [first_link(LOCK, EPOCH)]
    for one in CHAINED:
        links.append(next_link(links[-1], commitment(CHAIN_KEY, one)))
    return links


LINKS = _links()
HEAD = sign_head(SIGNING_KEY, LOCK, EPOCH, LINKS[-1], signed_at_ms=AT_MS + 3_600_000, quality=int(ClockQuality.SYNCED))
BIRTH = Birth(
    BIRTH_NUMBER,
    BOOT.number,
    EPOCH,
    4,
    1,
    1,
    LIST_1.digest,
    "anmen-sim",
    "1.0.0",
    AT_MS,
    ClockQuality.KEPT,
    87,
    12,
    {"faces": True, "list_entries": 200},
)
LIST_QUESTION = begin(1, LIST_1.digest)[1][0]
LIST_ANSWER = answer(LIST_1, LIST_QUESTION) or ListAnswer(0, 0, LIST_1.digest, (), ())
UP: dict[str, UpMessage] = {
    "birth": BIRTH,
    "proof": Proof(CHALLENGE),
    "heartbeat": Heartbeat(5, 1, LIST_1.digest, 87, 72, AT_MS + 60_000, ClockQuality.SYNCED),
    "heartbeat, with the oldest number": Heartbeat(5, 1, LIST_1.digest, 87, 72, AT_MS + 60_000, ClockQuality.SYNCED, 2),
    **{f"live event: {name}": Events(EPOCH, True, (one,)) for name, one in EVENTS.items()},
    "stored events": Events(EPOCH, False, tuple(EVENTS.values())[:5]),
    "time request": TimeRequest(TIME_NONCE),
    "access list refused": AccessListRefused(1, LIST_1.digest, "digest differs"),
    "will": Will(BIRTH_NUMBER),
    "firmware wanted": FirmwareWanted(MANIFEST.digest, 1024, 2),
    "firmware refused": FirmwareWanted(MANIFEST.digest, 0, 0, FirmwareRefusal.BATTERY_LOW),
    "command nonce": CommandNonce(COMMAND, COMMAND_NONCE),
    "command result: done": CommandResult(COMMAND, CommandState.DONE),
    "command result: failed, said again": CommandResult(
        COMMAND, CommandState.FAILED, CommandFailure.INTERRUPTED, repeated=True
    ),
    "command result: wiped": CommandResult(COMMAND, CommandState.DONE, content=WIPE_PROOF),
    "read-back answer": ReadBackAnswer(
        COMMAND, 2, LIST_2.digest, 3, 1, 200, EPOCH, 11, 10, BOOT.number, 5, 60, AT_MS + 70_000, 2, "1.0.0"
    ),
    "enrolled": Enrolled(
        COMMAND, 1, fixed("model", 4), fixed("template", 144), 41, Liveness.PASSED, PortraitVerdict.MATCHED
    ),
    "enrolled, without a portrait": Enrolled(
        COMMAND, 1, fixed("model", 4), fixed("template", 144), 42, Liveness.PASSED
    ),
    "chain head": HEAD,
    "list answer": LIST_ANSWER,
    "key answer": KeyAnswer(2, KeyRefusal.NONE, public_key(NEXT_LOCK_KEY)),
    "key answer: refused": KeyAnswer(2, KeyRefusal.LIST_HOLDS),
    "certificate request": CertificateRequest(fixed("certificate request", 263)),
    "lock keys": LockKeys(KEY_EPOCH, public_key(LOCK_KEY), public_key(SIGNING_KEY)),
}
DOWN: dict[str, DownMessage] = {
    "challenge": Challenge(CHALLENGE),
    "welcome": Welcome(BIRTH_NUMBER, 60, 50),
    "welcome with a slot": Welcome(BIRTH_NUMBER, 60, 200, 41_250),
    "stored": Stored(EPOCH, 3),
    "missing": Missing(EPOCH, 4, 17),
    **{f"list snapshot {one.part}": one for one in SNAPSHOT.parts()},
    **{f"list delta {one.part}": one for one in DELTA.parts()},
    "time answer": TimeAnswer(TIME_NONCE, AT_MS + 61_000, 2),
    "rebirth": Rebirth(),
    "key offer": KeyOffer(2, public_key(NEXT_SERVICE_KEY)),
    "certificate answer": CertificateAnswer(
        hashlib.sha256(fixed("certificate request", 263)).digest(), CertificateRefusal.NONE, fixed("certificates", 842)
    ),
    "certificate answer: refused": CertificateAnswer(
        hashlib.sha256(fixed("certificate request", 263)).digest(), CertificateRefusal.NOT_NOW
    ),
    "service keys": ServiceKeys(KEY_EPOCH, public_key(SERVICE_KEY)),
    "firmware offer": FirmwareOffer(ENVELOPE),
    "firmware withdrawn": FirmwareOffer(b""),
    "firmware chunk": FirmwareChunk(MANIFEST.digest, 2048, IMAGE[2048:]),
    "nonce asked": NonceAsked(COMMAND),
    "command: unlock": Command(
        COMMAND, CommandKind.UNLOCK_DOOR, ISSUED_AT, ISSUED_AT + 60, nonce=COMMAND_NONCE, seconds=8
    ),
    "command: identify": Command(COMMAND, CommandKind.IDENTIFY, ISSUED_AT, ISSUED_AT + 300, seconds=10),
    "command: set parameters": Command(
        COMMAND, CommandKind.SET_PARAMETERS, ISSUED_AT, ISSUED_AT + 300, nonce=COMMAND_NONCE, relock_s=8, ajar_s=120
    ),
    "command: factory wipe": Command(
        COMMAND, CommandKind.FACTORY_WIPE, ISSUED_AT, ISSUED_AT + 300, nonce=COMMAND_NONCE, challenge=WIPE_CHALLENGE
    ),
    "command: start enrolment": Command(
        COMMAND,
        CommandKind.START_ENROLMENT,
        ISSUED_AT,
        ISSUED_AT + 3_600,
        nonce=COMMAND_NONCE,
        seconds=300,
        takes=CredentialType.FACE,
        entries=(41, 42, 43),
        engine=1,
        model=fixed("model", 4),
    ),
    "enrolled, heard": EnrolledHeard(COMMAND),
    "enrolled, not wanted": EnrolledHeard(COMMAND, EnrolmentVerdict.NOT_WANTED),
    "list question": LIST_QUESTION,
}


def padded(said: Any) -> bytes:
    """Any item as if it were a message: padded to whole blocks."""
    plain = cbor2.dumps(said)
    return plain + bytes(-len(plain) % 192)
