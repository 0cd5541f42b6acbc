"""Tables and SQL of commands: orders in, states out; the public names of both."""

from service.commands.records.following import (
    Change,
    entries_of,
    hold,
    hold_meant,
    hold_outstanding,
    hold_overdue,
    hold_untold,
    write,
)
from service.commands.records.ordering import (
    append,
    call_off,
    find,
    find_place,
    kinds_outstanding,
    latest_of_landlord,
    lived_behind,
    load_of_lock,
    load_of_unit,
    tell,
)
from service.commands.records.rows import (
    Kept,
)

__all__ = [
    "Change",
    "Kept",
    "append",
    "call_off",
    "entries_of",
    "find",
    "find_place",
    "hold",
    "hold_meant",
    "hold_outstanding",
    "hold_overdue",
    "hold_untold",
    "kinds_outstanding",
    "latest_of_landlord",
    "lived_behind",
    "load_of_lock",
    "load_of_unit",
    "tell",
    "write",
]
