"""`anmen conformance try`: its lock has a camera, before which a drawn face is held or the photograph that was named."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from anmen.__main__ import app
from anmen.conformance.try_out import seen_picture
from anmen.errors import MachineError
from device_sim.drawn_face import BO, drawn, nobody
from face_engine import EngineName, encode_jpeg, load_engine


def test_a_face_is_enrolled_with_the_photograph_that_was_named(tmp_path: Path) -> None:
    (tmp_path / "bo.jpg").write_bytes(encode_jpeg(drawn(BO)))
    asked = ["conformance", "try", "--profile", "full", "--only", "ANM-ENR-007", "--photo", str(tmp_path / "bo.jpg")]
    said = CliRunner().invoke(app, asked, env={"COLUMNS": "200"})
    assert said.exit_code == 0, said.output
    assert "1 passed" in said.output


def test_a_picture_without_one_clear_face_is_refused_in_words(tmp_path: Path) -> None:
    engine, photo = load_engine(EngineName.SFACE), tmp_path / "wall.jpg"
    assert seen_picture(engine, None)
    for content, told in ((encode_jpeg(nobody()), "no face"), (b"text", "not a picture")):
        photo.write_bytes(content)
        with pytest.raises(MachineError, match=told):
            seen_picture(engine, photo)
    with pytest.raises(MachineError, match="No such file"):
        seen_picture(engine, tmp_path / "none.jpg")
