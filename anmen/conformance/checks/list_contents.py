"""Checks of docs/protocol/access-list.md: schedules of a later version, and the comparison of two lists."""

import cbor2

from anmen.conformance.lists import list_of
from anmen.conformance.registry import checks
from anmen.conformance.stand import ANSWER_S, Stand
from anmen.conformance.verdict import Failed
from firmware_protocol.access_list import ListChange, entry_hash, list_digest
from firmware_protocol.list_compare import LIST_COMPARE_CAPABILITY, MOST_RUNS, WHOLE, answer
from firmware_protocol.list_entry import SCHEDULES_CAPABILITY
from firmware_protocol.list_messages import ListAnswer, ListQuestion
from firmware_protocol.messages import AccessListRefused

LATER_KIND = [2, 0, 0]
ENTRIES = 100


@checks("ANM-LST-022", feature=SCHEDULES_CAPABILITY)
def unknown_schedules(stand: Stand) -> str:
    """A change with a schedule of a kind of a later version is refused, and the list is as it was."""
    held = stand.service.held
    raw = cbor2.dumps([*cbor2.loads(stand.issuer().card(17))[:8], [LATER_KIND]])
    digest = list_digest([(17, entry_hash(raw))])
    since = stand.mark()
    for part in ListChange(0, held[0] + 1, True, frozenset(), (raw,), digest).parts():
        stand.say(part)
    stand.until(lambda: any(True for _ in stand.transcript.of(AccessListRefused, since)), ANSWER_S)
    stand.answered({})
    told = [message for _, message in stand.transcript.of(AccessListRefused, since)]
    if not told or (told[0].list_version, told[0].list_digest) != held:
        raise Failed(expected="a change with a schedule of kind 2 refused", seen=stand.told(since))
    return f"a schedule of kind 2 refused: {told[0].problem}"


@checks("ANM-LST-026", feature=LIST_COMPARE_CAPABILITY, unseen="that erased entries are answered too")
def comparison(stand: Stand) -> str:
    """A question about everything, and one about two spans: version, digest, and equal runs in the order of ids."""
    issuer = stand.issuer()
    stand.give(*(issuer.card(number) for number in range(1, 2 * ENTRIES, 2)))
    seen = [_answered(stand, spans) for spans in ((WHOLE.first, WHOLE.last), (0, 50, 90, 1000), (2, 2))]
    return f"{', '.join(map(str, seen))} runs for one span, two spans, and one that is empty, of at most {MOST_RUNS}"


def _answered(stand: Stand, spans: tuple[int, ...]) -> int:
    """Ask, and compare; the number of runs in the answer."""
    number = stand.once("questions", lambda: iter(range(1, 1 << 20))).__next__()
    question = ListQuestion(number, spans)
    wanted = stand.service.wanted
    right = answer(list_of(wanted.version, wanted.entries.values()), question)
    since = stand.mark()
    stand.say(question)
    said = stand.await_message(
        ListAnswer, since, where=lambda one: one.number == number, expected="an answer to a question about spans"
    )[1]
    if said != right:
        raise Failed(
            expected=f"version {wanted.version} and the runs {right.runs[:8] if right else ()}… of the spans {spans}",
            seen=f"version {said.list_version}, runs {said.runs[:8]}…, {len(said.digests)} digests",
        )
    return len(said.digests)
