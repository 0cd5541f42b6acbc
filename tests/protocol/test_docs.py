"""The protocol's pages: what is made from code is up to date, and every sentence has its number."""

import re
from pathlib import Path

import pytest

from firmware_protocol.errors import FrameRefusal
from firmware_protocol.messages import DOWN_MESSAGES, UP_MESSAGES
from tests.protocol.make_docs import DOCS, PIECES, REFUSALS, made, pages
from tests.protocol.schema import SCHEMA

PAGES = sorted(DOCS.glob("*.md"))
SENTENCE = re.compile(r"^\*\*(ANM-([A-Z]{3})-(\d{3}))\*\* (.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
AREAS = {"FRM", "CBR", "KEY", "SES", "EVT", "LST", "TIM", "DOR", "ENR", "FWU", "CMD", "CHN", "CLM"}


def sentences() -> list[tuple[str, str, int, str]]:
    """Number, area, count and text of every normative sentence, page by page."""
    found = [match for page in PAGES for match in SENTENCE.findall(page.read_text(encoding="utf-8"))]
    return [(name, area, int(count), text) for name, area, count, text in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_made_is_up_to_date(page: Path) -> None:
    assert pages().get(page, page.read_text(encoding="utf-8")) == page.read_text(encoding="utf-8")


def test_every_piece_is_used() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert all(f"<!-- made: {name} -->" in text for name in PIECES)


def test_a_stale_piece_is_noticed() -> None:
    fresh = made("<!-- made: limits -->\n<!-- end -->")
    assert made(fresh.replace("192 bytes", "193 bytes")) == fresh != fresh.replace("192 bytes", "193 bytes")


def test_sentences_are_numbered_without_gaps() -> None:
    areas: dict[str, list[int]] = {}
    for _, area, count, _ in sentences():
        areas.setdefault(area, []).append(count)
    assert set(areas) == AREAS
    for counts in areas.values():
        assert sorted(counts) == list(range(1, len(counts) + 1))


def test_every_reference_leads_somewhere() -> None:
    known = {name for name, *_ in sentences()}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"ANM-[A-Z]{3}-\d{3}", text)) <= known, page.name
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (page.parent / target).exists(), target


def test_every_refusal_has_its_words() -> None:
    assert set(REFUSALS) == set(FrameRefusal)


def test_every_message_is_in_the_schema_and_on_a_page() -> None:
    schema = SCHEMA.read_text(encoding="utf-8")
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES).lower()
    for message in (*UP_MESSAGES, *DOWN_MESSAGES):
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", message.__name__).lower()
        assert f"[{message.TAG}, {name}]" in schema
        assert name.split("-")[0] in text
