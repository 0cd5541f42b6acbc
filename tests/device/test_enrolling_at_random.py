"""Whatever happens at a door in whatever order: no face goes out without its own card, none after the end, none into flash."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from face_engine import EngineName, load_engine, unpack_template
from face_engine.engine import Embedding
from firmware_protocol.commands import FINAL, Command
from firmware_protocol.enrolment import FACE_WITHIN_S, Enrolled, EnrolmentVerdict
from tests.device import desk as desks
from tests.device.rig import DOCUMENT, PIN, card, connected_rig, pin
from tests.device.test_enrolling import DURESS, OTHER_DOCUMENT, Door, by_phone, everything_in_flash
from tests.faces.drawn_face import BO, MEI, Features

OWN, LOOKS, FORCED = ("card", "pin"), ("Mei", "Bo", "picture"), "duress"
STEPS = st.lists(
    st.sampled_from(
        [*OWN, "neighbour", FORCED, *["Mei"] * 4, "Bo", "picture", "reboot", "kept", "not wanted", 5.0, 61.0]
    ),
    max_size=18,
)


@cache
def known(person: Features) -> Embedding:
    return unpack_template(by_phone(load_engine(EngineName.SFACE), person)).embedding


def take(door: Door, command: Command, step: str | float) -> None:
    doorway, now = door.rig.lock.doorway, door.rig.now
    match step:
        case float():
            door.pass_time(step)
        case "card" | "neighbour":
            doorway.show_card(DOCUMENT if step == "card" else OTHER_DOCUMENT, now)
        case "pin" | "duress":
            doorway.enter_pin(PIN if step == "pin" else DURESS, now)
        case "Mei" | "Bo" | "picture":
            door.look(BO if step == "Bo" else MEI, int(now) % 3, living=step != "picture")
        case "reboot":
            door.reboot()
        case _:
            door.answer(command, EnrolmentVerdict.KEPT if step == "kept" else EnrolmentVerdict.NOT_WANTED)
    door.hear()


@pytest.fixture(scope="module", autouse=True)
def hear_faces() -> None:
    known(MEI)
    known(BO)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_no_order_of_things_enrols_anybody_else(steps: list[str | float]) -> None:
    engine = load_engine(EngineName.SFACE)
    forced = replace(pin(5, DURESS), duress=True)
    door = Door(connected_rig(card(), pin(), card(3, OTHER_DOCUMENT), forced, engine=engine), engine=engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desks, "ANSWERS", (*desks.ANSWERS, Enrolled))
        command = door.start()
        own_at, was_forced = float("-inf"), False
        for step in steps:
            ended = any(state in FINAL for state, _, _ in door.results(command)) or bool(door.events_of(command))
            said = len(door.taken)
            saying = door.rig.lock.commands.enrolling.saying is not None
            take(door, command, step)
            own_at = door.rig.now if step in OWN else float("-inf") if step == "reboot" else own_at
            was_forced = (was_forced or step == FORCED) and step != "reboot"
            if len(door.taken) == said:
                continue
            assert not ended, "a template after the end"
            assert saying or (step in ("Mei", "Bo") and door.rig.now - own_at < FACE_WITHIN_S), (
                "a template without its card"
            )
            assert not was_forced or saying, "somebody was forced"
            made = unpack_template(door.taken[-1].template).embedding
            alike = [engine.score(made, known(person)) > 0.9 for person in (MEI, BO)]
            assert sum(alike) == 1, "a template of two people"
            assert door.taken[-1].template[16:48] not in everything_in_flash(door.rig)
