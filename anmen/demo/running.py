"""`anmen demo`: the machine, the village and its people, until somebody ends it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from anmen.database_roles import DatabaseRole
from anmen.demo.browser import Browser
from anmen.demo.doors import Doors
from anmen.demo.machine import ANMEN, DOORS_PORT, WEB_PORT, Machine, Progress, running_machine
from anmen.demo.people import invent
from anmen.demo.refusing import refusing
from anmen.demo.roles import await_on_lock, confirm, invite, register, sign_in, speak
from anmen.demo.village import Login, Room, Village, locks_folder, open_village
from anmen.photographs import PhotographSet, find_photographs
from anmen.state import StateFolder, write_private
from device_sim.provision import read_provisions
from face_engine import EngineName, load_engine

_TENANT = "林晓雨"


@dataclass(frozen=True, slots=True)
class Choices:
    """What whoever starts the demo may choose."""

    photographs: Path | None = None
    engine: EngineName = EngineName.SFACE
    any_ports: bool = False


@dataclass(frozen=True, slots=True)
class Tenant:
    """The sample tenant: how to sign in, and how the door opens."""

    login: Login
    room: Room
    document_number: str
    pin: str
    face: str | None


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that runs."""

    machine: Machine
    village: Village
    people: PhotographSet
    web: str
    doors: str
    door_socket: Path


@contextmanager
def running_demo(state: StateFolder, choices: Choices, progress: Progress) -> Iterator[Demo]:
    """Everything started and ready; stopped with the block."""
    with running_machine(state, any_ports=choices.any_ports, step=progress.step) as machine:
        progress.step("photographs")
        engine = load_engine(choices.engine)
        people = find_photographs(choices.photographs, kept_in=state.path / "photographs", engine=engine)
        progress.step("village")
        village = open_village(machine)
        machine.broker.admit(one.lock for one in read_provisions(locks_folder(machine)))
        progress.step("service")
        web = _start_serve(machine, choices)
        progress.step("ingest")
        machine.start_ingest()
        progress.step("24 locks")
        doors, socket = _start_locks(machine, choices)
        progress.done()
        with refusing(machine):
            yield Demo(machine, village, people, web, doors, socket)


def sample_tenant(demo: Demo) -> Tenant:
    """The tenant who already lives in the first room; moves in, through the pages, when the demo is new."""
    remembered = demo.machine.state.secrets / "tenant.json"
    if remembered.exists():
        written = json.loads(remembered.read_text(encoding="utf-8"))
        return Tenant(**{**written, "login": Login(**written["login"]), "room": Room(**written["room"])})
    room = demo.village.rooms[0]
    photographs = demo.people.people[0]
    applicant = invent(_TENANT, photographs)
    with Browser(demo.web) as landlord, Browser(demo.web) as tenant:
        sign_in(landlord, demo.village.logins["landlord"])
        pin = register(tenant, invite(landlord, room.unit_id), applicant)
        await_on_lock(landlord, confirm(landlord, room.unit_id))
        Doors(demo.door_socket).await_confirmed(room.lock_id)
        speak(landlord, landlord.open("/rooms"), "zh")
    login = Login(applicant.phone, applicant.password)
    moved_in = Tenant(login, room, applicant.document_number, pin, str(photographs.at_door))
    write_private(remembered, json.dumps(asdict(moved_in), ensure_ascii=False, indent=1).encode())
    return moved_in


def _start_serve(machine: Machine, choices: Choices) -> str:
    port = machine.ports.claim("web", 0 if choices.any_ports else WEB_PORT)
    address = f"http://127.0.0.1:{port}"
    environment = machine.environment(
        DatabaseRole.SERVE, ANMEN_PUBLIC_URL=address, ANMEN_FACE_ENGINE=choices.engine.value
    )
    argv = [*ANMEN, "serve", "--port", str(port)]
    machine.supervisor.start("serve", argv, environment=environment, ready=_answers(f"{address}/readyz"))
    return address


def _start_locks(machine: Machine, choices: Choices) -> tuple[str, Path]:
    port = machine.ports.claim("doors", 0 if choices.any_ports else DOORS_PORT)
    address = f"http://127.0.0.1:{port}"
    socket = machine.state.path / "doors.sock"
    argv = [*ANMEN, "sim", "estate", str(locks_folder(machine)), "--socket", str(socket), "--port", str(port)]
    argv += ["--engine", choices.engine.value]
    # The locks get nothing of the service's: no database, no keys.
    environment = {
        name: value for name, value in machine.environment(DatabaseRole.SERVE).items() if not name.startswith("ANMEN_")
    }
    machine.supervisor.start("locks", argv, environment=environment, ready=_answers(address))
    return address, socket


def _answers(address: str) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            with urlopen(address, timeout=2) as answer:  # noqa: S310 - our own address on the loopback
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    return ready
