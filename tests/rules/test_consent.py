"""The consent ledger against a plain model, who may speak for a minor, and the wordings themselves."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.consent.rules import (
    CURRENT_WORDING,
    TRANSITIONS,
    ConsentAct,
    ConsentEntry,
    GivenBy,
    GuardianNeed,
    Purpose,
    Standing,
    age_on,
    guardian_need,
    may_speak,
    next_standing,
    standing_of,
    taken_back,
)
from service.consent.wording import read_wording
from service.errors import NotFound

DAYS = st.dates(date(1900, 1, 1), date(2090, 12, 31))


def _entry(purpose: Purpose, act: ConsentAct) -> ConsentEntry:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return ConsentEntry(
        purpose=purpose, act=act, wording_version=1, given_by=GivenBy.PERSON, place="link", recorded_at=at
    )


@given(st.lists(st.tuples(st.sampled_from(Purpose), st.sampled_from(ConsentAct))))
def test_a_standing_follows_the_last_act_that_was_possible(acts: list[tuple[Purpose, ConsentAct]]) -> None:
    ledger = [_entry(purpose, act) for purpose, act in acts]
    for purpose in Purpose:
        ever_given, standing = False, Standing.NEVER
        for act in (act for of, act in acts if of is purpose):
            if act is ConsentAct.GIVEN:
                ever_given, standing = True, Standing.GIVEN
            elif act is ConsentAct.WITHDRAWN and standing is Standing.GIVEN:
                standing = Standing.WITHDRAWN
            elif act is ConsentAct.ERASED and ever_given and standing is not Standing.ERASED:
                standing = Standing.ERASED
        assert standing_of(ledger, purpose) is standing


@given(st.lists(st.tuples(st.sampled_from(Purpose), st.sampled_from(ConsentAct))))
def test_taken_back_is_what_has_any_line_but_a_new_consent(acts: list[tuple[Purpose, ConsentAct]]) -> None:
    later = [_entry(purpose, act) for purpose, act in acts]
    for purpose in Purpose:
        ending = {(purpose, ConsentAct.WITHDRAWN), (purpose, ConsentAct.ERASED)}
        assert taken_back(later, purpose) is bool(ending & set(acts))


def test_nothing_is_kept_after_an_erasure_without_a_new_consent() -> None:
    leaving_erased = {act for (standing, act) in TRANSITIONS if standing is Standing.ERASED}
    assert leaving_erased == {ConsentAct.GIVEN}


@pytest.mark.parametrize("act", [ConsentAct.WITHDRAWN, ConsentAct.ERASED])
def test_what_was_never_given_cannot_be_taken_back(act: ConsentAct) -> None:
    assert next_standing(Standing.NEVER, act) is None


@given(DAYS, DAYS)
def test_age_goes_up_by_one_on_the_birthday(birth: date, day: date) -> None:
    if day < birth:
        return
    age = age_on(birth, day)
    had_birthday = (day.month, day.day) >= (birth.month, birth.day)
    assert age == day.year - birth.year - (0 if had_birthday else 1)
    assert 0 <= age_on(birth, day + timedelta(days=1)) - age <= 1


@pytest.mark.parametrize(
    ("birthday", "before", "since"),
    [
        (date(2024, 5, 20), GuardianNeed.CONSENTS, GuardianNeed.DECLARES),
        (date(2026, 5, 20), GuardianNeed.DECLARES, GuardianNeed.NONE),
    ],
)
def test_a_guardian_consents_under_14_and_declares_under_16(
    birthday: date, before: GuardianNeed, since: GuardianNeed
) -> None:
    birth = date(2010, 5, 20)
    assert guardian_need(birth, birthday - timedelta(days=1)) is before
    assert guardian_need(birth, birthday) is since


@pytest.mark.parametrize(
    ("need", "purpose", "speakers"),
    [
        (GuardianNeed.CONSENTS, Purpose.FACE, {GivenBy.GUARDIAN}),
        (GuardianNeed.CONSENTS, Purpose.REGISTER, {GivenBy.GUARDIAN}),
        (GuardianNeed.DECLARES, Purpose.REGISTER, {GivenBy.GUARDIAN}),
        (GuardianNeed.DECLARES, Purpose.FACE, {GivenBy.GUARDIAN, GivenBy.PERSON}),
        (GuardianNeed.NONE, Purpose.FACE, {GivenBy.PERSON}),
        (GuardianNeed.NONE, Purpose.REGISTER, {GivenBy.PERSON}),
    ],
)
def test_who_may_speak(need: GuardianNeed, purpose: Purpose, speakers: set[GivenBy]) -> None:
    assert {by for by in GivenBy if may_speak(need, purpose, by)} == speakers


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("purpose", Purpose)
def test_every_wording_in_force_is_there_and_short(purpose: Purpose, locale: str) -> None:
    text = read_wording(purpose, locale)
    title, blank, *paragraphs = text.strip().split("\n")
    assert title
    assert not blank
    assert 5 <= len(paragraphs) <= 10
    assert len(text) < 1800


def test_the_face_wording_names_the_way_without_a_face_and_the_way_out() -> None:
    text = read_wording(Purpose.FACE, "zh")
    for needed in ("身份证", "密码", "撤回", "十四周岁", "删除"):
        assert needed in text


def test_a_version_nobody_wrote_is_not_found() -> None:
    with pytest.raises(NotFound):
        read_wording(Purpose.FACE, "zh", version=max(CURRENT_WORDING.values()) + 1)
