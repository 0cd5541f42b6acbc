"""What a lock must not forget of commands: the ids it has taken up, what it was told to be like, and a wipe that has begun."""

from dataclasses import dataclass, field, replace
from typing import Any

import cbor2

from device_sim.door import AJAR_AFTER_S, RELOCK_AFTER_S, Door
from device_sim.flash.chip import Flash
from firmware_protocol.commands import CommandFailure, CommandKind, CommandState
from firmware_protocol.commands_judged import CommandBook, Obeyed


@dataclass(frozen=True, slots=True)
class Parameters:
    """How long after it was shut the door locks itself, and how long the leaf may stand open; seconds."""

    relock_s: int = round(RELOCK_AFTER_S)
    ajar_s: int = round(AJAR_AFTER_S)

    def on(self, door: Door) -> Door:
        """The door as it was told to be."""
        return replace(door, relock_s=float(self.relock_s), ajar_s=float(self.ajar_s))


@dataclass(frozen=True, slots=True)
class Kept:
    """One value in flash. `wiping_epoch`: the log that a wipe has begun to erase, 0 while there is none. A layout: new fields at the end."""

    book: CommandBook = field(default_factory=CommandBook)
    parameters: Parameters = field(default_factory=Parameters)
    wiping_epoch: int = 0


class CommandMemory:
    """The value of region `commands`; a change is safe when the call returns."""

    def __init__(self, flash: Flash) -> None:
        self._slots = flash.slots("commands")
        self.kept = _unpack(self._slots.read())

    @property
    def book(self) -> CommandBook:
        """The commands that could still come again."""
        return self.kept.book

    def keep(self, **changes: Any) -> None:
        """Change fields of `kept`; not written where nothing differs."""
        after = replace(self.kept, **changes)
        if after != self.kept:
            self._slots.write(_pack(after))
            self.kept = after

    def wipe_begun(self) -> Obeyed | None:
        """The wipe that a boot has to finish before anything else."""
        running = (
            one
            for one in self.book.unfinished()
            if one.kind == CommandKind.FACTORY_WIPE and one.state is CommandState.RUNNING
        )
        return next(running, None)


def _pack(kept: Kept) -> bytes:
    obeyed = [list(one) for one in kept.book.obeyed.values()]
    return cbor2.dumps([obeyed, kept.parameters.relock_s, kept.parameters.ajar_s, kept.wiping_epoch])


def _unpack(raw: bytes | None) -> Kept:
    if raw is None:
        return Kept()
    obeyed, relock_s, ajar_s, wiping_epoch = cbor2.loads(raw)[:4]
    book = CommandBook({one[0]: _obeyed(*one[:6]) for one in obeyed})
    return Kept(book, Parameters(relock_s, ajar_s), wiping_epoch)


def _obeyed(name: bytes, kind: int, expires_at: int, *came: Any) -> Obeyed:
    state, failure, content = came
    return Obeyed(name, kind, expires_at, CommandState(state), CommandFailure(failure), content)
