"""Writes what docs/protocol/ draws from code and vectors: `python -m tests.protocol.make_docs`.

Between `<!-- made: name -->` and `<!-- end -->` stands what is made here; example.md is made as a whole. A test compares.
"""

import json
import re
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

from anmen.conformance import run
from anmen.conformance.registry import CHECKS, DECLARED, WATCHES
from firmware_protocol import (
    access_list,
    cbor_subset,
    codec,
    commands_judged,
    cursor,
    decisions,
    enrolment,
    lock_side,
    lockout,
    replay,
    sealing,
    sending,
    service_sessions,
    topics,
    vocabulary,
)
from firmware_protocol.commands import CommandFailure, CommandKind, CommandState
from firmware_protocol.commands_followed import ORDER_TRANSITIONS, OrderState
from firmware_protocol.errors import FrameRefusal
from firmware_protocol.firmware import FirmwareCause, FirmwareOutcome, FirmwareRefusal
from firmware_protocol.firmware_states import FIRMWARE_TRANSITIONS, FirmwareState
from firmware_protocol.key_change import KEY_TRANSITIONS, KeyState
from firmware_protocol.transitions import TRANSITIONS, LinkEvent, LinkState
from tests.protocol import asyncapi
from tests.protocol.example import example

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "protocol"
_MADE = re.compile(r"(<!-- made: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)

REFUSALS = {
    FrameRefusal.TOPIC: "the topic is not the up topic of a lock in its own shard",
    FrameRefusal.TOO_LARGE: "more bytes than a frame may have",
    FrameRefusal.MALFORMED: "not written as a frame or message is written",
    FrameRefusal.UNKNOWN_LOCK: "no such lock is registered",
    FrameRefusal.REVOKED_LOCK: "the lock's keys are worth nothing any more",
    FrameRefusal.UNKNOWN_SESSION: "no session of that name is known, or the frame is not for this side",
    FrameRefusal.NOT_AUTHENTIC: "the tag does not verify under the session's key, or a point is not on the curve",
    FrameRefusal.REPLAYED: "counter, birth, will or proof was taken before, or a later one was",
    FrameRefusal.UNKNOWN_MESSAGE: "authentic, but with a tag this version does not know",
    FrameRefusal.BAD_CONTENT: "authentic, but its content is not what the schema says, or makes no sense",
    FrameRefusal.OLD_HOLDER: "a later holder of the shard has been heard",
}


def link_states() -> str:
    """The table of link states as a diagram, drawn from the table itself."""
    drawn: dict[tuple[LinkState, LinkState], list[str]] = {}
    for (state, event), becomes in TRANSITIONS.items():
        if event is not LinkEvent.REVOKED:
            drawn.setdefault((state, becomes), []).append(event.value)
    arrows = [
        f"    {state.value} --> {becomes.value}: {', '.join(events)}" for (state, becomes), events in drawn.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {LinkState.UNBORN.value}", *arrows, "```"])


def firmware_states() -> str:
    """What a lock does about its firmware, drawn from its table."""
    drawn: dict[tuple[FirmwareState, FirmwareState], list[str]] = {}
    for (state, step), becomes in FIRMWARE_TRANSITIONS.items():
        drawn.setdefault((state, becomes), []).append(step.value)
    arrows = [f"    {state.value} --> {becomes.value}: {', '.join(steps)}" for (state, becomes), steps in drawn.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {FirmwareState.SETTLED.value}", *arrows, "```"])


def key_states() -> str:
    """What a lock does about its static keys, drawn from its table."""
    arrows = [
        f"    {state.value} --> {becomes.value}: {step.value}" for (state, step), becomes in KEY_TRANSITIONS.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {KeyState.SETTLED.value}", *arrows, "```"])


FIRMWARE_REASONS = {
    FirmwareRefusal.NONE: "taken",
    FirmwareRefusal.NOT_READABLE: "no envelope or manifest of this format",
    FirmwareRefusal.NOT_SIGNED: "the maker's key does not verify the signature",
    FirmwareRefusal.WRONG_VENDOR: "for locks of another maker",
    FirmwareRefusal.WRONG_CLASS: "for other hardware",
    FirmwareRefusal.OLD: "not above the sequence that runs",
    FirmwareRefusal.NEEDS_NEWER: "the image that runs is too old for it",
    FirmwareRefusal.TOO_LARGE: "larger than the slot",
    FirmwareRefusal.FELL_BACK_BEFORE: "this lock has fallen back from it",
    FirmwareRefusal.UNKNOWN_CONDITION: "a condition of a later version",
    FirmwareRefusal.DIGEST_DIFFERS: "what lies in the slot is not what was signed",
    FirmwareRefusal.BATTERY_LOW: "the battery is too low; when it is not, the lock goes on",
    FirmwareRefusal.ON_TRIAL: "the image that runs is on trial",
    FirmwareRefusal.DOOR_IN_USE: "the image is there; the lock waits until nobody needs the door",
}


def firmware_reasons() -> str:
    """Every reason, with what it means."""
    rows = [
        f"| {reason.value} | {reason.name.lower().replace('_', ' ')} | {FIRMWARE_REASONS[reason]} |"
        for reason in FirmwareRefusal
    ]
    return "\n".join(["| number | reason | |", "|---|---|---|", *rows])


def firmware_outcomes() -> str:
    """The numbers of event 20."""
    rows = [_numbers("outcome (22)", FirmwareOutcome), _numbers("cause (23)", FirmwareCause)]
    return "\n".join(["| | numbers |", "|---|---|", *rows])


def command_states() -> str:
    """The table of a command's states as a diagram, drawn from the table itself."""
    drawn: dict[tuple[OrderState, OrderState], list[str]] = {}
    for (state, event), becomes in ORDER_TRANSITIONS.items():
        drawn.setdefault((state, becomes), []).append(event.value)
    arrows = [
        f"    {state.value} --> {becomes.value}: {', '.join(events)}" for (state, becomes), events in drawn.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {OrderState.WAITING.value}", *arrows, "```"])


def command_numbers() -> str:
    """Every number of commands."""
    titles: dict[str, type[IntEnum]] = {"kind": CommandKind, "state": CommandState, "failure": CommandFailure}
    return "\n".join(["| | numbers |", "|---|---|", *(_numbers(title, kind) for title, kind in titles.items())])


def command_limits() -> str:
    """The limits of commands, as the code has them."""
    judged = commands_judged
    limits = {
        "a nonce holds for": f"{judged.NONCE_FRESH_S:g} s",
        "nonces that a lock holds": f"{judged.NONCES_HELD}",
        "commands that a lock remembers": f"{judged.IDS_HELD}",
        "life of a command": f"at most {judged.LONGEST_LIFE_S // 86_400} days",
        "`seconds` of unlock door": _from_to(judged.UNLOCKED_S),
        "`seconds` of identify": _from_to(judged.SHOWN_S),
        "`relock_s`": _from_to(judged.RELOCK_S),
        "`ajar_s`": _from_to(judged.AJAR_S),
    }
    return "\n".join(["| what | limit |", "|---|---|", *(f"| {what} | {limit} |" for what, limit in limits.items())])


def enrolment_limits() -> str:
    """The limits of an enrolment, as the code has them."""
    limits = {
        "`seconds` of the window": _from_to(enrolment.WINDOW_S),
        "a face may come after card or PIN": f"for {enrolment.FACE_WITHIN_S:g} s",
        "entries named": f"1 to {enrolment.MOST_ENTRIES}",
        "template": f"at most {enrolment.MOST_TEMPLATE_BYTES} bytes",
        "said again": f"after {enrolment.SAID_AGAIN_S[0]:g} s, doubled up to {enrolment.SAID_AGAIN_S[1]:g} s",
    }
    return "\n".join(["| what | limit |", "|---|---|", *(f"| {what} | {limit} |" for what, limit in limits.items())])


def _from_to(limits: tuple[int, int]) -> str:
    return f"{limits[0]} to {limits[1]:,} s"


def _numbers(title: str, kind: type[IntEnum]) -> str:
    named = ", ".join(f"{one.value} {one.name.lower().replace('_', ' ')}" for one in kind)
    return f"| {title} | {named} |"


def vocabulary_tables() -> str:
    """Every number that events use, from the vocabulary."""
    titles: dict[str, type[IntEnum]] = {
        "event type": vocabulary.EventType,
        "field": vocabulary.Field,
        "operation (0)": vocabulary.Operation,
        "source (1)": vocabulary.OperationSource,
        "direction (4)": vocabulary.PassDirection,
        "liveness (6)": vocabulary.Liveness,
        "code (7) of an alarm": vocabulary.AlarmCode,
        "code (7) of a door": vocabulary.DoorState,
        "code (7) of a refusal": vocabulary.RefusalReason,
        "mode (16)": vocabulary.OperatingMode,
        "power (17)": vocabulary.PowerSource,
        "override (18)": vocabulary.OverrideKind,
        "clock quality": vocabulary.ClockQuality,
    }
    rows = [_numbers(title, kind) for title, kind in titles.items()]
    said = "Numbers that the Matter Door Lock cluster has are its own; ours begin with 16. Which fields a type has stands in"
    return "\n".join([f"{said} `anmen.cddl` (`known-event`).", "", "| | numbers |", "|---|---|", *rows])


def limits_table() -> str:
    """Every limit, with its value as the code has it."""
    limits = {
        "block": f"{codec.BLOCK_BYTES} bytes",
        "blocks in a frame": f"1 to {codec.MAX_BLOCKS}",
        "frame": f"{sealing.MAX_FRAME_BYTES:,} bytes",
        "nesting": f"{cbor_subset.DEEPEST}",
        "events in a message": f"1 to {codec.MAX_EVENTS}; a lock sends {sending.GROUP} stored ones at most",
        "live events, and stored events, on their way": f"{sending.WINDOW} each",
        "back-fill before a welcome": f"{sending.BACKFILL_PER_S} events a second",
        "probe": f"after {sending.PROBE_S[0]:g} s, doubled to {sending.PROBE_S[1]:g} s",
        "a gap is not filled again within": f"{sending.PATIENCE_S:g} s",
        "birth repeated": f"after {lock_side.BIRTH_RETRY_S[0]:g} s, doubled to {lock_side.BIRTH_RETRY_S[1]:g} s",
        "birth after an announcement": f"within {lock_side.ANNOUNCED_BIRTH_S:g} s",
        "heartbeat": f"as welcomed, at least {lock_side.SHORTEST_HEARTBEAT_S:g} s",
        "reconnect slot": f"{lock_side.LONGEST_SLOT_S:g} s at most",
        "alarms before the other stored events": f"{sending.URGENT}",
        "heartbeats without a word before another birth": f"{lock_side.SILENT_HEARTBEATS}",
        "time answer believed within": f"{lock_side.TIME_ROUND_TRIP_S:g} s",
        "replay window": f"{replay.WIDTH} counters",
        "sessions that the service keeps": f"{service_sessions.SESSIONS_KEPT}",
        "ranges above gaps that a cursor remembers": f"{cursor.MOST_RANGES}",
        "last sequence": f"2^63 - {(1 << 63) - cursor.LAST_SEQUENCE}",
        "access list entry": f"{access_list.ENTRY_BYTES} bytes",
        "parts of a change": f"{access_list.MAX_PARTS:,}",
        "shards": f"{topics.SHARDS}",
        "wrong tries": f"{lockout.WRONG_TRIES} within {lockout.WITHIN_S:g} s, then {lockout.LOCKED_OUT_S:g} s of nothing",
        "tenants honoured without a clock": f"{decisions.UNSET_CLOCK_GRACE_S // 3600} h of uptime",
    }
    return "\n".join(["| what | limit |", "|---|---|", *(f"| {what} | {limit} |" for what, limit in limits.items())])


def refusals_table() -> str:
    """Every reason, with what it means."""
    rows = [f"| `{reason.value}` | {REFUSALS[reason]} |" for reason in FrameRefusal]
    return "\n".join(["| counter | why |", "|---|---|", *rows])


def declared_table() -> str:
    """What the conformance kit does not observe, with the reason; and the parts of sentences that it does not."""
    assert run.PAGES
    whole = [f"| {number} | {reason} |" for number, reason in sorted(DECLARED.items())]
    unseen = {one.number: one.unseen for one in CHECKS.values()} | {one.number: one.unseen for one in WATCHES.values()}
    parts = [f"| {number}, in part | {words} |" for number, words in sorted(unseen.items()) if words]
    return "\n".join(["| sentence | not observed, or why not |", "|---|---|", *whole, *parts])


PIECES: dict[str, Callable[[], str]] = {
    "link states": link_states,
    "command states": command_states,
    "command numbers": command_numbers,
    "command limits": command_limits,
    "enrolment limits": enrolment_limits,
    "vocabulary": vocabulary_tables,
    "firmware states": firmware_states,
    "key states": key_states,
    "firmware reasons": firmware_reasons,
    "firmware outcomes": firmware_outcomes,
    "limits": limits_table,
    "refusals": refusals_table,
    "declared": declared_table,
}


def made(text: str) -> str:
    """The page with every made piece as it should be; KeyError where a page asks for a piece nobody makes."""
    return _MADE.sub(lambda found: f"{found[1]}{PIECES[found[2]]()}\n{found[3]}", text)


def pages() -> dict[Path, str]:
    """Every page that holds something made, with its content as it should be."""
    texts = {path: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md") if path.name != "example.md"}
    changed = {path: made(text) for path, text in texts.items() if "<!-- made:" in text}
    vectors = {
        name: json.loads((ROOT / "firmware_protocol" / "vectors" / f"{name}.json").read_text())
        for name in ("keys", "sealed")
    }
    return {**changed, DOCS / "example.md": example(vectors["keys"], vectors["sealed"]), asyncapi.PAGE: asyncapi.page()}


if __name__ == "__main__":
    for page, content in pages().items():
        page.write_text(content, encoding="utf-8")
