"""Every sentence a person may read has its Chinese, with the same names to be filled in, and none is left over."""

import re
from enum import Enum
from importlib import resources

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from firmware_protocol.commands import CommandFailure, CommandKind
from firmware_protocol.commands_followed import OrderState
from firmware_protocol.vocabulary import CredentialType, RefusalReason
from service.access.passages import Days
from service.access.rules import DeliveryState
from service.accounts.rules import Role
from service.alarms.rules import AlarmKind, AlarmState
from service.commands.rules import Emergency
from service.completeness.rules import Verdict
from service.consent.rules import Purpose, Standing
from service.custody.rules import ReportKind
from service.occupancy.rules import Field
from service.people.rules import DocumentType
from service.portals.translation import words_for
from service.portals.wording import LeaseState, RoomState, tone_of, word_of
from service.presence.rules import Confidence, PresenceState, Reason
from service.transfers.rules import TransferState
from tests.pages.messages import Message, messages

_NAMES = re.compile(r"%\((\w+)\)s|{(\w+)[^}]*}")
_SHOWN = (
    RoomState,
    LeaseState,
    DeliveryState,
    Purpose,
    Standing,
    DocumentType,
    CredentialType,
    Role,
    Field,
    PresenceState,
    Confidence,
    Reason,
    RefusalReason,
    OrderState,
    Verdict,
    CommandKind,
    CommandFailure,
    Emergency,
    ReportKind,
    AlarmKind,
    Days,
    AlarmState,
    TransferState,
)


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    path = resources.files("service.portals").joinpath("locale", "zh", "LC_MESSAGES", "anmen.po")
    with path.open("rb") as written:
        return read_po(written, locale="zh")


@pytest.fixture(scope="module")
def said() -> dict[Message, set[str]]:
    return messages()


def _texts(said: object) -> list[str]:
    return [said] if isinstance(said, str) else [str(one) for one in said] if isinstance(said, tuple | list) else []


def test_errors_below_the_pages_are_found(said: dict[Message, set[str]]) -> None:
    assert "The last day is before the first." in said
    assert "This link is no longer valid" in said
    assert ("%(num)s person", "%(num)s people") in said


def test_everything_is_translated(chinese: Catalog, said: dict[Message, set[str]]) -> None:
    known = {message.id: message.string for message in chinese if message.id}
    missing = [(one, where) for one, where in said.items() if not all(_texts(known.get(one, ""))) or one not in known]
    assert not missing, f"add these to service/portals/locale/zh/LC_MESSAGES/anmen.po: {missing}"


def test_nothing_is_left_over(chinese: Catalog, said: dict[Message, set[str]]) -> None:
    assert [message.id for message in chinese if message.id and message.id not in said] == []


def test_the_same_names_are_filled_in(chinese: Catalog) -> None:
    for message in chinese:
        wanted = {name for text in _texts(message.id) for name in _NAMES.findall(text)}
        for text in _texts(message.string):
            assert set(_NAMES.findall(text)) == wanted, message.id


@pytest.mark.parametrize("kind", _SHOWN)
def test_every_state_has_its_word_and_tone(kind: type[Enum]) -> None:
    chinese = words_for("zh")
    for state in kind:
        assert chinese.say(word_of(state)) != word_of(state)
        assert tone_of(state) in {"good", "wait", "stop", "note", "calm"}
