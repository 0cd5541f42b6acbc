"""The real engines for the locks, and the photographs, whose absence skips a test by name."""

import pytest

from face_engine import EngineName, FaceEngine, load_engine
from tests.faces.collection import FOLDER


@pytest.fixture(scope="session", params=list(EngineName))
def engine(request: pytest.FixtureRequest) -> FaceEngine:
    """Each engine in turn."""
    return load_engine(request.param)


@pytest.fixture(scope="session")
def sface() -> FaceEngine:
    """The default engine."""
    return load_engine(EngineName.SFACE)


@pytest.fixture(scope="session")
def needs_photographs() -> None:
    """Skips where the labelled photographs are not beside the checkout."""
    if not (FOLDER / "labels.csv").is_file():
        pytest.skip("needs the photographs in ../shared/faces")
