"""Numbers of documents for properties: all well-formed, none of a real person that we know of."""

from datetime import date

from hypothesis import strategies as st

from service.people.documents import check_character

_DIGITS = "0123456789"


def digits(count: int) -> st.SearchStrategy[str]:
    """So many digits."""
    return st.text(_DIGITS, min_size=count, max_size=count)


def births() -> st.SearchStrategy[date]:
    """Dates of birth of people who may be alive."""
    return st.dates(date(1900, 1, 1), date(2026, 1, 1))


def with_check(first_17: str) -> str:
    """The full number."""
    return first_17 + check_character(first_17)


@st.composite
def resident_ids(draw: st.DrawFn) -> str:
    """Numbers of GB 11643, of any area."""
    area = draw(st.sampled_from("12345678")) + draw(digits(5))
    born = draw(births())
    return with_check(("330106" if area[2:] == "0000" else area) + f"{born:%Y%m%d}" + draw(digits(3)))


@st.composite
def hmt_permits(draw: st.DrawFn) -> str:
    """Numbers of residence permits of Hong Kong, Macao and Taiwan residents."""
    return with_check(
        draw(st.sampled_from(("810000", "820000", "830000"))) + f"{draw(births()):%Y%m%d}" + draw(digits(3))
    )


@st.composite
def permanent_cards(draw: st.DrawFn) -> str:
    """Numbers of foreigners' permanent resident cards since December 2023."""
    return with_check("9" + draw(digits(16)))
