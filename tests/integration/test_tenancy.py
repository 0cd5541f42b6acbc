"""From an invitation to a tenancy and to its end, on a real database under the askers' own rights."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from service.access import actions as access
from service.access.rules import DeliveryState
from service.accounts import actions as accounts
from service.accounts.actions import scope_of
from service.accounts.rules import Role
from service.consent import actions as consent
from service.consent.rules import GivenBy, Purpose, Standing
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import BadInput, Conflict, Gone, NotAllowed, NotFound
from service.people.documents import check_character
from service.people.rules import Verdict
from service.reactions import react
from service.tenancy import actions as tenancy
from service.tenancy.rules import EndReason, Identity, RegistrationState, TenanciesEnded
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living


@pytest.fixture
def place(database: Database, keyring: Keyring, now: datetime) -> Living:
    return living.living(database.serve, keyring, now)


def _row(engine: Engine, statement: str, **values: object) -> tuple[object, ...]:
    with transaction(engine, SYSTEM) as session:
        return tuple(session.execute(text(statement), values).one())


def test_the_link_opens_once(place: Living) -> None:
    with transaction(place.database, scope_of(place.landlord)) as session:
        link = tenancy.invite(
            session,
            place.landlord,
            unit_id=place.unit_id,
            starts_on=living.FIRST_DAY,
            ends_on=living.LAST_DAY,
            lifetime_s=3600,
            now=place.now,
        )
    with transaction(place.database, SYSTEM) as session:
        first = tenancy.open_invitation(session, link.token, keyring=place.keyring, form_lifetime_s=60, now=place.now)
    for token in (link.token, first, "never-was"):
        with pytest.raises(Gone) as gone, transaction(place.database, SYSTEM) as session:
            tenancy.open_invitation(session, token, keyring=place.keyring, form_lifetime_s=60, now=place.now)
        assert gone.value.code == "link_dead"
    assert tenancy.is_genuine_form_token(first, place.keyring)
    assert not tenancy.is_genuine_form_token(link.token, place.keyring)


def test_no_token_is_stored(place: Living) -> None:
    form_token = living.invited(place)
    stored = _row(place.database, "SELECT token_hash, form_token_hash FROM invitation")
    assert form_token.encode() not in stored


def test_a_new_link_voids_the_old_one_and_its_form(place: Living) -> None:
    form_token = living.invited(place)
    (invitation_id,) = _row(place.database, "SELECT id FROM invitation")
    with transaction(place.database, scope_of(place.landlord)) as session:
        tenancy.renew_link(session, place.landlord, invitation_id, lifetime_s=60, now=place.now)  # type: ignore[arg-type]  # a row's id
    with pytest.raises(Gone), transaction(place.database, SYSTEM) as session:
        tenancy.register_tenant(session, form_token, living.form(), None, keyring=place.keyring, now=place.now)


def test_a_form_is_over_after_its_time(place: Living) -> None:
    form_token = living.invited(place)
    later = place.now + timedelta(seconds=3600)
    with pytest.raises(Gone), transaction(place.database, SYSTEM) as session:
        tenancy.register_tenant(session, form_token, living.form(), None, keyring=place.keyring, now=later)


def test_a_form_is_taken_once(place: Living) -> None:
    form_token = living.invited(place)
    with transaction(place.database, SYSTEM) as session:
        tenancy.register_tenant(session, form_token, living.form(), None, keyring=place.keyring, now=place.now)
    with pytest.raises(Conflict), transaction(place.database, SYSTEM) as session:
        tenancy.register_tenant(session, form_token, living.form(), None, keyring=place.keyring, now=place.now)
    with transaction(place.database, SYSTEM) as session:
        invited = tenancy.invited_by_form(session, form_token, keyring=place.keyring, now=place.now)
    assert invited.registration is RegistrationState.SUBMITTED


def test_another_landlord_cannot_invite_see_or_decide(place: Living, database: Database, keyring: Keyring) -> None:
    other = living.living(database.serve, keyring, place.now).landlord
    waiting = living.registered(place)
    with transaction(place.database, scope_of(other)) as session:
        with pytest.raises(NotFound):
            tenancy.invite(
                session,
                other,
                unit_id=place.unit_id,
                starts_on=living.FIRST_DAY,
                ends_on=living.LAST_DAY,
                lifetime_s=60,
                now=place.now,
            )
        with pytest.raises(NotFound):
            tenancy.get_registration(session, other, waiting.registration_id, keyring=keyring)
        with pytest.raises(NotFound):
            tenancy.refuse(session, other, waiting.registration_id, now=place.now)


def test_what_waits_is_sealed_and_gone_once_decided(place: Living) -> None:
    waiting = living.registered(place, face=living.prepared())
    sealed = _row(place.database, "SELECT form_sealed, template_sealed FROM registration")
    assert all(isinstance(one, bytes) and waiting.pin.encode() not in one for one in sealed)
    living.confirmed(place, waiting.registration_id)
    assert _row(place.database, "SELECT form_sealed, template_sealed FROM registration") == (None, None)


def test_a_link_alone_changes_nothing_about_a_known_person(place: Living) -> None:
    """Whoever knows somebody's number and has an invitation could else take over their phone, account or face."""
    document = given.document()
    with transaction(place.database, SYSTEM) as session:
        person_id = given.person(session, keyring=place.keyring, now=place.now, name="张三", of=document)
        given.account(
            session, role=Role.TENANT, login="13800138000", keyring=place.keyring, now=place.now, person_id=person_id
        )
    before = _row(place.database, "SELECT name_sealed, phone_sealed FROM person")
    waiting = living.registered(place, living.form(document, face=True, name="李四"), living.prepared(mark=9))
    assert _row(place.database, "SELECT name_sealed, phone_sealed FROM person") == before
    assert _row(place.database, "SELECT count(*) FROM enrolment") == (0,)
    with transaction(place.database, scope_of(place.landlord)) as session:
        tenancy.refuse(session, place.landlord, waiting.registration_id, now=place.now)
    assert _row(place.database, "SELECT name_sealed, phone_sealed FROM person") == before
    assert _row(place.database, "SELECT count(*) FROM account WHERE role = 'tenant'") == (1,)


def test_the_tenant_can_sign_in_only_once_confirmed(place: Living) -> None:
    waiting = living.registered(place, living.form(phone="13711112222"))

    def sign_in() -> object:
        with transaction(place.database, SYSTEM) as session:
            return accounts.sign_in(
                session, "+8613711112222", given.PASSWORD, keyring=place.keyring, now=place.now, lifetime_s=60
            )

    assert not isinstance(sign_in(), str)
    living.confirmed(place, waiting.registration_id)
    assert isinstance(sign_in(), str)


@pytest.mark.parametrize(
    ("verdict", "identity"),
    [(Verdict.MATCH, Identity.MATCHED), (Verdict.REVIEW, Identity.UNCERTAIN), (None, Identity.NOT_COMPARED)],
)
def test_every_tenancy_needs_the_landlords_eyes(place: Living, verdict: Verdict | None, identity: Identity) -> None:
    """A stranger's own portrait and face beside somebody else's number match as well: only the document tells."""
    waiting = living.registered(place, face=None if verdict is None else living.prepared(verdict))
    with transaction(place.database, scope_of(place.landlord)) as session:
        view = tenancy.get_registration(session, place.landlord, waiting.registration_id, keyring=place.keyring)
    assert view.identity is identity
    with pytest.raises(BadInput) as wrong, transaction(place.database, scope_of(place.landlord)) as session:
        tenancy.confirm(
            session,
            place.landlord,
            waiting.registration_id,
            saw_document=False,
            lease_s=living.LEASE_S,
            keyring=place.keyring,
            now=place.now,
        )
    assert wrong.value.field == "saw_document"
    living.confirmed(place, waiting.registration_id)


def test_a_full_room_takes_no_further_invitation(place: Living) -> None:
    living.tenant(place)
    living.invited(place)
    with pytest.raises(Conflict) as full:
        living.invited(place)
    assert full.value.code == "room_full"


def test_the_room_is_free_again_the_day_after_a_lease(place: Living) -> None:
    for _ in range(2):
        living.tenant(place, last=date(2026, 6, 30))
    living.invited(place, first=date(2026, 7, 1))
    with pytest.raises(Conflict):
        living.invited(place, first=date(2026, 6, 30))


def test_the_same_person_does_not_live_in_a_room_twice(place: Living) -> None:
    document = given.document()
    living.tenant(place, living.form(document))
    with pytest.raises(Conflict) as twice:
        living.registered(place, living.form(document))
    assert twice.value.code == "already_tenant"


def test_a_full_list_refuses_the_grant_when_it_is_made(place: Living) -> None:
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("""UPDATE lock SET capabilities = '{"list_entries": 3}'"""))
    living.tenant(place)
    waiting = living.registered(place)
    with pytest.raises(Conflict) as full:
        living.confirmed(place, waiting.registration_id)
    assert full.value.code == "list_full"
    assert _row(place.database, "SELECT count(*), min(version) FROM credential, access_list") == (2, 1)


def test_the_tenant_ends_it_and_nobody_else_can(place: Living, database: Database, keyring: Keyring) -> None:
    begun = living.tenant(place)
    stranger = living.living(database.serve, keyring, place.now).landlord
    for actor, error in ((stranger, NotFound), (living.officer(place), NotAllowed)):
        with pytest.raises(error), transaction(place.database, scope_of(actor)) as session:
            tenancy.end(session, actor, begun.tenancy_id, reason=EndReason.MOVED_OUT, now=place.now)
    own = living.tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session:
        (view,) = tenancy.tenancies_of_tenant(session, own, keyring=place.keyring)
        ended = tenancy.end(session, own, view.tenancy_id, now=place.now)
        react(session, ended, place.now)
    with transaction(place.database, scope_of(place.landlord)) as session:
        (room,) = tenancy.rooms_of_landlord(session, place.landlord, keyring=place.keyring, now=place.now)
    assert [one.tenancy_id for one in room.ended] == [begun.tenancy_id]
    assert room.ended[0].deliveries[0].state is DeliveryState.REMOVING
    with pytest.raises(Conflict), transaction(place.database, scope_of(own)) as session:
        tenancy.end(session, own, begun.tenancy_id, now=place.now)


def test_tenancies_end_by_their_date_once(place: Living) -> None:
    begun = living.tenant(place, face=living.prepared(), last=date(2026, 3, 31))
    midnight = datetime.fromisoformat("2026-04-01T00:00:00+08:00")
    with transaction(place.database, SYSTEM) as session:
        assert tenancy.end_due(session, now=midnight - timedelta(seconds=1)) is None
    with transaction(place.database, SYSTEM) as session:
        ended = tenancy.end_due(session, now=midnight)
        assert isinstance(ended, TenanciesEnded)
        react(session, ended, midnight)
    assert [(one.tenancy_id, one.ended_at) for one in ended.ended] == [(begun.tenancy_id, midnight)]
    with transaction(place.database, SYSTEM) as session:
        assert tenancy.end_due(session, now=midnight) is None
        assert consent.standing(session, begun.person_id)[Purpose.FACE] is Standing.ERASED
        assert all(one.state is DeliveryState.REMOVING for one in access.delivery(session, begun.grant_id))


def test_a_registration_nobody_decides_is_refused_with_everything_that_waited(place: Living) -> None:
    waiting = living.registered(place, face=living.prepared())
    month = place.now + timedelta(days=30, seconds=1)
    with transaction(place.database, SYSTEM) as session:
        assert tenancy.refuse_stale(session, now=month - timedelta(seconds=1)) == 0
        assert tenancy.refuse_stale(session, now=month) == 1
    state, form, template = _row(place.database, "SELECT state, form_sealed, template_sealed FROM registration")
    assert (state, form, template) == ("refused", None, None)
    with pytest.raises(Conflict):
        living.confirmed(place, waiting.registration_id)


def test_a_minor_needs_a_guardian(place: Living) -> None:
    filled = living.form()
    child = f"{filled.document_number[:6]}20180101{filled.document_number[14:17]}"
    number = child + check_character(child)
    alone = type(filled)(**{one: getattr(filled, one) for one in filled.__slots__} | {"document_number": number})
    with pytest.raises(BadInput) as wrong:
        living.registered(place, alone)
    assert wrong.value.code == "guardian_needed"
    with_guardian = type(filled)(
        **{one: getattr(alone, one) for one in alone.__slots__} | {"declared_by": GivenBy.GUARDIAN}
    )
    living.registered(place, with_guardian)
    assert _row(place.database, "SELECT given_by FROM consent_act") == ("guardian",)
