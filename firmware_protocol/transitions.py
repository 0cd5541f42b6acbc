"""How the service sees a lock's link: one table. The diagram in docs/protocol/session.md is drawn from it.

A link state is about what may be said and shown, not about what is stored: an authentic event is stored in every
state but after `REVOKED`, when the lock's frames are refused before this table is asked. A birth alone proves nothing
(the broker can replay one), so it never takes a live link away from the boot that holds it.
"""

from enum import StrEnum


class LinkState(StrEnum):
    """What is known of the link; the values are stored and never change."""

    UNBORN = "unborn"
    UNPROVEN = "unproven"
    LIVE = "live"
    STALE = "stale"


class LinkEvent(StrEnum):
    """What moves it. A birth, proof or will counts only after ServiceSide has taken it."""

    BIRTH = "birth"
    """The birth of a boot that is not proven. A birth of the proven boot (a mere reconnect) is HEARD."""
    PROOF = "proof"
    """The challenge came back: this boot is the lock now."""
    HEARD = "heard"
    """Any authentic frame of the proven session, apart from its will."""
    WILL = "will"
    """The will of the latest birth."""
    SILENCE = "silence"
    """Nothing heard for three heartbeats."""
    REVOKED = "revoked"
    """The lock's keys are worth nothing any more: released, replaced, stolen."""


# What is not named here changes nothing.
TRANSITIONS: dict[tuple[LinkState, LinkEvent], LinkState] = {
    (LinkState.UNBORN, LinkEvent.BIRTH): LinkState.UNPROVEN,
    (LinkState.UNPROVEN, LinkEvent.PROOF): LinkState.LIVE,
    # The boot that was live before it fell silent is still the lock until another one has proven itself.
    (LinkState.UNPROVEN, LinkEvent.HEARD): LinkState.LIVE,
    (LinkState.UNPROVEN, LinkEvent.WILL): LinkState.STALE,
    (LinkState.UNPROVEN, LinkEvent.SILENCE): LinkState.STALE,
    (LinkState.UNPROVEN, LinkEvent.REVOKED): LinkState.UNBORN,
    (LinkState.LIVE, LinkEvent.WILL): LinkState.STALE,
    (LinkState.LIVE, LinkEvent.SILENCE): LinkState.STALE,
    (LinkState.LIVE, LinkEvent.REVOKED): LinkState.UNBORN,
    (LinkState.STALE, LinkEvent.BIRTH): LinkState.UNPROVEN,
    (LinkState.STALE, LinkEvent.PROOF): LinkState.LIVE,
    (LinkState.STALE, LinkEvent.HEARD): LinkState.LIVE,
    (LinkState.STALE, LinkEvent.REVOKED): LinkState.UNBORN,
}


def next_link(state: LinkState, event: LinkEvent) -> LinkState:
    """The link's state after the event; the same state where the table does not name the pair."""
    return TRANSITIONS.get((state, event), state)
