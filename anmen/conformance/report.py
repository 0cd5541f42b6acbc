"""What came out of a run, as JSON that anybody can read and check."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from anmen.conformance import KIT_VERSION
from anmen.conformance.faults import FAULTS, faults_of, only_under_faults
from anmen.conformance.registry import AWAITED, Profile
from anmen.conformance.sentences import Sentence, protocol_digest
from anmen.conformance.spared import in_order, spared
from anmen.conformance.verdict import Outcome, Verdict
from firmware_protocol import ServiceIdentity
from firmware_protocol.messages import Birth

FORMAT = "anmen-conformance-report/1"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """What a report is about; `birth` is the last one heard, `now` is aware, everything drawn follows from `seed`.

    `faults`: the seed of what befell the line, empty on a good day; `befell`: how often each fault did.
    """

    identity: ServiceIdentity
    birth: Birth | None
    profile: Profile
    now: datetime
    seed: bytes = b""
    faults: str = ""
    befell: Mapping[str, int] = field(default_factory=dict)


def write_report(verdicts: Sequence[Verdict], sentences: dict[str, Sentence], *, about: About) -> Json:
    """The report of a run."""
    untried = {Outcome.NOT_TRIED, Outcome.NOT_APPLICABLE, Outcome.DECLARED}
    tried = [one.number for one in verdicts if one.outcome not in untried]
    return {
        "format": FORMAT,
        "kit": KIT_VERSION,
        "profile": about.profile.value,
        "date": about.now.isoformat(timespec="seconds"),
        "protocol": {"sentences": len(sentences), "digest": protocol_digest()},
        "lock": _lock(about.identity, about.birth),
        "conforms": conforms(verdicts, sentences),
        "totals": {outcome.value: count for outcome, count in totals(verdicts).items()},
        "seed": about.seed.hex(),
        "faults": {fault: [one for one in tried if fault in faults_of(one)] for fault in FAULTS},
        "bad_day": {"seed": about.faults, "befell": dict(about.befell)} if about.faults else {},
        "only_under_faults": only_under_faults([one.number for one in verdicts if one.outcome is Outcome.FAILED]),
        "results": [_result(one, sentences[one.number], about.faults) for one in verdicts],
    }


def totals(verdicts: Sequence[Verdict]) -> dict[Outcome, int]:
    """How often each outcome, in the order of the outcomes."""
    counted = Counter(one.outcome for one in verdicts)
    return {outcome: counted[outcome] for outcome in Outcome}


def conforms(verdicts: Sequence[Verdict], sentences: dict[str, Sentence]) -> bool:
    """Whether nothing that a lock MUST do failed or was left untried. A SHOULD may fail, and is shown; what the kit itself
    has no check for is shown as untried, and is no fault of the lock.
    """
    bad = {Outcome.FAILED, Outcome.NOT_TRIED}
    judged = [one for one in verdicts if one.number not in AWAITED and not sentences[one.number].is_advice]
    return bool(judged) and not any(one.outcome in bad for one in judged)


def _lock(identity: ServiceIdentity, birth: Birth | None) -> Json:
    said = (
        {}
        if birth is None
        else {"hardware": birth.hardware, "firmware": birth.firmware, "capabilities": dict(birth.capabilities)}
    )
    return {"id": identity.lock, **said}


def _result(one: Verdict, sentence: Sentence, faults: str) -> Json:
    faults_spared, why = spared(one.number) if faults else (frozenset(), "")
    optional = {
        "expected": one.expected,
        "unseen": one.unseen,
        "advice": sentence.is_advice,
        "took_s": one.took_s,
        "faults": list(faults_of(one.number)),
        "spared": {"faults": in_order(faults_spared), "why": why} if faults_spared else {},
        "next": next_step(one, sentence, faults),
    }
    return {
        "sentence": one.number,
        "page": sentence.page,
        "text": sentence.text,
        "outcome": one.outcome.value,
        "seen": one.seen,
        **{key: value for key, value in optional.items() if value},
    }


def next_step(one: Verdict, sentence: Sentence, faults: str = "") -> str:
    """What to do about a sentence that failed or was not tried; empty where nothing is to be done."""
    if one.outcome is Outcome.FAILED:
        under = ", ".join(faults_of(one.number))
        told = f" The kit had injected: {under}." if under else ""
        seed = f" --faults {faults}" if faults else ""
        return f"Read docs/protocol/{sentence.page}.md at {one.number}; then this sentence alone: --only {one.number}{seed}.{told}"
    if one.outcome is Outcome.NOT_TRIED and one.number not in AWAITED:
        return f"Make possible what was missing; then this sentence alone: --only {one.number}."
    return ""
