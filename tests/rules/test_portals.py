"""Pure decisions of the pages: language, way on, and the id of a live page's event."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.portals import rules

COUNTS = st.dictionaries(st.sampled_from(["area:1", "building:2", "unit:3"]), st.tuples(*[st.integers(0, 9)] * 3))


@pytest.mark.parametrize(
    ("account", "cookie", "accepted", "chosen"),
    [
        ("en", "zh", "zh", "en"),
        (None, "en", "zh", "en"),
        (None, None, "en-GB,en;q=0.9,zh;q=0.1", "en"),
        (None, None, "fr,en;q=0.2,zh-CN;q=0.8", "zh"),
        (None, None, "en;q=0", "zh"),
        (None, None, "fr", "zh"),
        (None, None, None, "zh"),
        (None, "xx", "en;q=high", "zh"),
    ],
)
def test_language_of_account_before_cookie_before_browser_before_chinese(
    account: str | None, cookie: str | None, accepted: str | None, chosen: str
) -> None:
    assert rules.choose_locale(account, cookie, accepted) == chosen


@given(st.text())
def test_any_header_gives_a_language(header: str) -> None:
    assert rules.choose_locale(None, header, header) in rules.LOCALES


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil", "/a\\b", "/a\nb", "", "a", "/" + "x" * 400]
)
def test_the_way_on_never_leaves_the_site(path: str) -> None:
    assert rules.safe_way_on(path) == "/"


@pytest.mark.parametrize("path", ["/", "/rooms/7?a=b", "/me#x"])
def test_a_path_of_the_site_is_kept(path: str) -> None:
    assert rules.safe_way_on(path) == path


@given(COUNTS, COUNTS)
def test_an_event_id_is_of_what_was_told_and_of_nothing_else(
    one: dict[str, tuple[int, ...]], other: dict[str, tuple[int, ...]]
) -> None:
    assert (rules.told_as(one) == rules.told_as(other)) == (one == other)
    assert rules.told_as(dict(reversed(one.items()))) == rules.told_as(one)


@given(COUNTS, COUNTS)
def test_changes_applied_to_what_was_sent_give_what_is(
    before: dict[str, tuple[int, int, int]], after: dict[str, tuple[int, int, int]]
) -> None:
    shown = before | rules.changed_counts(before, after)
    assert {place: counts for place, counts in shown.items() if place in after} == after
    assert all(not any(shown[place]) for place in before.keys() - after.keys())


@given(COUNTS)
def test_what_has_not_changed_is_not_sent(counts: dict[str, tuple[int, int, int]]) -> None:
    assert rules.changed_counts(counts, counts) == {}
