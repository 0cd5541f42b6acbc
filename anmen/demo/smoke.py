"""`anmen demo --smoke`: the main job from the invitation to the erased face, played through pages and doors as people would."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from anmen.demo import roles
from anmen.demo.browser import Browser, PageRefused
from anmen.demo.doors import Doors
from anmen.demo.people import Applicant, invent
from anmen.demo.running import Demo
from anmen.demo.village import Login, Room
from anmen.errors import MachineError

FACE_TENANT, CARD_TENANT = "林晓雨", "陈大勇"
WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what, how long, and what came of it."""

    name: str
    seconds: float
    said: str
    ok: bool = True


@dataclass(slots=True)
class _People:
    landlord: Browser
    tenant: Browser
    other_tenant: Browser
    grid_worker: Browser
    officer: Browser


@dataclass(slots=True)
class Smoke:
    """The run: its steps so far, and what later steps need of earlier ones."""

    demo: Demo
    people: _People
    steps: list[Step] = field(default_factory=list)
    pins: dict[str, str] = field(default_factory=dict)
    tenancies: dict[str, str] = field(default_factory=dict)
    area: str = ""
    before: int = 0

    @property
    def doors(self) -> Doors:
        """The doors one stands before."""
        return Doors(self.demo.door_socket)

    @property
    def face(self) -> Path:
        """What the camera sees when the tenant with a face stands there."""
        return self.demo.people.people[-1].at_door

    @property
    def rooms(self) -> tuple[Room, Room]:
        """A room for the tenant with a face, and one for the tenant without."""
        return self.demo.village.rooms[1], self.demo.village.rooms[2]

    def step(self, name: str, deed: Callable[[], str]) -> bool:
        """Do it, time it, and note what came of it."""
        began = time.monotonic()
        try:
            said, ok = deed(), True
        except (MachineError, PageRefused, OSError, ValueError) as failure:
            said, ok = str(failure), False
        self.steps.append(Step(name, time.monotonic() - began, said, ok))
        return ok


@contextmanager
def _everybody(demo: Demo) -> Iterator[_People]:
    with ExitStack() as stack:
        yield _People(*(stack.enter_context(Browser(demo.web)) for _ in range(5)))


def play(demo: Demo) -> list[Step]:
    """Play the main job; stops at the first step that fails."""
    faced = invent(FACE_TENANT, demo.people.people[-1])
    carded = invent(CARD_TENANT, None)
    with _everybody(demo) as people:
        run = Smoke(demo, people)
        for name, deed in _deeds(run, faced, carded):
            if not run.step(name, deed):
                break
    return run.steps


def _deeds(run: Smoke, faced: Applicant, carded: Applicant) -> list[tuple[str, Callable[[], str]]]:
    logins, (room, other_room), people = run.demo.village.logins, run.rooms, run.people
    return [
        ("landlord signs in", lambda: _landlord(run, logins["landlord"])),
        ("tenant registers with face", lambda: _register(run, people.tenant, room, faced)),
        ("landlord confirms", lambda: _confirm(run, room)),
        ("lock holds the list", lambda: _on_lock(run, room)),
        ("tenant registers without face", lambda: _register(run, people.other_tenant, other_room, carded)),
        ("landlord confirms that too", lambda: _confirm(run, other_room)),
        ("other lock holds its list", lambda: _on_lock(run, other_room)),
        ("grid worker watches counts", lambda: _watch(run, logins["grid_worker"])),
        ("face opens the door", lambda: _face_opens(run, room)),
        ("entry counted within a second", lambda: _counted(run, +1)),
        ("stranger is refused", lambda: _stranger(run, room)),
        ("PIN and card open", lambda: _pin_and_card(run, other_room, carded)),
        ("inside handle opens", lambda: _leaves(run, room)),
        ("officer asks about the tenant", lambda: _inquire(run, logins["officer"], faced)),
        ("tenant sees who asked", lambda: _sees(run, faced)),
        ("landlord and tenant end it", lambda: _end(run, room)),
        ("old face is refused", lambda: _refused_now(run, room)),
        ("face template is erased", lambda: _erased(run)),
    ]


def _landlord(run: Smoke, login: Login) -> str:
    page = roles.sign_in(run.people.landlord, login)
    return f"{sum('/rooms/' in address for address, _ in page.links)} rooms shown"


def _register(run: Smoke, tenant: Browser, room: Room, applicant: Applicant) -> str:
    link = roles.invite(run.people.landlord, room.unit_id)
    run.pins[room.lock_id] = roles.register(tenant, link, applicant)
    compared = "ID portrait and three live frames compared" if applicant.photographs else "no photograph taken"
    return f"room {room.number}; {compared}; PIN shown once"


def _confirm(run: Smoke, room: Room) -> str:
    run.tenancies[room.lock_id] = roles.confirm(run.people.landlord, room.unit_id)
    return "tenancy begins; grant pending"


def _on_lock(run: Smoke, room: Room) -> str:
    roles.await_on_lock(run.people.landlord, run.tenancies[room.lock_id])
    state = run.doors.await_confirmed(room.lock_id)
    return f"list version {state.list_version}, {state.credentials} credentials, digest agreed"


def _watch(run: Smoke, login: Login) -> str:
    page = roles.sign_in(run.people.grid_worker, login)
    run.area = page.url
    run.before = roles.count_in_now(run.people.grid_worker, run.area)
    return f"{run.before} in now"


def _face_opens(run: Smoke, room: Room) -> str:
    return run.doors.must_open(room.lock_id, face=run.face)


def _counted(run: Smoke, more: int) -> str:
    seconds = roles.until(
        lambda: roles.count_in_now(run.people.grid_worker, run.area) == run.before + more,
        "the entry in the counts",
        within_s=WITHIN_S,
    )
    return f"{run.before + more} in now, {seconds * 1000:.0f} ms after the door"


def _stranger(run: Smoke, room: Room) -> str:
    return run.doors.must_refuse(room.lock_id, face=run.demo.people.stranger.at_door)


def _pin_and_card(run: Smoke, room: Room, applicant: Applicant) -> str:
    run.doors.must_open(room.lock_id, pin=run.pins[room.lock_id])
    run.doors.must_open(room.lock_id, card=applicant.document_number)
    return _counted(run, +2)


def _leaves(run: Smoke, room: Room) -> str:
    run.doors.handle(room.lock_id)
    return "probably out, low confidence: " + _counted(run, +1)


def _inquire(run: Smoke, login: Login, applicant: Applicant) -> str:
    roles.sign_in(run.people.officer, login)
    answer = roles.inquire(run.people.officer, kind="person_by_document", subject=applicant.document_number)
    if applicant.name not in answer.words:
        raise MachineError(f"The answer does not name the tenant: {answer.words[:200]}")
    return f"recorded first, then answered to {login.login}"


def _sees(run: Smoke, applicant: Applicant) -> str:
    roles.sign_in(run.people.tenant, Login(applicant.phone, applicant.password))
    page = run.people.tenant.open("/me")
    if "Legal basis:" not in page.words:
        raise MachineError(f"The tenant's page does not show the inquiry: {page.words[:200]}")
    return "purpose and legal basis on the tenant's own page"


def _end(run: Smoke, room: Room) -> str:
    tenancy = run.tenancies[room.lock_id]
    roles.end_tenancy(run.people.landlord, run.people.tenant, tenancy)
    seconds = roles.await_off_lock(run.people.landlord, tenancy)
    return f"the landlord said so, the tenant confirmed; credentials left the lock after {seconds * 1000:.0f} ms"


def _refused_now(run: Smoke, room: Room) -> str:
    return run.doors.must_refuse(room.lock_id, face=run.face)


def _erased(run: Smoke) -> str:
    page = run.people.tenant.open("/me")
    if "Withdrawn and erased" not in page.words:
        raise MachineError(f"The tenant's page shows no receipt: {page.words[:300]}")
    return "receipt on the tenant's own page"
