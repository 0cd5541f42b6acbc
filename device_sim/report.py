"""A lock and its events as JSON: for the control socket, the page and the audit. Numbers get their names; no identity is in them."""

from collections import Counter
from enum import IntEnum
from typing import Any

from device_sim.certificate_keeping import CertificateKeeper
from device_sim.door import Door
from device_sim.doorway import Answer
from device_sim.enrolling import Stage
from device_sim.installation import Installation
from device_sim.lock import Lock
from device_sim.words import CHECKING, FIRE_OVER, OPEN, OPEN_BY_KEY, OPEN_INSIDE, OVERRIDDEN, REASONS, STAGES, Words
from firmware_protocol.claim import code_of, in_groups
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import ClockQuality, EventType, Field, OperationSource, PassDirection, RefusalReason

Json = dict[str, Any]
LAST_EVENTS = 12


def report_event(event: Event) -> Json:
    """One event: type and field names as in firmware_protocol.vocabulary, bytes in hexadecimal."""
    return {
        "sequence": event.sequence,
        "type": _name(EventType, event.type),
        "boot": event.boot_number,
        "at_ms": event.occurred_at_ms,
        "clock": _name(ClockQuality, event.clock_quality),
        "fields": {
            _name(Field, key): value.hex() if isinstance(value, bytes) else value for key, value in event.fields.items()
        },
    }


def report_answer(answer: Answer, *, checking: bool = False) -> Json:
    """What a person at the door is told, and the event it left; `checking`: the lock is being told whether its list is the latest."""
    return {
        "opened": answer.opened,
        "reason": answer.reason.name.lower() if answer.reason is not None else None,
        "words": (CHECKING if checking and _ran_out(answer) else _words(answer))._asdict(),
        "stage": answer.stage.value if answer.stage else None,
        "event": report_event(answer.event) if answer.event else None,
    }


def is_checking(installed: Installation) -> bool:
    """Whether the lock is on the line and waits for the service's word that the list it holds is the latest."""
    return installed.has_power and installed.linked and installed.lock.proven and not installed.lock.time.confirmed


def report_state(installed: Installation) -> Json:
    """Everything a page shows of a lock."""
    return {
        "lock": installed.provision.lock,
        "label": installed.provision.label,
        "power": installed.has_power,
        "door": _report_door(installed.door),
        "link": {"network": installed.network, "linked": installed.linked, "why_down": installed.why_down},
        **(_report_electronics(installed.lock, installed.now) if installed.has_power else {}),
        **({"claim": _report_claim(installed)} if installed.has_power else {}),
    }


def _report_door(door: Door) -> Json:
    return {
        "bolt": door.bolt.value,
        "leaf": door.leaf.name.lower(),
        "obstructed": door.obstructed,
        "battery_percent": round(door.battery_percent, 1),
        "emergency_power": door.emergency_power,
    }


def _report_electronics(lock: Lock, now: float) -> Json:
    log, held = lock.flash.log, lock.held
    kinds = Counter(entry.type.name.lower() for entry in held.holding.entries)
    return {
        "proven": lock.proven,
        "uptime_s": round(now, 1),
        "locked_out_s": round(lock.doorway.locked_out_s(now), 1),
        "mode": lock.doorway.modes.mode.name.lower(),
        "on_fire": lock.doorway.on_fire,
        "enrolment": _report_enrolment(lock, now),
        "shows_itself_s": round(max(0.0, lock.commands.shown_until - now), 1),
        "clock": {"quality": lock.time.clock.quality.name, "now_ms": lock.time.clock.now_ms(now)},
        "list": {
            "version": held.version,
            "confirmed": lock.time.confirmed,
            "digest": held.digest.hex(),
            "entries": dict(kinds),
            "erased": held.erased,
        },
        "log": {
            "epoch": log.epoch,
            "boot": lock.flash.remembered.boot_number,
            "next_sequence": log.next_sequence,
            "stored_up_to": log.stored_up_to,
            "oldest_sequence": log.oldest_sequence,
            "unstored": log.unstored,
            "nearly_full": log.nearly_full,
        },
        "firmware": _report_firmware(lock),
        "certificate": _report_certificate(lock.certificates),
        "refused_frames": dict(lock.refused_frames),
        "events": [report_event(event) for event in log.read(log.next_sequence - LAST_EVENTS, LAST_EVENTS)],
    }


def _report_claim(installed: Installation) -> Json:
    """What stands under the inside cover is shown while it counts: whoever stands inside can read it off."""
    claiming, printed = installed.lock.claiming, installed.provision.claim_secret
    counts = printed if claiming.secret == printed else None
    return {
        "boxed": claiming.boxed,
        "nobodys": claiming.secret is not None,
        "awaits_welcome": claiming.awaits_welcome,
        "open_s": round(claiming.open_s(installed.now), 1),
        "secret": counts and in_groups(counts),
        "code": counts and code_of(installed.provision.lock, counts),
    }


def _report_certificate(keeper: CertificateKeeper) -> Json | None:
    """What it connects with, and how far the next one is; None where it knows of none."""
    return {"until_s": keeper.used.until, "next": keeper.next_one.value} if keeper.used else None


def _report_firmware(lock: Lock) -> Json:
    images, (have, size) = lock.flash.images, lock.updater.progress
    return {
        "version": images.image.version,
        "sequence": images.record.running.sequence,
        "slot": images.record.active,
        "state": lock.updater.state.value,
        "have": have,
        "size": size,
    }


def _report_enrolment(lock: Lock, now: float) -> Json | None:
    window, saying = lock.commands.enrolling.window, lock.commands.enrolling.saying
    if window is None:
        return None if saying is None else _stage(Stage.SAYING, 0)
    return _stage(Stage.CARD if now >= window.face_until else window.stage, round(window.until - now))


def _stage(stage: Stage, left_s: int) -> Json:
    return {"stage": stage.value, "left_s": left_s, "words": STAGES[stage]._asdict()}


def _ran_out(answer: Answer) -> bool:
    return answer.reason is RefusalReason.OFFLINE_LEASE_OVER


def _words(answer: Answer) -> Words:
    if answer.stage is not None:
        return STAGES[answer.stage]
    if answer.reason is not None:
        return REASONS[answer.reason]
    if answer.unrecorded:
        return OPEN_INSIDE
    event = answer.event
    if event is not None and event.type == EventType.OVERRIDE_USED:
        return OVERRIDDEN if answer.opened else FIRE_OVER
    if event is None or event.get(Field.SOURCE) != OperationSource.MANUAL:
        return OPEN
    return OPEN_BY_KEY if event.get(Field.DIRECTION) == PassDirection.IN else OPEN_INSIDE


def _name(names: type[IntEnum], number: int) -> str:
    """The number's name; what a newer version says is shown as a number."""
    try:
        return names(number).name
    except ValueError:
        return f"unknown ({number})"
