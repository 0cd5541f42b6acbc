"""The C reference, built once a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.c_reference.built import need_compiler
from tests.c_reference.driver import Driver, build_driver


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what is compiled under the sanitizers lies; skips where nothing can be."""
    need_compiler()
    return tmp_path_factory.mktemp("c")


@pytest.fixture(scope="session")
def driver_program(built: Path) -> Path:
    """The driver, compiled."""
    return build_driver(built)


@pytest.fixture(scope="module")
def driver(driver_program: Path) -> Iterator[Driver]:
    """A driver for the tests of one file; what they leave in it, they set before."""
    running = Driver(driver_program)
    yield running
    running.close()
