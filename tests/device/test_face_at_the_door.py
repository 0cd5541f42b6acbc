"""The lock recognises tenants by its own list, with real engines on real photographs."""

import base64
from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest

from device_sim import camera
from device_sim.errors import BadRequest
from device_sim.faces import Sight
from face_engine import (
    DOOR_LIMITS,
    EngineName,
    Enrolled,
    FaceEngine,
    FaceProblem,
    FoundFace,
    Image,
    enrol,
    find_one_face,
    load_engine,
    pack_template,
)
from face_engine.images import encode_jpeg
from firmware_protocol.vocabulary import EventType, Field, Liveness, OperationSource, RefusalReason
from tests.device.rig import DAY_S, NOW_S, Rig, connected_rig, face, pin
from tests.faces.collection import CLEAN, Photograph, by_identity, photographs

pytestmark = pytest.mark.usefixtures("needs_photographs")

TENANTS = 5


@cache
def people() -> tuple[tuple[Photograph, ...], ...]:
    """Those with enough clean pictures to be enrolled by three and to come to the door with another."""
    found = by_identity(photographs(CLEAN), at_least=4)
    return tuple(tuple(found[identity][:4]) for identity in sorted(found)[:24])


@cache
def enrolled(name: EngineName) -> tuple[tuple[bytes, Image], ...]:
    """Template and door picture of those whose pictures this engine can use: press photographs often show several people."""
    engine = load_engine(name)
    tenants = []
    for pictures in people():
        made = enrol(engine, [one.image for one in pictures[:3]])
        seen = find_one_face(engine, pictures[3].image, limits=DOOR_LIMITS)
        if isinstance(made, Enrolled) and isinstance(seen, FoundFace):
            tenants.append((pack_template(engine, made.embedding), pictures[3].image))
    return tuple(tenants)


def lock_of(engine: FaceEngine, templates: Sequence[bytes]) -> Rig:
    """A lock with these tenants, numbered from 1."""
    return connected_rig(*(face(number, one) for number, one in enumerate(templates, start=1)), engine=engine)


def stand_before(rig: Rig, engine: FaceEngine, picture: Image, *, living: bool = True) -> Any:
    return rig.lock.doorway.show_face(camera.look(engine, picture, is_living=living), rig.now)


def test_tenants_get_in_and_nobody_is_taken_for_another(engine: FaceEngine) -> None:
    tenants = enrolled(engine.name)
    assert len(tenants) > TENANTS
    rig = lock_of(engine, [template for template, _ in tenants])
    let_in = 0
    for number, (_, picture) in enumerate(tenants, start=1):
        answer = stand_before(rig, engine, picture)
        rig.pass_time(100)
        if answer.opened:
            let_in += 1
            assert answer.event.fields[Field.CREDENTIAL_ID] == number
            assert answer.event.fields[Field.SOURCE] == OperationSource.BIOMETRIC
            assert answer.event.fields[Field.LIVENESS] == Liveness.PASSED
            assert 1 <= answer.event.fields[Field.SCORE_BAND] <= 4
    # At the door's threshold dlib turns away many of its own; sface must not.
    assert let_in >= (TENANTS if engine.name is EngineName.SFACE else 1)


def test_strangers_stay_out(engine: FaceEngine) -> None:
    tenants = enrolled(engine.name)
    rig = lock_of(engine, [template for template, _ in tenants[:2]])
    for _, picture in tenants[2:]:
        answer = stand_before(rig, engine, picture)
        rig.pass_time(100)
        assert answer.reason is RefusalReason.FACE_NOT_RECOGNISED
        assert Field.CREDENTIAL_ID not in answer.event.fields


def test_a_picture_of_a_tenant_stays_out(sface: FaceEngine) -> None:
    template, picture = enrolled(sface.name)[0]
    rig = lock_of(sface, [template])
    assert stand_before(rig, sface, picture, living=False).reason is RefusalReason.NOT_LIVE


def test_a_tenant_before_the_lease_is_recognised_and_told_so(sface: FaceEngine) -> None:
    template, picture = enrolled(sface.name)[0]
    early = face(1, template)
    rig = connected_rig(type(early)(1, early.type, template, NOW_S + DAY_S, NOW_S + 2 * DAY_S, DAY_S), engine=sface)
    answer = stand_before(rig, sface, picture)
    assert answer.reason is RefusalReason.NOT_YET_VALID
    assert answer.event.fields[Field.CREDENTIAL_ID] == 1


def test_a_renewed_tenant_on_the_list_twice_is_not_ambiguous(sface: FaceEngine) -> None:
    template, picture = enrolled(sface.name)[0]
    rig = lock_of(sface, [template, template])
    assert stand_before(rig, sface, picture).opened


def test_what_the_camera_cannot_use_is_told_apart(sface: FaceEngine) -> None:
    rig = lock_of(sface, [enrolled(sface.name)[0][0]])
    grey = np.full((480, 640, 3), 128, np.uint8)
    assert stand_before(rig, sface, grey).reason is RefusalReason.NO_FACE
    small = cv2.resize(enrolled(sface.name)[0][1], (70, 70))
    canvas = grey.copy()
    canvas[200:270, 200:270] = small
    assert stand_before(rig, sface, canvas).reason in (RefusalReason.FACE_UNUSABLE, RefusalReason.NO_FACE)
    crowd = photographs("multi")[0]
    assert stand_before(rig, sface, crowd.image).reason is RefusalReason.SEVERAL_FACES


@pytest.mark.parametrize("problem", FaceProblem)
def test_every_problem_has_a_reason(sface: FaceEngine, problem: FaceProblem) -> None:
    rig = lock_of(sface, [])
    answer = rig.lock.doorway.show_face(Sight(problem, Liveness.PASSED), rig.now)
    assert answer.reason in (RefusalReason.NO_FACE, RefusalReason.SEVERAL_FACES, RefusalReason.FACE_UNUSABLE)


def test_another_engines_templates_are_refused_with_the_reason(sface: FaceEngine) -> None:
    foreign = enrolled(EngineName.FACE_RECOGNITION)[0][0]
    rig = connected_rig(pin(), engine=sface)
    rig.give(pin(), face(3, foreign))
    assert rig.lock.held.version == 1
    assert rig.ingest.durable.confirmed == 1
    assert rig.lock.doorway.enter_pin("402816", rig.now).opened


def test_a_lock_without_a_camera_refuses_faces(sface: FaceEngine) -> None:
    rig = connected_rig(pin())
    rig.give(pin(), face(3, enrolled(sface.name)[0][0]))
    assert rig.lock.held.version == 1
    with pytest.raises(BadRequest, match="no camera"):
        camera.look(None, np.zeros((100, 100, 3), np.uint8), is_living=True)


def test_the_birth_names_engine_and_model(engine: FaceEngine) -> None:
    capabilities = Rig(engine=engine).lock.standing(0.0).capabilities
    assert capabilities["face_engine"] == engine.engine_id
    assert capabilities["face_model"] == engine.model_hash.hex()


def test_a_picture_sent_as_bytes_is_the_picture(sface: FaceEngine) -> None:
    template, picture = enrolled(sface.name)[0]
    rig = lock_of(sface, [template])
    sent = base64.b64decode(base64.b64encode(encode_jpeg(picture)))
    assert stand_before(rig, sface, camera.picture_from_bytes(sent)).opened
    assert len(rig.events_of(EventType.LOCK_OPERATED)) == 1
