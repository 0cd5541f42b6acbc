"""Granting, drawing PINs, and what the locks have confirmed; the public names of all three."""

from service.access.actions.drawing import (
    draw_pin,
    emergency_pin_on,
    make_emergency_pin,
    note_drawing,
    remove_emergency_pin,
    replace_pin,
)
from service.access.actions.granting import (
    bring_face,
    empty_list,
    equip,
    get_standing,
    grant,
    opens_by_face,
    remove_faces,
    revoke,
)
from service.access.actions.listing import open_entry, seal_entry
from service.access.actions.passing import end_passage, get_shared_door, passages_of, set_passage
from service.access.actions.viewing import deliveries, delivery

__all__ = [
    "bring_face",
    "deliveries",
    "delivery",
    "draw_pin",
    "emergency_pin_on",
    "empty_list",
    "end_passage",
    "equip",
    "get_shared_door",
    "get_standing",
    "grant",
    "make_emergency_pin",
    "note_drawing",
    "open_entry",
    "opens_by_face",
    "passages_of",
    "remove_emergency_pin",
    "remove_faces",
    "replace_pin",
    "revoke",
    "seal_entry",
    "set_passage",
]
