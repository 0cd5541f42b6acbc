"""PINs that may stand on one door: no slip at the keypad calls the police, and nobody wears a lock out by drawing."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from firmware_protocol.credentials import pin_material
from service.access.pins import MOST_DRAWN, PinsOnLock, is_apart, slips, wait_to_draw

PINS = st.text("0123456789", min_size=6, max_size=6)
KEY = bytes(range(32))
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTES_AGO = st.lists(st.integers(0, 3000), max_size=40)


def held(*ordinary: str, emergency: tuple[str, ...] = ()) -> list[PinsOnLock]:
    said = (frozenset(pin_material(KEY, pin) for pin in pins) for pins in (ordinary, emergency))
    return [PinsOnLock(KEY, *said)]


def typed_wrongly(pin: str, draw: st.DrawFn) -> str:
    """One or two of the mistakes that hands make."""
    at, digit = draw(st.integers(0, 5)), draw(st.sampled_from("0123456789"))
    match draw(st.sampled_from(["other digit", "two others", "swapped", "left out", "twice"])):
        case "other digit":
            return pin[:at] + digit + pin[at + 1 :]
        case "two others":
            once, to = pin[:at] + digit + pin[at + 1 :], draw(st.integers(0, 5))
            return once[:to] + draw(st.sampled_from("0123456789")) + once[to + 1 :]
        case "swapped":
            at = min(at, 4)
            return pin[:at] + pin[at + 1] + pin[at] + pin[at + 2 :]
        case "left out":
            return pin[:at] + pin[at + 1 :] + digit
        case _:
            return (pin[:at] + pin[at] + pin[at:])[:6]


@st.composite
def mistyped(draw: st.DrawFn) -> tuple[str, str]:
    pin = draw(PINS)
    return pin, typed_wrongly(pin, draw)


@given(mistyped())
def test_a_mistyped_pin_is_never_somebodys_call_for_help(pair: tuple[str, str]) -> None:
    pin, wrong = pair
    assert not is_apart(wrong, held(pin), emergency=True)
    assert not is_apart(pin, held(emergency=(wrong,)), emergency=False)


@given(PINS, PINS)
def test_slips_go_both_ways(one: str, other: str) -> None:
    assert one in slips(one)
    assert (one in slips(other)) == (other in slips(one))


@given(PINS, PINS)
def test_what_differs_in_three_places_may_stand_beside_it(one: str, other: str) -> None:
    assume(other not in slips(one))
    assert sum(a != b for a, b in zip(one, other, strict=True)) >= 3
    assert is_apart(one, held(other), emergency=True)
    assert is_apart(one, held(emergency=(other,)), emergency=False)


@given(PINS, PINS)
def test_ordinary_pins_need_only_be_different(one: str, other: str) -> None:
    assert is_apart(one, held(other), emergency=False) == (one != other)


def test_the_key_of_another_lock_says_nothing() -> None:
    elsewhere = [PinsOnLock(bytes(32), held("748291")[0].ordinary)]
    assert is_apart("748291", elsewhere, emergency=True)


@given(MINUTES_AGO)
def test_whoever_waits_as_told_may_draw(minutes: list[int]) -> None:
    drawn = [NOW - timedelta(minutes=one) for one in minutes]
    wait = wait_to_draw(drawn, NOW)
    assert wait_to_draw(drawn, NOW + wait) == timedelta(0)
    over = any(sum(at > NOW - window for at in drawn) >= most for window, most in MOST_DRAWN)
    assert (wait > timedelta(0)) == over


def test_six_an_hour_and_twenty_a_day() -> None:
    assert wait_to_draw([NOW] * 5, NOW) == timedelta(0)
    assert wait_to_draw([NOW - timedelta(minutes=10)] * 6, NOW) == timedelta(minutes=50)
    spread = [NOW - timedelta(hours=hours) for hours in range(1, 21)]
    assert wait_to_draw(spread, NOW) == timedelta(hours=4)
