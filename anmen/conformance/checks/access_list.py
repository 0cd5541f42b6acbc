"""Checks of docs/protocol/access-list.md: changes that apply, changes that must not, what the lock says of them."""

import cbor2

from anmen.conformance.lists import list_of, snapshot
from anmen.conformance.meanwhile import ENDED_ENTRY, EndedEntry, tell
from anmen.conformance.registry import checks, declared
from anmen.conformance.stand import ANSWER_S, Stand
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol.access_list import ListChange
from firmware_protocol.messages import AccessListRefused, Birth, Rebirth
from firmware_protocol.vocabulary import EventType, Field

LARGEST_LIST_TRIED = 20_000

declared(
    {
        "ANM-LST-005": "How long a comparison takes cannot be told from outside: radio, motor and door take far longer and vary more."
    }
)


@checks("ANM-LST-002")
def longer_entries(stand: Stand) -> str:
    """An entry to which a later version appended is held, with all its bytes in the digest."""
    plain = cbor2.loads(stand.issuer().card(7))
    # Ten positions are known today (ANM-LST-021); what stands behind them is of a later version.
    later = cbor2.dumps([*plain, *([], False)[len(plain) - 8 :], [1, 2], {1: b"later"}, "later"])
    event = stand.give(later)
    wanted = list_of(0, [later]).digest
    if event.get(Field.DIGEST) != wanted:
        raise Failed(
            expected=f"the digest {wanted.hex()[:16]}… over the entry's bytes as they came",
            seen=_hex(event.get(Field.DIGEST)),
        )
    return "an entry of 13 elements held; the digest covers all of them"


@checks(ENDED_ENTRY, unseen="whether the material is erased: a lock that keeps it shows the same digest")
def ended_entries_stay_in_the_digest(stand: Stand) -> str:
    """Half a minute after its end an entry still counts in the digest, until a change removes it."""

    def story() -> str:
        entry = EndedEntry(stand)
        entry.begin()
        return entry.end()

    return str(stand.once(ENDED_ENTRY, lambda: tell(story)))


@checks("ANM-LST-010")
def whole_or_not_at_all(stand: Stand) -> str:
    """Parts without the last change nothing, over a power cut too; then the same change applies, its parts in any order."""
    issuer = stand.issuer()
    held = stand.service.held
    parts = stand.snapshot(*(issuer.card(number) for number in range(100, 160))).parts()
    for part in parts[:-1]:
        stand.say(part)
    _holds(stand, held, "while a part is missing")
    stand.restart()
    stand.until(lambda: stand.service.proven, ANSWER_S)
    _holds(stand, held, "after a power cut in the middle of a change")
    since = stand.mark()
    for part in (*reversed(parts), parts[0]):
        stand.say(part)
    version = stand.service.wanted.version
    stand.await_event(EventType.ACCESS_LIST_APPLIED, since, where=lambda one: one.get(Field.LIST_VERSION) == version)
    return f"{len(parts) - 1} of {len(parts)} parts changed nothing, nor did a power cut; backwards and one twice they applied"


@checks("ANM-LST-012")
def digest_decides(stand: Stand) -> str:
    """A change that ends at another digest than it says is refused."""
    issuer, held = stand.issuer(), stand.service.held
    raw = issuer.card(11)
    wrong = ListChange(0, held[0] + 1, True, frozenset(), (raw,), list_of(0, [issuer.card(12)]).digest)
    _refused(stand, wrong, held, "a snapshot whose digest is that of another list")
    return "a snapshot with another list's digest was refused, the list is as it was"


@checks("ANM-LST-013")
def versions_never_fall(stand: Stand) -> str:
    """An older snapshot, and a change that is none to the version held, are refused."""
    issuer = stand.issuer()
    stand.give(issuer.card(13))
    held = stand.service.held
    older = snapshot(list_of(held[0] - 1, [issuer.card(13), issuer.card(14)]))
    _refused(stand, older, held, f"a snapshot of version {held[0] - 1} over version {held[0]}")
    after = list_of(held[0], [issuer.card(13), issuer.card(15)])
    same = ListChange(held[0], held[0], False, frozenset(), (issuer.card(15),), after.digest)
    _refused(stand, same, held, f"a change from version {held[0]} to itself")
    return "an older snapshot and a change to the same version were refused"


@checks("ANM-LST-015")
def applied_is_told(stand: Stand) -> str:
    """Event 16 with version and digest."""
    began = stand.line.now()
    event = stand.give(stand.issuer().card(16))
    wanted = stand.service.wanted
    if (event.get(Field.LIST_VERSION), event.get(Field.DIGEST)) != (wanted.version, wanted.digest):
        raise Failed(
            expected=f"version {wanted.version}, digest {wanted.digest.hex()[:16]}…",
            seen=f"{event.get(Field.LIST_VERSION)}, {_hex(event.get(Field.DIGEST))}",
        )
    since = stand.mark()
    stand.cause_events(1)
    change = stand.service.wanted.version
    stand.await_event(EventType.ACCESS_LIST_APPLIED, since, where=lambda one: one.get(Field.LIST_VERSION) == change)
    return f"a snapshot and a change told by event 16, {stand.line.now() - began:.2f} s in all"


@checks("ANM-LST-016")
def refusals_are_told_once_a_minute(stand: Stand) -> str:
    """With version and digest held and the reason; the same change again within the minute is not answered."""
    held = stand.service.held
    wrong = ListChange(held[0] + 5, held[0] + 6, False, frozenset(), (), stand.draw(32))
    since = stand.mark()
    for part in wrong.parts():
        stand.say(part)
    _, told = stand.await_message(AccessListRefused, since, expected="access list refused")
    if (told.list_version, told.list_digest) != held or not told.problem:
        raise Failed(
            expected=f"version {held[0]}, the digest held and a reason",
            seen=f"version {told.list_version}, {_hex(told.list_digest)}, reason {told.problem!r}",
        )
    for _ in range(3):
        stand.listen(3.0)
        for part in wrong.parts():
            stand.say(part)
    stand.answered({})
    count = sum(1 for _ in stand.transcript.of(AccessListRefused, since))
    if count > 1:
        raise Failed(expected="one refusal a minute for the same change", seen=f"{count} within 9 s")
    return f"refused once in 9 s for four offers, because: {told.problem}"


@checks("ANM-LST-020", feature="list_entries")
def too_long_a_list(stand: Stand) -> str:
    """One entry more than `list_entries` is refused as a whole; as many as that are held."""
    room = stand.birth.capabilities.get("list_entries")
    if not isinstance(room, int) or isinstance(room, bool) or not 0 < room <= LARGEST_LIST_TRIED:
        raise NotTried(f"the capability list_entries is {room!r}; lists of 1 to {LARGEST_LIST_TRIED} are tried")
    issuer, held = stand.issuer(), stand.service.held
    entries = [issuer.card(number) for number in range(1, room + 2)]
    _refused(stand, snapshot(list_of(held[0] + 1, entries)), held, f"a list of {room + 1} entries")
    stand.give(*entries[:-1])
    return f"{room + 1} entries refused, {room} held"


def _hex(value: object) -> str:
    return f"{value.hex()[:16]}…" if isinstance(value, bytes) else repr(value)


def _refused(stand: Stand, change: ListChange, held: tuple[int, bytes], what: str) -> None:
    """Offer it; it must be refused in words, and the list must be as it was."""
    since = stand.mark()
    for part in change.parts():
        stand.say(part)
    stand.until(
        lambda: any(True for _ in stand.transcript.of(AccessListRefused, since)) or stand.service.held != held, ANSWER_S
    )
    stand.answered({})
    if not any(True for _ in stand.transcript.of(AccessListRefused, since)) and stand.service.held == held:
        raise Failed(expected=f"access list refused, for {what}", seen=stand.told(since))
    _holds(stand, held, f"after {what}")


def _holds(stand: Stand, held: tuple[int, bytes], when: str) -> None:
    """The lock's birth must say that it holds this."""
    since = stand.mark()
    stand.say(Rebirth())
    _, birth = stand.await_message(Birth, since)
    if (birth.list_version, birth.list_digest) != held:
        raise Failed(
            expected=f"version {held[0]}, digest {held[1].hex()[:16]}… {when}",
            seen=f"version {birth.list_version}, {_hex(birth.list_digest)}",
        )
