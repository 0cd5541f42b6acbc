"""Names and phones in the forms that people write them."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.errors import BadInput
from service.people.rules import Document, DocumentType, name_key, read_hukou_area, read_name, read_phone

PASSPORT = Document(DocumentType.PASSPORT, "E12345678")
RESIDENT = Document(DocumentType.RESIDENT_ID, "11010519491231002X")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (" 王秀英 ", "王秀英"),
        ("阿不都•热合曼", "阿不都·热合曼"),
        ("Mary  Ann O’Neill-Smith", "Mary Ann O’Neill-Smith"),
        ("Ｗａｎｇ", "Wang"),
        ("हरि", "हरि"),
        ("𠮷田", "𠮷田"),
    ],
)
def test_names_are_taken_as_they_are_written(written: str, read: str) -> None:
    assert read_name(written) == read


@pytest.mark.parametrize("written", ["", "  ", "12", "王1", "<b>", "a\x00b", "王" * 101, "-", "王\u202e英"])
def test_what_is_no_name(written: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_name(written)
    assert refused.value.field == "name"


@given(st.text(st.characters(categories=("L", "M")), min_size=1, max_size=40))
def test_a_read_name_reads_the_same_again(written: str) -> None:
    try:
        name = read_name(written)
    except BadInput:
        assume(False)
    assert read_name(name) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [("Zhang San", "ZHANG SAN"), ("阿不都•热合曼", "阿不都·热合曼"), ("O'Neill", "o’neill"), ("王 秀英", "王秀英")],
)
def test_forms_of_one_name_have_one_key(one: str, other: str) -> None:
    assert name_key(read_name(one)) == name_key(read_name(other))


def test_different_names_have_different_keys() -> None:
    assert len({name_key(name) for name in ("王秀英", "王秀", "王英秀", "Wang")}) == 4


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("＋86 １３８ 0013 8000", "+8613800138000"),
        ("0086-13800138000", "+8613800138000"),
        ("+852 9123 4567", "+85291234567"),
        ("00 44 (20) 7946-0018", "+442079460018"),
    ],
)
def test_phones_become_e164(written: str, read: str) -> None:
    assert read_phone(written) == read
    assert read_phone(read) == read


@pytest.mark.parametrize(
    "written", ["", "1380013800", "138001380000", "12800138000", "+8612345678901", "abc", "+", "9123 4567"]
)
def test_what_is_no_phone(written: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_phone(written)
    assert refused.value.field == "phone"


def test_the_hukou_area_is_the_documents_unless_said_otherwise() -> None:
    assert read_hukou_area("", RESIDENT) == "110105"
    assert read_hukou_area("330106", RESIDENT) == "330106"
    assert read_hukou_area(None, PASSPORT) is None
    with pytest.raises(BadInput):
        read_hukou_area("Zhejiang", PASSPORT)
