"""Who may ask what: the promises that the table of roles and fields must keep whatever it says, and what follows from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.accounts.rules import Role
from service.errors import BadInput
from service.occupancy.rules import (
    BASES,
    BASIS_WORDS,
    DISCLOSED,
    KIND_WORDS,
    NEEDS_REFERENCE,
    PURPOSE_WORDS,
    PURPOSES,
    REFUSAL_ADVICE,
    Field,
    InquiryKind,
    LegalBasis,
    Occupant,
    Permitted,
    Purpose,
    Question,
    RefusalReason,
    Refused,
    authorise,
    check_question,
    disclose,
)
from service.people.documents import Document, DocumentType
from service.people.rules import PersonId
from service.premises.rules import AreaId, BuildingId, UnitId

SUBJECTS: dict[InquiryKind, dict[str, object]] = {
    InquiryKind.PERSON_BY_DOCUMENT: {"document": Document(DocumentType.PASSPORT, "E12345678")},
    InquiryKind.PERSON_BY_NAME: {"name": "李小明"},
    InquiryKind.UNIT: {"unit_id": UnitId(1)},
    InquiryKind.BUILDING: {"building_id": BuildingId(1)},
}
PLACES = frozenset({InquiryKind.UNIT, InquiryKind.BUILDING})


def _question(kind: InquiryKind, purpose: Purpose, basis: LegalBasis, reference: str = "") -> Question:
    return Question(kind=kind, purpose=purpose, basis=basis, reference=reference, **SUBJECTS[kind])  # type: ignore[arg-type]  # by kind


QUESTIONS = st.builds(
    _question,
    st.sampled_from(InquiryKind),
    st.sampled_from(Purpose),
    st.sampled_from(LegalBasis),
    st.sampled_from(["", "  ", "A3301-2026-7"]),
)
AREAS = st.frozensets(st.integers(1, 4).map(AreaId), max_size=3)


@given(st.sampled_from(Role), AREAS, QUESTIONS, st.none() | st.integers(1, 4).map(AreaId))
def test_a_question_is_permitted_exactly_when_every_condition_holds(
    role: Role, areas: frozenset[AreaId], question: Question, place: AreaId | None
) -> None:
    holds = {
        RefusalReason.ROLE: (role, question.kind) in DISCLOSED,
        RefusalReason.PURPOSE: question.purpose in PURPOSES.get(role, ()),
        RefusalReason.BASIS: question.basis in BASES[question.purpose],
        RefusalReason.NO_REFERENCE: question.purpose not in NEEDS_REFERENCE or question.reference.strip() != "",
        RefusalReason.OUTSIDE_AREA: question.kind not in PLACES or (place is not None and place in areas),
    }
    decision = authorise(role, areas, question, place=place)
    broken = next((reason for reason, kept in holds.items() if not kept), None)
    if broken is None:
        assert decision == Permitted(DISCLOSED[role, question.kind])
    else:
        assert decision == Refused(broken)


@pytest.mark.parametrize("role", [Role.LANDLORD, Role.TENANT])
@pytest.mark.parametrize("kind", InquiryKind)
def test_landlords_and_tenants_may_not_inquire(role: Role, kind: InquiryKind) -> None:
    assert (role, kind) not in DISCLOSED
    assert role not in PURPOSES


@pytest.mark.parametrize("kind", InquiryKind)
def test_the_grid_never_sees_a_whole_document_number_or_anybodys_presence(kind: InquiryKind) -> None:
    presence = {field for field in Field if field.value.startswith("presence")}
    assert not DISCLOSED[Role.GRID_WORKER, kind] & (presence | {Field.DOCUMENT_NUMBER, Field.HUKOU_AREA})


@pytest.mark.parametrize("kind", InquiryKind)
def test_the_grid_is_told_no_more_than_the_police(kind: InquiryKind) -> None:
    told = DISCLOSED[Role.GRID_WORKER, kind] - {Field.DOCUMENT_MASKED}
    assert told <= DISCLOSED[Role.OFFICER, kind]


@pytest.mark.parametrize("role", [Role.OFFICER, Role.GRID_WORKER])
@pytest.mark.parametrize("kind", [InquiryKind.PERSON_BY_NAME, InquiryKind.BUILDING])
def test_where_many_answer_nobody_can_be_followed(role: Role, kind: InquiryKind) -> None:
    sharp = {Field.DOCUMENT_NUMBER, Field.PHONE, Field.PRESENCE, Field.PRESENCE_SINCE}
    assert not DISCLOSED[role, kind] & sharp


@given(st.sampled_from(sorted(DISCLOSED)), st.frozensets(st.sampled_from(Field)))
def test_only_permitted_fields_are_told(pair: tuple[Role, InquiryKind], known: frozenset[Field]) -> None:
    occupant = Occupant(PersonId(1), {field: field.value for field in known})
    told = disclose(occupant, Permitted(DISCLOSED[pair]))
    assert set(told) == known & DISCLOSED[pair]
    assert "李" not in repr(Occupant(PersonId(1), {Field.NAME: "李小明"}))


@given(st.lists(st.sampled_from(InquiryKind), unique=True), st.sampled_from(InquiryKind))
def test_a_question_names_exactly_the_subject_of_its_kind(named: list[InquiryKind], kind: InquiryKind) -> None:
    subjects: dict[str, object] = {}
    for one in named:
        subjects |= SUBJECTS[one]
    question = Question(kind=kind, purpose=Purpose.RESCUE, basis=LegalBasis.EMERGENCY, **subjects)  # type: ignore[arg-type]  # by kind
    if named == [kind]:
        check_question(question)
    else:
        with pytest.raises(BadInput):
            check_question(question)


def test_everything_has_words_in_both_languages() -> None:
    for table, members in (
        (KIND_WORDS, InquiryKind),
        (PURPOSE_WORDS, Purpose),
        (BASIS_WORDS, LegalBasis),
        (REFUSAL_ADVICE, RefusalReason),
    ):
        assert set(table) == set(members)
        assert all(phrase.zh and phrase.en and phrase.zh != phrase.en for phrase in table.values())


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_can_be_asked_by_somebody_on_some_ground(purpose: Purpose) -> None:
    assert BASES[purpose]
    assert any(purpose in purposes for purposes in PURPOSES.values())
