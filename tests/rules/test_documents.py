"""Document numbers: what a slip of the finger does to them, and in which forms they are understood."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.errors import BadInput
from service.people.documents import Document, DocumentType, Sex, check_character, mask, read_document
from tests.rules.documents import hmt_permits, permanent_cards, resident_ids, with_check

RESIDENT, HMT = DocumentType.RESIDENT_ID, DocumentType.HMT_RESIDENCE_PERMIT
CARD, PASSPORT = DocumentType.PERMANENT_RESIDENT_CARD, DocumentType.PASSPORT

checked_numbers = st.one_of(
    st.tuples(st.just(RESIDENT), resident_ids()),
    st.tuples(st.just(HMT), hmt_permits()),
    st.tuples(st.just(CARD), permanent_cards()),
)
TO_FULL_WIDTH = {0x21 + offset: 0xFF01 + offset for offset in range(94)}


def code_of(document_type: DocumentType, number: str, **more: date) -> str:
    """Why the number is refused."""
    with pytest.raises(BadInput) as refused:
        read_document(document_type, number, **more)
    assert refused.value.field == "document_number"
    return refused.value.code


@given(checked_numbers)
def test_a_right_number_is_taken(typed: tuple[DocumentType, str]) -> None:
    assert read_document(*typed) == Document(*typed)


@given(checked_numbers, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_any_one_wrong_character_is_refused(typed: tuple[DocumentType, str], place: int, other: str) -> None:
    document_type, number = typed
    assume(number[place] != other)
    code_of(document_type, number[:place] + other + number[place + 1 :])


@given(checked_numbers, st.integers(0, 16))
def test_any_two_swapped_neighbours_are_refused(typed: tuple[DocumentType, str], place: int) -> None:
    document_type, number = typed
    assume(number[place] != number[place + 1])
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    code_of(document_type, swapped)


@given(checked_numbers, st.integers(0, 17))
def test_a_missing_or_doubled_character_is_told_from_a_wrong_one(typed: tuple[DocumentType, str], place: int) -> None:
    document_type, number = typed
    assert code_of(document_type, number[:place] + number[place] + number[place:]) == "document_length"
    assert code_of(document_type, number[:place] + number[place + 1 :]) == "document_length"


@given(checked_numbers)
def test_full_width_lower_case_and_groups_are_understood(typed: tuple[DocumentType, str]) -> None:
    document_type, number = typed
    grouped = f" {number[:6]} {number[6:14]}\u3000{number[14:]}\n"
    for written in (number.translate(TO_FULL_WIDTH), number.lower(), grouped, number.lower().translate(TO_FULL_WIDTH)):
        assert read_document(document_type, written).number == number


@given(resident_ids())
def test_a_number_tells_birth_sex_and_area(number: str) -> None:
    document = read_document(RESIDENT, number)
    assert document.birth_date == date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    assert document.sex is (Sex.MALE if number[16] in "13579" else Sex.FEMALE)
    assert document.area == number[:6]


@given(permanent_cards())
def test_a_card_whose_layout_is_not_published_tells_nothing(number: str) -> None:
    document = read_document(CARD, number)
    assert (document.birth_date, document.sex, document.area) == (None, None, None)


@given(hmt_permits(), permanent_cards())
def test_another_kind_of_document_is_named(permit: str, card: str) -> None:
    assert code_of(RESIDENT, permit) == "document_other_document"
    assert code_of(CARD, permit) == "document_other_document"


def test_the_standards_own_example() -> None:
    # GB 11643-1999, appendix: 11010519491231002X; 440524188001010014 is its second.
    assert check_character("11010519491231002") == "X"
    assert read_document(RESIDENT, "11010519491231002x").sex is Sex.FEMALE
    assert read_document(RESIDENT, "440524188001010014").sex is Sex.MALE


@pytest.mark.parametrize(
    ("document_type", "number", "code"),
    [
        (RESIDENT, "", "document_length"),
        (RESIDENT, "110105491231002", "document_length"),
        (RESIDENT, with_check("11010519490229002"), "document_birth_date"),
        (RESIDENT, with_check("11010500001231002"), "document_birth_date"),
        (RESIDENT, with_check("11010518001231002"), "document_birth_date"),
        (RESIDENT, "１１0105194912310０²X", "document_characters"),
        (RESIDENT, "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "document_characters"),
        (RESIDENT, "1101051949X2310020", "document_characters"),
        (CARD, "ABCD23456789012", "document_characters"),
        (CARD, "ABC1234567890123", "document_characters"),
        (PASSPORT, "ABCDEFGH", "document_characters"),
        (PASSPORT, "E1", "document_characters"),
        (PASSPORT, "E１２３４５６７８９０１２", "document_characters"),
        (PASSPORT, "E1234;DROP", "document_characters"),
    ],
)
def test_what_is_wrong_is_said(document_type: DocumentType, number: str, code: str) -> None:
    assert code_of(document_type, number) == code


def test_nobody_is_born_tomorrow() -> None:
    number = with_check("11010520260302001")
    assert read_document(RESIDENT, number, today=date(2026, 3, 2)).birth_date == date(2026, 3, 2)
    assert code_of(RESIDENT, number, today=date(2026, 3, 1)) == "document_birth_date"


@pytest.mark.parametrize(
    ("document_type", "written", "number"),
    [
        (CARD, "usa110082011234", "USA110082011234"),
        (PASSPORT, "e 1234 5678", "E12345678"),
        (PASSPORT, "Ｅ12345678", "E12345678"),
        (PASSPORT, "X12345", "X12345"),
    ],
)
def test_older_cards_and_passports(document_type: DocumentType, written: str, number: str) -> None:
    assert read_document(document_type, written).number == number


@given(checked_numbers)
def test_a_masked_number_hides_its_middle_and_keeps_its_length(typed: tuple[DocumentType, str]) -> None:
    masked = mask(typed[1])
    assert len(masked) == 18
    assert masked[3:14] == "*" * 11


def test_a_document_does_not_show_its_number_in_a_trace() -> None:
    assert "1949" not in repr(Document(RESIDENT, "11010519491231002X"))
    assert mask("E12345678") == "E******78"
