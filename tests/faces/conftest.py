"""The real engines, loaded once, and the photographs, whose absence skips a test by name."""

import pytest

from face_engine import EngineName, FaceEngine, load_engine
from tests.faces.collection import FOLDER


@pytest.fixture(scope="session")
def sface() -> FaceEngine:
    """The default engine."""
    return load_engine(EngineName.SFACE)


@pytest.fixture(scope="session")
def dlib() -> FaceEngine:
    """The second engine."""
    return load_engine(EngineName.FACE_RECOGNITION)


@pytest.fixture(params=list(EngineName))
def engine(request: pytest.FixtureRequest, sface: FaceEngine, dlib: FaceEngine) -> FaceEngine:
    """Each engine in turn."""
    return sface if request.param is EngineName.SFACE else dlib


@pytest.fixture(scope="session")
def needs_photographs() -> None:
    """Skips where the labelled photographs are not beside the checkout."""
    if not (FOLDER / "labels.csv").is_file():
        pytest.skip("needs the photographs in ../shared/faces")
