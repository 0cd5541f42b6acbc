"""A face taken at the own door: from the order to the register and onto the lock, on a real database with a whole simulated lock."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from sqlalchemy import text

from device_sim.enrolling import Stage
from device_sim.faces import Sight
from face_engine import DOOR_LIMITS, EngineName, FaceEngine, FaceProblem, FoundFace, find_one_face, load_engine
from firmware_protocol.commands import CommandFailure, CommandKind
from firmware_protocol.commands_followed import OrderState
from firmware_protocol.enrolment import Enrolled, EnrolmentVerdict
from firmware_protocol.vocabulary import CredentialType, Liveness, RefusalReason
from service.access import actions as access
from service.access.rules import DeliveryState, GrantId
from service.accounts.actions import scope_of
from service.accounts.rules import Actor
from service.commands.rules import CommandView, Order
from service.consent import actions as consent
from service.consent.rules import GivenBy, Purpose, Standing
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.enrolling import actions as enrolling
from service.enrolling.rules import TakenReason, TakenState, speaker
from service.errors import Conflict, NotAllowed, NotFound
from service.faces import actions as faces
from service.jobs import bring_faces_again, settle_faces
from service.people.rules import PersonId
from service.reactions import react
from tests import given
from tests import given_living as living
from tests.commanded import Commanded, commanded
from tests.faces.drawn_face import BO, MEI, Features, drawn
from tests.fixtures_database import Database


@cache
def seen(person: Features, number: int) -> FoundFace | FaceProblem:
    return find_one_face(load_engine(EngineName.SFACE), drawn(person, number), limits=DOOR_LIMITS)


@dataclass
class Home:
    """A tenant without a face, the lock on the door, and both ends of everything."""

    door: Commanded
    tenant: Actor
    person: PersonId
    grant: GrantId
    number: str
    engine: FaceEngine

    def system(self) -> Any:
        return transaction(self.door.database.serve, SYSTEM)

    @property
    def now(self) -> datetime:
        return self.door.place.now + timedelta(seconds=self.door.seconds)

    def agree(self) -> None:
        with transaction(self.door.database.serve, scope_of(self.tenant)) as session:
            consent.give(session, self.person, Purpose.FACE, by=GivenBy.PERSON, place="page", now=self.now)

    def withdraw(self) -> None:
        with transaction(self.door.database.serve, scope_of(self.tenant)) as session:
            event = consent.withdraw(session, self.person, Purpose.FACE, by=GivenBy.PERSON, place="page", now=self.now)
            react(session, event, self.now)

    def start(self, actor: Actor | None = None) -> CommandView:
        asking = actor or self.tenant
        with transaction(self.door.database.serve, scope_of(asking)) as session:
            return enrolling.start(
                session, asking, self.door.id, engine=self.engine, keyring=self.door.place.keyring, now=self.now
            )

    def show_face(self, person: Features, number: int = 0) -> Any:
        sight = Sight(seen(person, number), Liveness.PASSED)
        answer = self.door.lock.doorway.show_face(sight, self.door.uptime)
        self.door.exchange()
        return answer

    def stand_there(self, person: Features = MEI) -> Stage | None:
        """Card and three looks."""
        assert self.door.lock.doorway.show_card(self.number, self.door.uptime).opened
        self.door.exchange()
        stages: list[Stage | None] = [self.show_face(person, number).stage for number in range(3)]
        return stages[-1]

    def settle(self) -> int:
        done = settle_faces(self.door.database.serve, self.now, self.door.place.keyring, self.engine)
        self.door.bring_lists()
        return done

    def taken(self) -> list[tuple[TakenState, TakenReason | None]]:
        with transaction(self.door.database.serve, scope_of(self.tenant)) as session:
            return [(one.state, one.reason) for one in enrolling.taken_of(session, self.person).values()]

    def face_state(self) -> list[DeliveryState]:
        with self.system() as session:
            (lock,) = [one for one in access.delivery(session, self.grant) if one.lock_id == self.door.id]
        return [one.state for one in lock.credentials if one.type is CredentialType.FACE]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.system() as session:
            return [tuple(row) for row in session.execute(text(statement))]

    def standing(self) -> Standing:
        with self.system() as session:
            return consent.standing(session, self.person)[Purpose.FACE]


@pytest.fixture
def home(database: Database, keyring: Keyring, now: datetime, sface: FaceEngine) -> Home:
    place = living.living(database.serve, keyring, now, locks=0)
    door = commanded(database, place, engine=sface)
    document = given.document()
    begun = living.tenant(place, living.form(document))
    made = Home(
        door, living.tenant_actor(place, begun.person_id), begun.person_id, begun.grant_id, document.number, sface
    )
    door.bring_lists()
    return made


def test_from_the_page_to_the_lock_to_the_register_and_back_onto_the_lock(home: Home) -> None:
    home.agree()
    ordered = home.start()
    home.door.deliver()
    assert home.door.see(home.tenant, ordered.id).state is OrderState.RUNNING
    assert home.stand_there() is Stage.SAYING
    assert home.taken() == [(TakenState.ARRIVED, None)]
    assert home.door.see(home.tenant, ordered.id).state is OrderState.DONE
    assert home.settle() == 1
    assert home.taken() == [(TakenState.KEPT, None)]
    assert home.face_state() == [DeliveryState.ON_LOCK]
    home.door.pass_time(30)
    assert home.show_face(MEI, 5).opened
    assert home.show_face(BO).reason is RefusalReason.FACE_NOT_RECOGNISED
    with home.system() as session:
        template = faces.template_of(session, home.person, keyring=home.door.place.keyring)
    assert template is not None
    assert template.engine == "sface"
    assert (len(template.packed), len(template.floats)) == (144, 512)
    acts = {act for (act,) in home.rows("SELECT act FROM audit_entry")}
    assert {"commands:lock:ordered", "faces:template:enrolled", "enrolling:template:kept"} <= acts


def test_nothing_of_it_lies_open_in_the_database_or_outlives_the_decision(home: Home) -> None:
    home.agree()
    home.start()
    home.door.deliver()
    home.stand_there()
    ((sealed,),) = home.rows("SELECT template_sealed FROM taken_face")
    home.settle()
    with home.system() as session:
        template = faces.template_of(session, home.person, keyring=home.door.place.keyring)
    assert template is not None
    assert template.packed[16:48] not in bytes(sealed)
    assert home.rows("SELECT template_sealed FROM taken_face") == [(None,)]


def test_without_consent_nothing_is_ordered(home: Home) -> None:
    with pytest.raises(Conflict, match="agree"):
        home.start()
    assert home.rows("SELECT count(*) FROM lock_command") == [(0,)]


def test_nobody_else_can_order_it(home: Home) -> None:
    home.agree()
    place = home.door.place
    with pytest.raises(NotFound):
        home.start(place.landlord)
    with pytest.raises(NotAllowed, match="own page"):
        home.door.order(place.landlord, Order(CommandKind.START_ENROLMENT, 300))
    other = living.tenant_actor(place, living.tenant(living.living(place.database, place.keyring, place.now)).person_id)
    with transaction(place.database, SYSTEM) as session:
        consent.give(
            session, PersonId(other.person_id or 0), Purpose.FACE, by=GivenBy.PERSON, place="page", now=place.now
        )
    with pytest.raises(NotFound):
        home.start(other)


def test_the_landlord_and_a_flatmate_see_nothing_of_it(home: Home) -> None:
    home.agree()
    home.start()
    home.door.deliver()
    home.stand_there()
    flatmate = living.tenant_actor(home.door.place, living.tenant(home.door.place).person_id)
    for actor in (home.door.place.landlord, flatmate):
        assert CommandKind.START_ENROLMENT not in home.door.seen_by(actor)
        with transaction(home.door.database.serve, scope_of(actor)) as session:
            assert enrolling.taken_of(session, home.person) == {}


def test_a_lock_with_another_engine_is_refused_before_anything_is_said(home: Home) -> None:
    home.agree()
    home.rows('UPDATE lock SET capabilities = capabilities || \'{"face_model": "00000000"}\' RETURNING id')
    with pytest.raises(Conflict, match="another way"):
        home.start()


def test_a_withdrawal_while_the_lock_waits_ends_it_everywhere(home: Home) -> None:
    home.agree()
    ordered = home.start()
    home.door.deliver()
    home.withdraw()
    assert home.stand_there() is Stage.SAYING
    assert home.taken() == []
    assert home.door.lock.commands.enrolling.saying is None
    seen_by_tenant = home.door.see(home.tenant, ordered.id)
    assert (seen_by_tenant.state, seen_by_tenant.failure) == (OrderState.FAILED, CommandFailure.INTERRUPTED)
    assert home.settle() == 0
    assert home.standing() is Standing.ERASED
    assert home.face_state() == []


def test_a_withdrawal_before_the_lock_was_told_is_never_told(home: Home) -> None:
    home.agree()
    home.start()
    home.withdraw()
    home.door.deliver()
    assert home.door.lock.commands.enrolling.window is None


def test_a_withdrawal_before_the_decision_erases_what_has_arrived(home: Home) -> None:
    home.agree()
    home.start()
    home.door.deliver()
    home.stand_there()
    home.withdraw()
    assert home.taken() == [(TakenState.REFUSED, TakenReason.NO_CONSENT)]
    assert home.rows("SELECT template_sealed FROM taken_face") == [(None,)]
    home.settle()
    assert home.rows("SELECT count(*) FROM enrolment") == [(0,)]
    assert "enrolling:template:refused" in {act for (act,) in home.rows("SELECT act FROM audit_entry")}


@pytest.mark.parametrize("first", ["withdrawal", "decision"])
def test_a_withdrawal_and_the_decision_at_the_same_moment(home: Home, first: str) -> None:
    """Whoever comes first: in the end there is no template and no face on any list, with a receipt."""
    home.agree()
    home.start()
    home.door.deliver()
    home.stand_there()
    both = [
        home.withdraw,
        lambda: settle_faces(home.door.database.serve, home.now, home.door.place.keyring, home.engine),
    ]
    threads = [threading.Thread(target=one) for one in (both if first == "withdrawal" else both[::-1])]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    home.door.bring_lists()
    assert home.rows("SELECT count(*) FROM enrolment WHERE erased_at IS NULL") == [(0,)]
    assert home.rows("SELECT count(*) FROM credential WHERE type = 5 AND removed_version IS NULL") == [(0,)]
    assert home.rows("SELECT count(*) FROM taken_face WHERE template_sealed IS NOT NULL") == [(0,)]
    assert home.standing() is Standing.ERASED
    home.door.pass_time(30)
    assert not home.show_face(MEI, 5).opened


def test_a_withdrawal_afterwards_is_confirmed_by_the_lock(home: Home) -> None:
    home.agree()
    home.start()
    home.door.deliver()
    home.stand_there()
    home.settle()
    home.withdraw()
    home.door.bring_lists()
    assert home.face_state() == [DeliveryState.REMOVED]
    assert home.standing() is Standing.ERASED
    home.door.pass_time(30)
    assert not home.show_face(MEI, 5).opened
    assert home.door.lock.doorway.show_card(home.number, home.door.uptime).opened


def test_a_template_that_comes_twice_counts_once(home: Home) -> None:
    home.agree()
    home.start()
    home.door.deliver()
    home.door.lost = True
    home.stand_there()
    assert home.taken() == [(TakenState.ARRIVED, None)]
    home.settle()
    home.door.lost = False
    home.door.pass_time(6)
    assert home.door.lock.commands.enrolling.saying is None
    assert home.taken() == [(TakenState.KEPT, None)]
    assert home.settle() == 0
    assert home.rows("SELECT count(*) FROM enrolment") == [(1,)]


def test_a_power_cut_after_it_has_arrived_takes_nothing_back(home: Home) -> None:
    home.agree()
    ordered = home.start()
    home.door.deliver()
    home.door.lost = True
    home.stand_there()
    home.door.lost = False
    home.door.restart()
    assert home.door.see(home.tenant, ordered.id).failure is CommandFailure.INTERRUPTED
    home.settle()
    assert home.taken() == [(TakenState.KEPT, None)]
    home.door.pass_time(30)
    assert home.show_face(MEI, 5).opened


def test_a_known_face_is_not_replaced_by_whoever_knows_the_card(home: Home) -> None:
    home.agree()
    for person in (MEI, BO):
        home.start()
        home.door.deliver()
        home.stand_there(person)
        home.settle()
        home.door.pass_time(200)
    assert sorted(home.taken(), key=str) == sorted(
        [(TakenState.KEPT, None), (TakenState.REFUSED, TakenReason.ANOTHER_PERSON)], key=str
    )
    assert home.show_face(MEI, 5).opened


def test_who_has_moved_out_meanwhile_is_not_enrolled(home: Home) -> None:
    home.agree()
    home.start()
    home.door.deliver()
    home.stand_there()
    with home.system() as session:
        access.revoke(session, [home.grant], now=home.now)
    home.settle()
    assert home.taken() == [(TakenState.REFUSED, TakenReason.NO_TENANCY)]
    assert home.rows("SELECT count(*) FROM enrolment") == [(0,)]


def test_another_lock_cannot_answer_for_this_one(home: Home) -> None:
    home.agree()
    ordered = home.start()
    home.door.deliver()
    other = commanded(home.door.database, living.living(home.door.database.serve, home.door.place.keyring, home.now))
    home.stand_there()
    said = Enrolled(bytes.fromhex(ordered.id), 1, b"\0" * 4, bytes(144), 1, 1)
    with transaction(other.database.ingest, SYSTEM) as session:
        ((lock, answer),) = enrolling.arrive(session, [(other.id, said)], keyring=home.door.place.keyring, now=home.now)
    assert (lock, answer.verdict) == (other.id, EnrolmentVerdict.NOT_WANTED)


def test_what_a_lock_has_erased_shows_as_erased_and_comes_again_under_consent(home: Home) -> None:
    home.agree()
    home.start()
    home.door.deliver()
    home.stand_there()
    home.settle()
    home.door.lock.held.erase_faces()
    with transaction(home.door.database.ingest, SYSTEM) as session:
        enrolling.note_erased(session, [(home.door.id, home.now + timedelta(seconds=1))])
    assert home.face_state() == [DeliveryState.ERASED]
    assert not home.show_face(MEI, 5).opened
    # What the lock says of its list from now on makes it no truer.
    home.door.restart()
    assert home.face_state() == [DeliveryState.ERASED]
    with home.system() as session:
        bring_faces_again(session, home.now, keyring=home.door.place.keyring)
    home.door.bring_lists()
    assert DeliveryState.ON_LOCK in home.face_state()
    assert DeliveryState.ERASED not in home.face_state()
    home.door.pass_time(30)
    assert home.show_face(MEI, 6).opened


@pytest.mark.parametrize(
    ("birth", "registered_by", "who"),
    [
        ("2013-03-02", GivenBy.PERSON, GivenBy.GUARDIAN),
        ("2012-03-01", GivenBy.GUARDIAN, GivenBy.PERSON),
        (None, GivenBy.GUARDIAN, GivenBy.GUARDIAN),
        (None, GivenBy.PERSON, GivenBy.PERSON),
        (None, None, GivenBy.PERSON),
    ],
)
def test_who_may_agree(birth: str | None, registered_by: GivenBy | None, who: GivenBy, now: datetime) -> None:
    day = datetime.fromisoformat("2026-03-01").date()
    born = None if birth is None else datetime.fromisoformat(birth).date()
    assert speaker(born, registered_by, day) is who
