"""Reports: signed, readable by a stranger, and worth nothing once a letter is changed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from anmen.__main__ import app
from anmen.conformance.command_parts import Wish, conduct, list_sentences, verified
from anmen.conformance.durations import FULL_S, in_words, left_s
from anmen.conformance.faults import FAULTS, only_under_faults, seeded
from anmen.conformance.image_list import Making, releases_from, write_images
from anmen.conformance.mqtt_line import BrokerAddress
from anmen.conformance.operators import CommandOperator
from anmen.conformance.prompting import PromptOperator
from anmen.conformance.registry import CHECKS, Profile
from anmen.conformance.releases import GOOD_ONES, MadeReleases, Model, Role
from anmen.conformance.run import run
from anmen.conformance.signing import make_key
from anmen.conformance.stand_file import operator_of, read_stand_file, write_stand_file
from anmen.conformance.verdict import NotTried
from anmen.errors import MachineError
from anmen.maker_key import draw_maker_key, private_scalar
from device_sim.updating import HARDWARE
from firmware_protocol.manifest import class_id, vendor_id
from firmware_protocol.topics import LockId
from tests.conformance.memory_line import IDENTITY, LOCK, memory_stand

ONLY = frozenset({"ANM-SES-016", "ANM-FRM-009"})


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A folder with a key, and a report of a short run as JSON and as a page."""
    make_key(tmp_path / "sign.pem")
    wire, stand = memory_stand()
    wire.installed.power_on()
    wish = Wish("core", tmp_path / "sign.pem", (tmp_path / "r.json", tmp_path / "r.html"), ONLY)
    with (tmp_path / "out.txt").open("w", encoding="utf-8") as out:
        assert conduct(stand, wish, Console(file=out, width=150))
    return tmp_path


def test_a_report_says_what_was_tried_and_of_which_lock(reports: Path) -> None:
    report = json.loads((reports / "r.json").read_text(encoding="utf-8"))["report"]
    assert report["lock"]["id"] == LOCK
    assert report["lock"]["hardware"]
    assert report["lock"]["firmware"]
    assert {one["sentence"] for one in report["results"]} == ONLY
    assert len(report["protocol"]["digest"]) == 64
    assert "The lock conforms" in (reports / "out.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["r.json", "r.html"])
def test_a_report_is_verified(reports: Path, name: str) -> None:
    assert "conforms to the profile core" in verified(reports / name, reports / "sign.pem")
    assert "compare it with the one you expect" in verified(reports / name, None)


@pytest.mark.parametrize("name", ["r.json", "r.html"])
@pytest.mark.parametrize(("old", "new"), [("passed", "Passed"), ("anmen", "enman"), ("conforms", "conform5")])
def test_a_changed_letter_is_noticed(reports: Path, name: str, old: str, new: str) -> None:
    text = (reports / name).read_text(encoding="utf-8")
    assert old in text
    (reports / name).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(MachineError):
        verified(reports / name, None)


def test_a_changed_page_around_an_honest_report_is_noticed(reports: Path) -> None:
    page = reports / "r.html"
    page.write_text(page.read_text(encoding="utf-8").replace("Sentence by sentence", "All is well"), encoding="utf-8")
    with pytest.raises(MachineError, match="shows something else"):
        verified(page, None)


def test_another_key_is_noticed(reports: Path) -> None:
    make_key(reports / "other.pem")
    with pytest.raises(MachineError, match="another key"):
        verified(reports / "r.json", reports / "other.pem")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"report": {}, "signature": {}}', "<!doctype html>", "\x00"])
def test_what_is_no_report_is_refused_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / "r").write_text(content, encoding="utf-8")
    with pytest.raises(MachineError):
        verified(tmp_path / "r", None)


def test_a_stand_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    address = BrokerAddress("broker.example", 8884, tmp_path / "a", tmp_path / "c", tmp_path / "k")
    write_stand_file(tmp_path / "stand.json", address, IDENTITY)
    assert read_stand_file(tmp_path / "stand.json", LOCK) == (address, IDENTITY, None)
    assert (tmp_path / "stand.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"broker": "nowhere"}, "HOST:PORT"),
        ({"locks": {}}, "keys are not in this file"),
        ({"format": "x"}, "format"),
        ({"locks": {LOCK: {"service_private_key": "00", "lock_public_key": "00"}}}, "32 bytes"),
    ],
)
def test_a_bad_stand_file_is_explained(tmp_path: Path, change: dict[str, object], told: str) -> None:
    path = tmp_path / "stand.json"
    write_stand_file(path, BrokerAddress("h", 1, tmp_path, tmp_path, tmp_path), IDENTITY)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}), encoding="utf-8")
    with pytest.raises(MachineError, match=told):
        read_stand_file(path, LOCK)


def test_operators() -> None:
    with pytest.raises(MachineError, match="simulator:SOCKET"):
        operator_of("robot", LockId(LOCK))
    answers = iter(["", "n", "maybe", "y", "n", "x"])
    person = PromptOperator(lambda _: next(answers))
    person.power_off()
    with pytest.raises(NotTried):
        person.power_on(clock_kept=False)
    assert person.show_card("1")
    assert not person.turn_handle()
    with pytest.raises(NotTried):
        person.enter_pin("1234")


def test_a_program_at_the_door(tmp_path: Path) -> None:
    program = tmp_path / "robot"
    program.write_text('#!/bin/sh\n[ "$1" = card ] && exit 1\n[ "$1" = cut ] && exit 2\nexit 0\n', encoding="utf-8")
    program.chmod(0o755)
    robot = CommandOperator(program)
    robot.power_off()
    assert not robot.show_card("1")
    assert robot.turn_handle()
    with pytest.raises(NotTried, match="cut"):
        robot.cut_network()


def test_the_command_explains_itself(tmp_path: Path) -> None:
    runner = CliRunner()
    said = runner.invoke(app, ["conformance", "--help"], env={"COLUMNS": "200"})
    assert said.exit_code == 0
    assert "NOT TRIED" in said.output
    failed = runner.invoke(app, ["conformance", "--lock", LOCK, "--stand", str(tmp_path / "none.json")])
    assert isinstance(failed.exception, MachineError)


def test_every_sentence_is_listed() -> None:
    console = Console(record=True, width=150)
    list_sentences(console)
    assert "ANM-SES-016" in console.export_text()


def test_a_folder_of_signed_images_serves_as_well_as_the_makers_key(tmp_path: Path) -> None:
    (tmp_path / "maker.pem").write_bytes(draw_maker_key())
    key = private_scalar((tmp_path / "maker.pem").read_bytes())
    making = Making(tmp_path / "maker.pem", None, None, 1, "locks.example", HARDWARE)
    assert write_images(tmp_path / "images", making) == GOOD_ONES + len(Role) - 1
    releases, vendor = releases_from(tmp_path / "images", None), vendor_id("locks.example")
    assert releases is not None
    model = Model(3, vendor, class_id(vendor, HARDWARE))
    for role in Role:
        mine, made = releases.release(role, model, {4}), MadeReleases(key).release(role, model, {4})
        assert mine.sequence == (5 if role is Role.GOOD else made.sequence)
        assert role is Role.TOO_LARGE or (mine.digest, mine.envelope) == (made.digest, made.envelope)
    with pytest.raises(NotTried, match="anmen conformance images"):
        releases.release(Role.GOOD, replace(model, sequence=1 + GOOD_ONES))
    with pytest.raises(MachineError, match="no such folder"):
        releases_from(tmp_path / "none", None)


def test_faults_are_named_and_drawn_from_the_seed_in_the_report(reports: Path) -> None:
    assert {f"ANM-{one}" for numbers in FAULTS.values() for one in numbers} <= CHECKS.keys()
    report = json.loads((reports / "r.json").read_text(encoding="utf-8"))["report"]
    one, again = seeded(bytes.fromhex(report["seed"])), seeded(bytes.fromhex(report["seed"]))
    drawn = [one(16), one(16)]
    assert drawn == [again(16), again(16)]
    assert drawn[0] != drawn[1]
    assert report["faults"].keys() == FAULTS.keys()
    assert only_under_faults({"ANM-FRM-014"})
    assert not only_under_faults({"ANM-FRM-014", "ANM-SES-016"})
    assert not only_under_faults(())


def test_a_failed_sentence_says_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wire, stand = memory_stand()
    monkeypatch.setattr(wire.installed, "announced", lambda: None)
    wire.installed.power_on()
    wish = Wish("core", None, (tmp_path / "r.html",), frozenset({"ANM-EVT-012"}))
    with (tmp_path / "out.txt").open("w", encoding="utf-8") as out:
        assert not conduct(stand, wish, Console(file=out, width=200))
    for text in ((tmp_path / "out.txt").read_text(encoding="utf-8"), (tmp_path / "r.html").read_text(encoding="utf-8")):
        assert "--only ANM-EVT-012" in text
        assert "docs/protocol/events.md" in text
        assert "where the kit injects faults" in text
    assert "does NOT conform" in verified(tmp_path / "r.html", None)


def test_who_waits_is_told_how_long() -> None:
    _, stand = memory_stand()
    verdicts = {one.number: one for one in run(stand, only=frozenset({"ANM-SES-004", "ANM-CMD-006", "ANM-FWU-010"}))}
    for number, one in verdicts.items():
        assert left_s([number], Profile.FULL) == pytest.approx(one.took_s, rel=0.2)
    assert in_words(left_s(FULL_S, Profile.FULL)).endswith("min")
    assert in_words(4) == "10 s"
