"""How the service sees a command: one table. The diagram in docs/protocol/commands.md is drawn from it.

Nothing is shown as done that the lock has not said. Where it says nothing, that is shown, too: a command that was sent
and not answered may have been obeyed, so `silent` is not `expired`, and a word that comes later still counts.
"""

from enum import StrEnum

from firmware_protocol.commands import CommandState


class OrderState(StrEnum):
    """How far a command has come, as far as the service knows; the values are stored and never change."""

    WAITING = "waiting"
    SENT = "sent"
    ACCEPTED = "accepted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    SILENT = "silent"


class OrderEvent(StrEnum):
    """What moves it. SENT is written down before the frame goes out, so that `waiting` means: nobody can have obeyed it."""

    SENT = "sent"
    ACCEPTED = "says accepted"
    RUNNING = "says running"
    DONE = "says done"
    FAILED = "says failed"
    EXPIRED = "says expired"
    TIME_OVER = "time over"


_SAID = {
    OrderEvent.ACCEPTED: OrderState.ACCEPTED,
    OrderEvent.RUNNING: OrderState.RUNNING,
    OrderEvent.DONE: OrderState.DONE,
    OrderEvent.FAILED: OrderState.FAILED,
    OrderEvent.EXPIRED: OrderState.EXPIRED,
}
_ENDS = {event: state for event, state in _SAID.items() if event not in {OrderEvent.ACCEPTED, OrderEvent.RUNNING}}

# What is not named here changes nothing: what has ended stays as it is.
ORDER_TRANSITIONS: dict[tuple[OrderState, OrderEvent], OrderState] = {
    (OrderState.WAITING, OrderEvent.SENT): OrderState.SENT,
    (OrderState.WAITING, OrderEvent.TIME_OVER): OrderState.EXPIRED,
    # A database that was restored may have forgotten that it sent it.
    **{(OrderState.WAITING, event): state for event, state in _ENDS.items()},
    **{(OrderState.SENT, event): state for event, state in _SAID.items()},
    (OrderState.SENT, OrderEvent.TIME_OVER): OrderState.SILENT,
    (OrderState.ACCEPTED, OrderEvent.RUNNING): OrderState.RUNNING,
    **{(OrderState.ACCEPTED, event): state for event, state in _ENDS.items()},
    (OrderState.ACCEPTED, OrderEvent.TIME_OVER): OrderState.SILENT,
    **{(OrderState.RUNNING, event): state for event, state in _ENDS.items()},
    (OrderState.RUNNING, OrderEvent.TIME_OVER): OrderState.SILENT,
    **{(OrderState.SILENT, event): state for event, state in _ENDS.items()},
}
ENDED = frozenset({OrderState.DONE, OrderState.FAILED, OrderState.EXPIRED})
# Told again, because nobody can know whether the lock has heard of it.
TOLD_AGAIN = frozenset({OrderState.WAITING, OrderState.SENT})


def next_order(state: OrderState, event: OrderEvent) -> OrderState:
    """The command's state after the event; the same state where the table does not name the pair."""
    return ORDER_TRANSITIONS.get((state, event), state)


def event_of_result(state: int) -> OrderEvent | None:
    """What a lock's word means here; None for a state of a later version."""
    words = {one: OrderEvent[one.name] for one in CommandState}
    return next((event for one, event in words.items() if one == state), None)
