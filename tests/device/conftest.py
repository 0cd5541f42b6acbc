"""The real engines for the locks, and the photographs, whose absence skips a test by name."""

from collections.abc import Iterator

import pytest

from anmen.certificates import Authority, Certificates
from device_sim.estate import Estate, running_estate
from device_sim.hardware import Hardware, draw_private_key
from device_sim.provision import Provision, write_provision
from face_engine import EngineName, FaceEngine, load_engine
from firmware_protocol.keys import public_key
from firmware_protocol.topics import draw_lock_id
from tests.faces.collection import FOLDER

# The one lock of `estate`.
LOCK = draw_lock_id(b"by hand!")


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


@pytest.fixture(scope="module")
def estate(certificates: Certificates, sface: FaceEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """One lock with a camera and no broker: a door does not need one."""
    folder = tmp_path_factory.mktemp("estate")
    pair = certificates.for_lock(LOCK)
    write_provision(
        folder,
        Provision(
            lock=LOCK,
            private_key=draw_private_key(),
            service_public_key=public_key(draw_private_key()),
            certificate=pair.certificate,
            certificate_key=pair.key,
            authority=certificates.authority(Authority.SERVICES),
            broker_host="127.0.0.1",
            broker_port=1,
            label="荷湾东路12号 101",
        ),
    )
    with running_estate(folder, folder / "control", http_port=0, hardware=Hardware(engine=sface)) as estate:
        yield estate
