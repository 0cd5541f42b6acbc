"""A face taken at the lock: the window, whose card, whose face, and nothing left of it anywhere but with the service."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from device_sim import camera
from device_sim.enrolling import Stage
from device_sim.faces import Sight
from device_sim.words import STAGES
from face_engine import (
    DOOR_LIMITS,
    EngineName,
    FaceEngine,
    FaceProblem,
    FoundFace,
    Image,
    enrol,
    find_one_face,
    load_engine,
    pack_template,
    unpack_template,
)
from face_engine import Enrolled as Enrolment
from face_engine.images import encode_jpeg
from firmware_protocol.commands import Command, CommandFailure, CommandKind, CommandState, can
from firmware_protocol.enrolment import Enrolled, EnrolledHeard, EnrolmentVerdict, PortraitVerdict
from firmware_protocol.vocabulary import CredentialType, Liveness, RefusalReason
from tests.device import desk as desks
from tests.device.rig import DOCUMENT, PIN, Rig, card, connected_rig, face, pin
from tests.faces.drawn_face import ANNA, BO, MEI, Features, drawn, nobody, two_people

OTHER_DOCUMENT, DURESS = "330102199003071234", "700713"
FAILED, NONE = CommandState.FAILED, CommandFailure.NONE
RUNNING = [(CommandState.ACCEPTED, NONE, False), (CommandState.RUNNING, NONE, False)]


@cache
def seen(person: Features, number: int) -> FoundFace | FaceProblem:
    """One look at a person; found once for all tests."""
    return find_one_face(load_engine(EngineName.SFACE), drawn(person, number), limits=DOOR_LIMITS)


def by_phone(engine: FaceEngine, person: Features) -> bytes:
    """The template that three pictures of a phone make."""
    made = enrol(engine, [drawn(person, number) for number in range(3)])
    assert isinstance(made, Enrolment)
    return pack_template(engine, made.embedding)


@dataclass
class Door(desks.Desk):
    """Entries 1 and 2 are Mei's card and PIN, 5 the PIN she types when forced; 3 is her neighbour's card."""

    engine: FaceEngine | None = None

    def start(self, *, seconds: int = 300, life_s: int = 3600, **arguments: Any) -> Command:
        assert self.engine is not None
        usual = {"engine": self.engine.engine_id, "model": self.engine.model_hash, "entries": (1, 2, 5, 9)}
        asked = {"takes": int(CredentialType.FACE), **usual, **arguments}
        return self.order(CommandKind.START_ENROLMENT, seconds=seconds, life_s=life_s, **asked)

    def card(self, number: str = DOCUMENT, portrait: Image | None = None) -> Any:
        seen = camera.read_portrait(self.engine, portrait)
        return self.rig.lock.doorway.show_card(number, self.rig.now, portrait=seen)

    def look(self, picture: Image | Features, number: int = 0, *, living: bool = True) -> Any:
        if isinstance(picture, Features):
            sight = Sight(seen(picture, number), Liveness.PASSED if living else Liveness.FAILED)
        else:
            sight = camera.look(self.engine, picture, is_living=living)
        answer = self.rig.lock.doorway.show_face(sight, self.rig.now)
        self.hear()
        return answer

    def three(self, person: Any) -> list[Stage | None]:
        return [self.look(person, number).stage for number in range(3)]

    @property
    def taken(self) -> list[Enrolled]:
        return [one for one in self.said if isinstance(one, Enrolled)]

    def answer(self, command: Command, verdict: EnrolmentVerdict = EnrolmentVerdict.KEPT) -> None:
        self.deliver(self.seal(EnrolledHeard(command.id, verdict)))


@pytest.fixture
def door(sface: FaceEngine, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setattr(desks, "ANSWERS", (*desks.ANSWERS, Enrolled))
    forced = replace(pin(5, DURESS), duress=True)
    return Door(connected_rig(card(), pin(), card(3, OTHER_DOCUMENT), forced, engine=sface), engine=sface)


def everything_in_flash(rig: Rig) -> bytes:
    return b"".join(rig.medium.read(name) or b"" for name in rig.medium.names())


def test_a_card_then_three_looks_and_the_template_goes_out_until_it_has_arrived(door: Door) -> None:
    command = door.start()
    assert door.results(command) == RUNNING
    assert door.card().opened
    assert door.three(MEI) == [Stage.MORE, Stage.MORE, Stage.SAYING]
    (sent,) = door.taken
    assert (sent.id, sent.entry, sent.liveness) == (command.id, 1, Liveness.PASSED)
    assert sent.portrait == PortraitVerdict.NOT_COMPARED
    assert door.results(command) == RUNNING
    door.pass_time(20.0)
    assert door.taken == [sent] * 3
    door.answer(command)
    assert door.results(command)[2:] == [(CommandState.DONE, NONE, False)]
    assert door.events_of(command) == [(CommandState.DONE, None)]
    door.pass_time(400.0)
    assert len(door.taken) == 3


def test_the_template_is_the_one_that_the_phones_way_makes(door: Door, sface: FaceEngine) -> None:
    door.start()
    door.card()
    door.three(MEI)
    assert door.taken[0].template == by_phone(sface, MEI)


def test_what_is_brought_by_the_list_opens_the_door(door: Door) -> None:
    command = door.start()
    door.card()
    door.three(MEI)
    template = door.taken[0].template
    door.answer(command)
    door.rig.give(card(), pin(), card(3, OTHER_DOCUMENT), face(9, template))
    door.pass_time(30.0)
    assert door.look(MEI, 7).opened
    assert door.look(BO).reason is RefusalReason.FACE_NOT_RECOGNISED


def test_nothing_of_it_is_in_flash_and_no_event_says_what_a_face_is_like(door: Door) -> None:
    command = door.start()
    door.card()
    door.three(MEI)
    template = door.taken[0].template
    for part in (template, template[16:], unpack_template(template).values[:32]):
        assert part not in everything_in_flash(door.rig)
    door.answer(command)
    assert template[16:48] not in everything_in_flash(door.rig)
    assert {type(value) for one in door.rig.events for value in one.fields.values()} <= {int, bytes, bool}
    longest = max(len(v) for one in door.rig.events for v in one.fields.values() if isinstance(v, bytes))
    assert longest <= 32


def test_the_engines_faces_are_forgotten_with_the_window(door: Door) -> None:
    door.start(seconds=30)
    door.card()
    door.look(MEI)
    assert door.rig.lock.commands.enrolling.window is not None
    door.pass_time(31.0)
    assert door.rig.lock.commands.enrolling.window is None
    assert door.taken == []


@pytest.mark.parametrize("moment", ["waiting", "half", "saying"])
def test_a_power_cut_leaves_nothing_but_a_word_that_it_failed(door: Door, moment: str) -> None:
    command = door.start()
    if moment != "waiting":
        door.card()
        door.look(MEI)
    if moment == "saying":
        door.look(MEI, 1)
        door.look(MEI, 2)
    said = len(door.taken)
    door.reboot()
    door.pass_time(600.0)
    assert len(door.taken) == said
    assert door.events_of(command) == [(FAILED, CommandFailure.INTERRUPTED)]
    assert door.rig.lock.commands.enrolling.window is None
    # The word that comes too late changes nothing.
    door.answer(command)
    assert len(door.events_of(command)) == 1


def test_a_broken_link_only_puts_it_off(door: Door) -> None:
    command = door.start()
    door.card()
    door.look(MEI)
    door.look(MEI, 1)
    door.rig.disconnect()
    assert door.rig.lock.doorway.show_face(Sight(seen(MEI, 2), Liveness.PASSED), door.rig.now).stage is Stage.SAYING
    door.rig.pass_time(50.0)
    assert door.taken == []
    door.rig.lock.connecting()
    door.rig.lock.connected(door.rig.now)
    door.rig.linked = True
    door.hear()
    assert len(door.taken) >= 1
    door.answer(command)
    assert door.events_of(command) == [(CommandState.DONE, None)]


def test_nobody_asks_for_it_any_more(door: Door) -> None:
    command = door.start(life_s=100)
    door.card()
    door.three(MEI)
    door.pass_time(130.0)
    assert door.events_of(command) == [(CommandState.EXPIRED, None)]
    said = len(door.taken)
    door.pass_time(900.0)
    assert len(door.taken) == said
    assert door.rig.lock.commands.enrolling.saying is None


def test_the_service_does_not_want_it(door: Door) -> None:
    command = door.start()
    door.card()
    door.three(MEI)
    door.answer(command, EnrolmentVerdict.NOT_WANTED)
    assert door.events_of(command) == [(FAILED, CommandFailure.INTERRUPTED)]
    assert door.rig.lock.commands.enrolling.saying is None


def test_nobody_came(door: Door) -> None:
    command = door.start(seconds=60)
    door.pass_time(61.0)
    assert door.events_of(command) == [(FAILED, CommandFailure.NOBODY_CAME)]


def test_a_neighbour_comes_home_as_always_and_is_not_enrolled(door: Door) -> None:
    command = door.start(seconds=60)
    answer = door.card(OTHER_DOCUMENT)
    assert (answer.opened, answer.stage) == (True, None)
    assert door.look(BO).reason is RefusalReason.FACE_NOT_RECOGNISED
    door.pass_time(61.0)
    assert door.taken == []
    assert door.events_of(command) == [(FAILED, CommandFailure.ANOTHER_PERSON)]


def test_without_a_card_a_face_is_a_wrong_try_like_any_other(door: Door) -> None:
    door.start()
    for number in range(5):
        assert not door.look(MEI, number).opened
    assert door.rig.lock.doorway.locked_out_s(door.rig.now) > 0
    assert door.card().reason is RefusalReason.LOCKED_OUT
    assert door.rig.lock.doorway.turn_handle(door.rig.now).opened
    assert door.taken == []


def test_a_card_holds_for_a_minute(door: Door) -> None:
    door.start()
    door.card()
    door.pass_time(61.0)
    assert door.look(MEI).reason is RefusalReason.FACE_NOT_RECOGNISED
    assert door.taken == []


def test_another_face_than_the_cards_is_refused_at_once(door: Door) -> None:
    command = door.start()
    door.card(portrait=drawn(MEI, 9))
    assert door.three(BO) == [Stage.MORE, Stage.MORE, Stage.NOT_THE_CARD]
    assert door.taken == []
    assert door.events_of(command) == [(FAILED, CommandFailure.ANOTHER_PERSON)]


def test_a_portrait_that_matches_is_said(door: Door) -> None:
    door.start()
    door.card(portrait=drawn(MEI, 9))
    door.three(MEI)
    assert door.taken[0].portrait == PortraitVerdict.MATCHED


def test_two_people_never_share_a_template(door: Door) -> None:
    command = door.start()
    door.card()
    door.look(MEI, 0)
    door.look(MEI, 1)
    assert door.look(BO, 2).stage is Stage.SAME_PERSON
    assert door.taken == []
    assert door.look(MEI, 3).stage is Stage.SAYING
    door.answer(command)
    assert door.events_of(command) == [(CommandState.DONE, None)]


@pytest.mark.parametrize(
    ("picture", "living", "failure", "reason"),
    [
        (MEI, False, CommandFailure.NOT_LIVE, RefusalReason.NOT_LIVE),
        (drawn(MEI, light=0.1), True, CommandFailure.FACE_UNUSABLE, None),
        (nobody(), True, CommandFailure.FACE_UNUSABLE, None),
        (two_people(MEI, BO), True, CommandFailure.SEVERAL_FACES, None),
    ],
    ids=["a picture of a face", "in the dark", "nobody", "two faces"],
)
def test_why_it_was_not_taken(
    door: Door, picture: Image | Features, living: bool, failure: CommandFailure, reason: RefusalReason | None
) -> None:
    command = door.start(seconds=60)
    door.card()
    answer = door.look(picture, living=living)
    assert (answer.opened, answer.reason) == (False, reason)
    door.pass_time(61.0)
    assert door.taken == []
    assert door.events_of(command) == [(FAILED, failure)]


def test_a_listed_neighbours_face_opens_the_door_and_is_not_taken(door: Door, sface: FaceEngine) -> None:
    template = by_phone(sface, ANNA)
    door.rig.give(card(), pin(), card(3, OTHER_DOCUMENT), face(4, template))
    door.start()
    door.card()
    waiting = door.rig.lock.commands.enrolling.window
    assert door.look(ANNA, 5).opened
    assert door.rig.lock.commands.enrolling.window == waiting


def test_a_face_is_renewed_in_the_same_way(door: Door, sface: FaceEngine) -> None:
    template = by_phone(sface, MEI)
    door.rig.give(card(), pin(), face(9, template))
    door.start()
    door.rig.lock.doorway.enter_pin(PIN, door.rig.now)
    assert door.three(MEI)[-1] is Stage.SAYING
    assert door.taken[0].entry == 2


def test_whoever_is_forced_enrols_nobody_and_nothing_at_the_door_shows_it(door: Door) -> None:
    command = door.start()
    answer = door.rig.lock.doorway.enter_pin(DURESS, door.rig.now)
    assert (answer.opened, answer.stage) == (True, Stage.FACE)
    assert door.three(BO) == [Stage.MORE, Stage.MORE, Stage.SAYING]
    assert door.taken == []
    assert door.events_of(command) == [(FAILED, CommandFailure.ANOTHER_PERSON)]


def test_who_is_taken_off_the_list_meanwhile_is_not_enrolled(door: Door) -> None:
    command = door.start()
    door.card()
    door.look(MEI)
    door.rig.give(card(3, OTHER_DOCUMENT))
    door.look(MEI, 1)
    assert door.look(MEI, 2).stage is Stage.NOT_THE_CARD
    assert door.taken == []
    assert door.events_of(command) == [(FAILED, CommandFailure.ANOTHER_PERSON)]


def test_erasing_faces_erases_the_one_that_is_being_taken(door: Door) -> None:
    command = door.start()
    door.card()
    door.three(MEI)
    door.order(CommandKind.ERASE_BIOMETRIC)
    assert door.events_of(command) == [(FAILED, CommandFailure.INTERRUPTED)]
    said = len(door.taken)
    door.pass_time(600.0)
    assert len(door.taken) == said


def test_one_window_at_a_time(door: Door) -> None:
    first, second = door.start(), door.start()
    assert door.events_of(second) == [(FAILED, CommandFailure.BUSY)]
    door.pass_time(301.0)
    assert door.events_of(first) == [(FAILED, CommandFailure.NOBODY_CAME)]


@pytest.mark.parametrize(
    ("wrong", "failure"),
    [
        ({"engine": 2}, CommandFailure.ENGINE_DIFFERS),
        ({"model": b"\0\0\0\0"}, CommandFailure.ENGINE_DIFFERS),
        ({"entries": (77,)}, CommandFailure.BAD_ARGUMENTS),
        ({"entries": ()}, CommandFailure.BAD_ARGUMENTS),
        ({"takes": int(CredentialType.RFID)}, CommandFailure.BAD_ARGUMENTS),
        ({"seconds": 29}, CommandFailure.BAD_ARGUMENTS),
        ({"seconds": 601}, CommandFailure.BAD_ARGUMENTS),
    ],
)
def test_what_cannot_be_begun(door: Door, wrong: dict[str, Any], failure: CommandFailure) -> None:
    command = door.start(**wrong)
    assert door.events_of(command) == [(FAILED, failure)]
    assert door.rig.lock.commands.enrolling.window is None


def test_a_lock_without_a_camera_does_not_say_that_it_can(sface: FaceEngine) -> None:
    blind, seeing = Rig(), Rig(engine=sface)
    for rig, expected in ((blind, False), (seeing, True)):
        capabilities = rig.lock.standing(0.0).capabilities
        assert can(capabilities["commands"], CommandKind.START_ENROLMENT) is expected


def test_the_card_gives_its_portrait_to_the_simulated_reader(sface: FaceEngine) -> None:
    found = camera.read_portrait(sface, np.asarray(camera.picture_from_bytes(encode_jpeg(drawn(MEI))), np.uint8))
    assert found is not None
    assert camera.read_portrait(None, drawn(MEI)) is None
    assert camera.read_portrait(sface, None) is None


def test_every_wait_is_told_in_both_languages() -> None:
    assert set(STAGES) == set(Stage)
