"""The table of link states: what each event may and may not do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.transitions import TRANSITIONS, LinkEvent, LinkState, next_link

STATES, EVENTS = st.sampled_from(LinkState), st.sampled_from(LinkEvent)


def after(state: LinkState, events: list[LinkEvent]) -> LinkState:
    for event in events:
        state = next_link(state, event)
    return state


@given(STATES, EVENTS)
def test_what_the_table_does_not_name_changes_nothing(state: LinkState, event: LinkEvent) -> None:
    assert next_link(state, event) is TRANSITIONS.get((state, event), state)


def test_the_table_names_only_changes() -> None:
    assert all(state is not becomes for (state, _), becomes in TRANSITIONS.items())


@given(st.lists(EVENTS.filter(lambda event: event not in {LinkEvent.PROOF, LinkEvent.HEARD})))
def test_nothing_is_live_without_a_proof(events: list[LinkEvent]) -> None:
    assert after(LinkState.UNBORN, events) is not LinkState.LIVE


@given(STATES)
def test_a_birth_takes_no_live_link_away(state: LinkState) -> None:
    assert (next_link(state, LinkEvent.BIRTH) is LinkState.LIVE) == (state is LinkState.LIVE)


@given(STATES)
def test_revoked_is_forgotten(state: LinkState) -> None:
    assert next_link(state, LinkEvent.REVOKED) is LinkState.UNBORN


@pytest.mark.parametrize("event", [LinkEvent.WILL, LinkEvent.SILENCE])
def test_who_has_gone_is_stale_and_who_speaks_again_is_live(event: LinkEvent) -> None:
    assert after(LinkState.LIVE, [event]) is LinkState.STALE
    assert after(LinkState.LIVE, [event, LinkEvent.HEARD]) is LinkState.LIVE
    assert after(LinkState.UNBORN, [event]) is LinkState.UNBORN


@given(STATES, EVENTS)
def test_said_twice_is_said_once(state: LinkState, event: LinkEvent) -> None:
    assert after(state, [event, event]) is after(state, [event])
