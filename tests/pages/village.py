"""A small village in which every state a page can show is there at once."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import text

from firmware_protocol.commands import CommandKind
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import AlarmCode, EventType, Operation, OperationSource, PassDirection, RefusalReason
from service.access.rules import GrantId
from service.accounts.actions import scope_of
from service.accounts.rules import Actor, AreaId, Role
from service.alarms import actions as alarms
from service.commands import actions as commands
from service.commands.rules import Emergency, Order
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.entry import records as entries
from service.entry.rules import NewEntry
from service.occupancy import actions as occupancy
from service.occupancy.rules import InquiryKind, LegalBasis, Purpose, Question
from service.people.rules import Document, PersonId, Verdict
from service.premises import actions as premises
from service.premises.rules import BuildingId, UnitId
from service.presence import actions as presence
from service.tenancy import actions as tenancy
from service.tenancy.rules import EndReason, RegistrationId, TenancyBegun, TenancyId
from service.visits import actions as visits
from service.visits.rules import Wanted
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living

TENANT_PHONE = "13866660000"
NUMBERS = ("101", "102", "103", "104", "201", "202", "203", "204")


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """Who signs in (all with given.PASSWORD), and the ids of what there is to see."""

    place: Living
    landlord: str
    tenant: str
    grid_worker: str
    officer: str
    areas: given.Areas
    building_id: BuildingId
    rooms: dict[str, UnitId]
    uncertain: RegistrationId
    without_face: RegistrationId
    running: TenancyId
    ending: TenancyId
    visit: GrantId
    tenant_person: PersonId
    document: Document
    let_lock: LockId
    vacant_lock: LockId

    @property
    def paths(self) -> dict[str, tuple[str | None, str]]:
        """Every page by name: who looks at it (None: nobody is signed in), and its path."""
        room, pages = f"/rooms/{self.rooms['101']}", {"landlord": self.landlord, "tenant": self.tenant}
        staff = {"grid worker": self.grid_worker, "officer": self.officer}
        return {
            "sign-in": (None, "/sign-in"),
            "no such page": (None, "/nothing-here"),
            "used link": (None, "/i/used"),
            "rooms": (pages["landlord"], "/rooms"),
            "vacant room": (pages["landlord"], room),
            "invited room": (pages["landlord"], f"/rooms/{self.rooms['102']}"),
            "room that waits": (pages["landlord"], f"/rooms/{self.rooms['103']}"),
            "let room": (pages["landlord"], f"/rooms/{self.rooms['201']}"),
            "ending room": (pages["landlord"], f"/rooms/{self.rooms['202']}"),
            "invite": (pages["landlord"], f"{room}/invite"),
            "link already shown": (pages["landlord"], f"{room}/invitation"),
            "registration, uncertain": (pages["landlord"], f"/registrations/{self.uncertain}"),
            "registration without face": (pages["landlord"], f"/registrations/{self.without_face}"),
            "refuse": (pages["landlord"], f"/registrations/{self.uncertain}/refuse"),
            "tenancy": (pages["landlord"], f"/tenancies/{self.running}"),
            "ended tenancy": (pages["landlord"], f"/tenancies/{self.ending}"),
            "end": (pages["landlord"], f"/tenancies/{self.running}/end"),
            "not for a landlord": (pages["landlord"], "/areas"),
            "claim a lock": (pages["landlord"], f"{room}/claim"),
            "said to be over": (staff["grid worker"], "/endings"),
            "certificate": (self.officer, "/certificates"),
            "certificate of a day": (pages["landlord"], f"/certificates?lock={self.let_lock}&day=2026-03-01"),
            "certificate of no lock": (self.officer, "/certificates?lock=L-000000000000&day=2026-03-01"),
            "locks in doubt": (self.officer, "/doubts"),
            "my page": (pages["tenant"], "/me"),
            "my entries": (pages["tenant"], "/me/entries"),
            "new PIN?": (pages["tenant"], f"/me/tenancies/{self.running}/pin"),
            "PIN already shown": (pages["tenant"], "/me/pin"),
            "emergency PIN": (pages["tenant"], f"/me/tenancies/{self.running}/emergency-pin"),
            "my face at the door": (pages["tenant"], f"/me/tenancies/{self.running}/face"),
            "withdraw?": (pages["tenant"], "/me/consents/face/withdraw"),
            "moved out?": (pages["tenant"], f"/me/tenancies/{self.running}/end"),
            "several areas": (staff["officer"], "/areas"),
            "town": (staff["officer"], f"/areas/{self.areas.town}"),
            "grid": (staff["grid worker"], f"/areas/{self.areas.grid}"),
            "building": (staff["grid worker"], f"/buildings/{self.building_id}"),
            "inquiry": (staff["officer"], "/inquiries/new"),
            "inquiry about a room": (staff["officer"], f"/inquiries/new?unit={self.rooms['201']}"),
            "alarms": (staff["officer"], "/alarms"),
            "my inquiries": (staff["officer"], "/inquiries"),
            "lock of a let room": (pages["landlord"], f"/locks/{self.let_lock}"),
            "lock of a vacant room": (pages["landlord"], f"/locks/{self.vacant_lock}"),
            "open a let room": (pages["landlord"], f"/locks/{self.let_lock}/open"),
            "open a vacant room": (pages["landlord"], f"/locks/{self.vacant_lock}/open"),
            "empty a lock": (pages["landlord"], f"/locks/{self.vacant_lock}/wipe"),
            "erase faces": (pages["landlord"], f"/locks/{self.vacant_lock}/erase-faces"),
            "start a lock again": (pages["landlord"], f"/locks/{self.let_lock}/restart"),
            "times of a lock": (pages["landlord"], f"/locks/{self.let_lock}/times"),
            "move a lock": (pages["landlord"], f"{room}/locks/{self.vacant_lock}/move"),
            "a PIN for a visitor": (pages["tenant"], f"/me/tenancies/{self.running}/visitors"),
            "visitor's PIN already shown": (pages["tenant"], "/me/visitor-pin"),
            "take a visitor's PIN back?": (pages["tenant"], f"/me/visitors/{self.visit}/end"),
            "my door": (pages["tenant"], f"/me/tenancies/{self.running}/door"),
        } | self._paths_of_leaving_locks

    @property
    def _paths_of_leaving_locks(self) -> dict[str, tuple[str | None, str]]:
        vacant = f"/rooms/{self.rooms['101']}/locks/{self.vacant_lock}"
        return {
            "report a lock": (self.landlord, f"{vacant}/stolen"),
            "report the lock of a let room": (
                self.landlord,
                f"/rooms/{self.rooms['201']}/locks/{self.let_lock}/stolen",
            ),
            "doors of the house": (self.landlord, f"/houses/{self.building_id}"),
            "release a lock": (self.landlord, f"{vacant}/release"),
        }


def build(database: Database, keyring: Keyring, now: datetime) -> Village:
    """Build it in a migrated, empty database."""
    place = living.living(database.serve, keyring, now)
    landlord = _sign_in_as(place, "landlord", Role.LANDLORD)
    areas = place.home.areas
    with transaction(place.database, SYSTEM) as session:
        building_id = premises.add_building(
            session, area_id=areas.grid, landlord_id=landlord.account_id, address="黄湾镇尖山村向阳路18号甲单元"
        )
        rooms = {number: premises.add_unit(session, building_id=building_id, number=number) for number in NUMBERS}
        for unit_id in rooms.values():
            living.hang_lock(session, unit_id, keyring, now)
    at = {number: _at(place, landlord, unit_id) for number, unit_id in rooms.items()}
    _invite(at["102"])
    uncertain = living.registered(at["103"], living.form(face=True, name="陈晓"), living.prepared(Verdict.REVIEW))
    without_face = living.registered(at["104"], living.form(name="Mary-Ann O’Neill van der Berg"))
    document = given.document()
    form = living.form(document, face=True, name="王小丽", phone=TENANT_PHONE)
    running = living.tenant(at["201"], form, living.prepared())
    visit = _visited(at["201"], running)
    ending = living.tenant(at["202"], living.form(name="李强"))
    living.moved_out(at["202"], ending)
    for number, reason in (("201", EndReason.MOVED_OUT), ("204", EndReason.AGREED)):
        lease = running if number == "201" else living.tenant(at[number], living.form(name="赵敏"))
        _said_to_be_over(at[number], lease, reason)
    _locks_speak(database, at, now)
    lock = locks_of(place, rooms["201"])[0]
    passes(database, lock, 1, now, PassDirection.IN)
    _write_entries(database, lock, now)
    raises(database, lock, 4, now, AlarmCode.FORCED_USER)
    raises(database, lock, 5, now, AlarmCode.FRONT_ESCUTCHEON_REMOVED)
    opened_in_emergency(at["201"], lock)
    with transaction(database.ingest, SYSTEM) as session:
        session.execute(text("UPDATE lock_command SET state = 'done', ended_at = :now"), {"now": now})
    officer = _sign_in_as(place, "officer", Role.OFFICER, (areas.town, _elsewhere(place)))
    _sign_in_as(place, "grid", Role.GRID_WORKER, (areas.grid,))
    _ask(place, officer, document)
    return Village(
        place=at["101"],
        landlord="landlord",
        tenant=TENANT_PHONE,
        grid_worker="grid",
        officer="officer",
        areas=areas,
        building_id=building_id,
        rooms=rooms,
        uncertain=uncertain.registration_id,
        without_face=without_face.registration_id,
        running=running.tenancy_id,
        ending=ending.tenancy_id,
        visit=visit,
        tenant_person=running.person_id,
        document=document,
        let_lock=lock,
        vacant_lock=locks_of(place, rooms["101"])[0],
    )


def opened_in_emergency(place: Living, lock: LockId) -> None:
    """The landlord has opened a let room from afar, and the lock has said that it is done."""
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE lock SET capabilities = '{\"commands\": 510}'"))
    reason = "水从门缝里流出来，楼下天花板已经湿了，敲门没有人应"
    order = Order(CommandKind.UNLOCK_DOOR, emergency=Emergency.WATER, reason=reason)
    with transaction(place.database, scope_of(place.landlord)) as session:
        commands.give_order(session, place.landlord, lock, order, keyring=place.keyring, now=place.now)


def _said_to_be_over(place: Living, begun: TenancyBegun, reason: EndReason) -> None:
    with transaction(place.database, scope_of(place.landlord)) as session:
        tenancy.end(session, place.landlord, begun.tenancy_id, reason=reason, now=place.now)


def passes(database: Database, lock: LockId, sequence: int, now: datetime, direction: PassDirection) -> None:
    """The room's tenant goes through the door: the register, presence, counts and the feed follow, as the ingest worker would."""
    entry = entry_of(lock, sequence, now, EventType.LOCK_OPERATED, direction=direction)
    with transaction(database.ingest) as session:
        presence.follow_entries(session, entries.append(session, [entry], now), now)


def raises(database: Database, lock: LockId, sequence: int, now: datetime, code: AlarmCode) -> None:
    """The lock raises an alarm: the register, the open alarms and the feed follow, as above."""
    entry = entry_of(lock, sequence, now, EventType.ALARM_RAISED, code=code)
    with transaction(database.ingest) as session:
        stored = entries.append(session, [entry], now)
        presence.follow_entries(session, stored, now, also=alarms.raise_from(session, stored, now))


def locks_of(place: Living, unit_id: UnitId) -> tuple[LockId, ...]:
    """The locks of a room."""
    with transaction(place.database, SYSTEM) as session:
        return premises.locks_of_unit(session, unit_id, place.now)


def _sign_in_as(place: Living, login: str, role: Role, areas: tuple[AreaId, ...] = ()) -> Actor:
    with transaction(place.database, SYSTEM) as session:
        account_id = given.account(session, role=role, keyring=place.keyring, now=place.now, login=login, areas=areas)
        return Actor(account_id=account_id, role=role, areas=premises.areas_below(session, areas))


def _elsewhere(place: Living) -> AreaId:
    with transaction(place.database, SYSTEM) as session:
        return given.areas(session).community


def _at(place: Living, landlord: Actor, unit_id: UnitId) -> Living:
    home = replace(place.home, landlord_id=landlord.account_id, unit_id=unit_id)
    return replace(place, home=home, landlord=landlord, locks=locks_of(place, unit_id))


def _invite(place: Living) -> None:
    with transaction(place.database, scope_of(place.landlord)) as session:
        tenancy.invite(
            session,
            place.landlord,
            unit_id=place.unit_id,
            starts_on=living.FIRST_DAY,
            ends_on=living.LAST_DAY,
            lifetime_s=86400,
            now=place.now,
        )


def _locks_speak(database: Database, at: dict[str, Living], now: datetime) -> None:
    """Of the locks one is live and has taken its list, one fell silent before it dropped an ended tenant."""
    live, silent = at["201"].locks[0], at["202"].locks[0]
    statements = (
        "UPDATE lock SET link = 'live', last_seen_at = :now, battery_percent = 84",
        "UPDATE lock SET link = 'stale', last_seen_at = CAST(:now AS timestamptz) - interval '3 days', battery_percent = 9"
        " WHERE id = :silent",
        "UPDATE credential SET on_lock_at = :now WHERE lock_id IN (:live, :silent) AND type <> 1",
    )
    with transaction(database.ingest) as session:
        for statement in statements:
            given_values = {"now": now, "live": live, "silent": silent}
            session.execute(text(statement), {k: v for k, v in given_values.items() if f":{k}" in statement})


def _visited(place: Living, begun: TenancyBegun) -> GrantId:
    """A visitor's PIN on the lock, and a second one that was taken back."""
    own = living.tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session:
        back, visit = (
            visits.invite(session, begun.grant_id, Wanted(), keyring=place.keyring, now=place.now)[0] for _ in range(2)
        )
        visits.take_back(session, back, begun.person_id, now=place.now)
    return visit


def _write_entries(database: Database, lock: LockId, now: datetime) -> None:
    kinds = (
        entry_of(lock, 2, now, EventType.ACCESS_REFUSED, code=RefusalReason.FACE_NOT_RECOGNISED),
        entry_of(lock, 3, now, EventType.LOCK_OPERATED, source=99),
    )
    with transaction(database.ingest) as session:
        entries.append(session, kinds, now)


def entry_of(
    lock: LockId,
    sequence: int,
    now: datetime,
    kind: EventType,
    *,
    direction: PassDirection | None = None,
    code: RefusalReason | AlarmCode | None = None,
    source: int = OperationSource.BIOMETRIC,
) -> NewEntry:
    operation = int(Operation.UNLOCK) if kind is EventType.LOCK_OPERATED else None
    way, why = None if direction is None else int(direction), None if code is None else int(code)
    return NewEntry(
        lock, 1, sequence, now, 0, 2, 1, int(kind), operation, 1, 1, int(source), way, why, 3, 1, True, None
    )


def _ask(place: Living, officer: Actor, document: Document) -> None:
    asked = (Purpose.REGISTRATION_CHECK, LegalBasis.RESIDENCE_REGISTRATION), (Purpose.RESCUE, LegalBasis.STATUTORY_DUTY)
    for purpose, basis in asked:
        question = Question(kind=InquiryKind.PERSON_BY_DOCUMENT, purpose=purpose, basis=basis, document=document)
        with transaction(place.database, scope_of(officer)) as session:
            occupancy.answer_inquiry(session, officer, question, keyring=place.keyring, now=place.now)
