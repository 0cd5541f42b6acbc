"""A lock's state, as the control socket tells it, drawn for a terminal. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from enum import IntEnum
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from device_sim.terminal.deeds import DEEDS
from device_sim.terminal.texts import Language, say
from firmware_protocol.vocabulary import (
    AlarmCode,
    DoorState,
    EventType,
    Field,
    Liveness,
    Operation,
    OperationSource,
    PassDirection,
    RefusalReason,
)

# What a clock at a Chinese door shows; the protocol itself knows Unix time only.
_CHINA = timezone(timedelta(hours=8))
_LOW_PERCENT = 20
_SHUT = ("┌────────┐", "│        │", "│      {0} │", "│        │", "│        │", "└────────┘")
_OPEN = ("┌────────┐", "│\\       │", "│ \\      │", "│  │   {0} │", "│  │     │", "└──┴─────┘")
_BOLTS = {"locked": "▬", "unlocking": "▸", "unlocked": "○", "locking": "◂", "jammed": "✖"}

State = Mapping[str, Any]


def door_panel(state: State, language: Language, *, small: bool = False) -> RenderableType:
    """The door as one sees it: leaf, bolt, battery; without the picture where the window is `small`."""
    door = state["door"]
    picture = _SHUT if door["leaf"] == "closed" else _OPEN
    colour = "green" if door["bolt"] == "unlocked" else "red" if door["bolt"] == "jammed" else "white"
    drawn = Text("\n".join(picture).format(_BOLTS.get(door["bolt"], "?")), style=colour)
    rows = _rows()
    bolt = say(door["bolt"], language)
    rows.add_row(say("bolt", language), f"{bolt}, {say('obstructed', language)}" if door["obstructed"] else bolt)
    rows.add_row(say("leaf", language), say(door["leaf"], language))
    percent = door["battery_percent"]
    bar = ProgressBar(100, percent, width=16, complete_style="red" if percent <= _LOW_PERCENT else "green")
    rows.add_row(say("battery", language), Group(Text(f"{percent:.0f} %"), bar))
    return rows if small else Group(drawn, rows)


def lock_panel(state: State, language: Language) -> RenderableType:
    """What the electronics hold: link, clock, list, flash."""
    rows = _rows()
    rows.add_row(say("link", language), _link(state, language))
    if not state["power"]:
        return rows
    _claim_rows(rows, state, language)
    clock, held, log = state["clock"], state["list"], state["log"]
    quality = say(clock["quality"], language)
    shown = _date(clock["now_ms"], language)
    rows.add_row(say("clock", language), quality if clock["quality"] == "UNSET" else f"{shown}, {quality}")
    kinds = ", ".join(f"{count} {kind}" for kind, count in held["entries"].items()) or say("empty", language)
    rows.add_row(say("list", language), f"{say('version', language, held['version'])}: {kinds}")
    unconfirmed = "" if held["confirmed"] else f" {say('unconfirmed', language)}"
    rows.add_row("", Text(held["digest"][:16] + "…" + unconfirmed, style="dim"))
    rows.add_row(say("flash", language), say("logged", language, log["next_sequence"] - 1, log["unstored"]))
    if state["certificate"]:
        rows.add_row(say("certificate", language), _certificate(state["certificate"], language))
    if state["refused_frames"]:
        rows.add_row(say("refused", language), ", ".join(f"{n} {why}" for why, n in state["refused_frames"].items()))
    taking = state.get("enrolment")
    if taking:
        rows.add_row(
            "", Text(f"{taking['words'][language.value]} {taking['left_s'] or ''}".strip(), style="bold yellow")
        )
    if state["locked_out_s"]:
        rows.add_row("", Text(say("locked_out", language, round(state["locked_out_s"])), style="bold red"))
    return rows


def _certificate(certificate: State, language: Language) -> str:
    until = say("until", language, _date(certificate["until_s"] * 1000, language)[:10])
    coming = certificate["next"]
    return until if coming == "none" else f"{until}, {say(f'certificate_{coming}', language)}"


def _date(unix_ms: int, language: Language) -> str:
    try:
        return datetime.fromtimestamp(unix_ms / 1000, _CHINA).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        # Somebody turned the clock beyond the year 9999.
        return say("no_date", language, unix_ms)


def _claim_rows(rows: Table, state: State, language: Language) -> None:
    claim = state["claim"]
    if claim["open_s"]:
        rows.add_row(say("claim", language), Text(say("claim_open", language, round(claim["open_s"])), style="bold"))
    if claim["awaits_welcome"]:
        rows.add_row("" if claim["open_s"] else say("claim", language), say("unwelcomed", language))
    elif claim["nobodys"] and not claim["boxed"] and not claim["open_s"]:
        rows.add_row(say("claim", language), say("released", language))
    if claim["secret"]:
        first = claim["boxed"] and not claim["open_s"]
        rows.add_row(say("claim", language) if first else "", say("boxed" if claim["boxed"] else "cover", language))
        rows.add_row("", Text(f"{state['lock']}  {claim['secret']}", style="bold"))


def events_panel(state: State) -> RenderableType:
    """The last events, newest first, as the lock has them in flash; those the service has stored are dim."""
    table = Table.grid(padding=(0, 1), expand=True)
    for event in reversed(state.get("events", ())):
        stored = event["sequence"] <= state["log"]["stored_up_to"]
        fields = " ".join(f"{name.lower()}={_named(event, name)}" for name in event["fields"])
        style = "dim" if stored else "bold"
        table.add_row(Text(str(event["sequence"]), style), Text(event["type"], style), Text(fields, style))
    return table


def keys_line(language: Language, width: int) -> Text:
    """Every key and what it does; no line break between the two."""
    lines = Text()
    used = 0
    for key, name in [*((deed.key, deed.name) for deed in DEEDS), ("q", "quit")]:
        one = Text(f" {key} ", "reverse").append(f" {say(f'key_{name}', language)}", "not reverse")
        if used and used + _BETWEEN + one.cell_len > width:
            lines.append("\n")
            used = 0
        lines.append(" " * (_BETWEEN if used else 0)).append(one)
        used += one.cell_len + (_BETWEEN if used else 0)
    return lines


def _rows() -> Table:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    return rows


def _link(state: State, language: Language) -> str:
    link = state["link"]
    if not state["power"]:
        return say("no_power", language)
    if not link["network"]:
        return say("cut", language)
    if link["linked"]:
        return say("proven" if state["proven"] else "linked", language)
    return " ".join([say("down", language), f"({link['why_down']})" if link["why_down"] else ""]).strip()


def _named(event: State, field: str) -> str:
    """The field's value by its name in the vocabulary; what a newer lock says stands as it is."""
    value = event["fields"][field]
    names = _CODES.get(event["type"]) if field == Field.CODE.name else _NAMES.get(field)
    if names is not None and value in set(names):
        return names(value).name.lower()
    text = str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


_LONGEST = 16
_BETWEEN = 2
_NAMES: Mapping[str, type[IntEnum]] = {
    Field.OPERATION.name: Operation,
    Field.SOURCE.name: OperationSource,
    Field.DIRECTION.name: PassDirection,
    Field.LIVENESS.name: Liveness,
}
_CODES: Mapping[str, type[IntEnum]] = {
    EventType.ALARM_RAISED.name: AlarmCode,
    EventType.DOOR_MOVED.name: DoorState,
    EventType.ACCESS_REFUSED.name: RefusalReason,
}
