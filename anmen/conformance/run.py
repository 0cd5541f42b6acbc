"""All checks of a profile against one lock, in order."""

from collections.abc import Callable, Iterator

from anmen.conformance import bad_day
from anmen.conformance import checks as every_check
from anmen.conformance.claiming import claim
from anmen.conformance.registry import AWAITED, CHECKS, DECLARED, WATCHES, Check, Profile
from anmen.conformance.spared import allowed
from anmen.conformance.stand import Stand
from anmen.conformance.verdict import Failed, NotTried, Outcome, Verdict
from firmware_protocol.commands import can

# Loading it has filled the registry.
PAGES = every_check.__all__
# Sentences whose checks show something at the door, where a lock-out that another check left behind would be in their way.
AT_THE_DOOR = ("ANM-DOR", "ANM-ENR")


def chosen(profile: Profile) -> tuple[Check, ...]:
    """The checks of a profile, in the order of a run."""
    return tuple(one for one in CHECKS.values() if profile is Profile.FULL or one.profile is Profile.CORE)


def run(
    stand: Stand,
    *,
    tell: Callable[[str], None] = lambda _: None,
    only: frozenset[str] = frozenset(),
    faults: str = "",
) -> list[Verdict]:
    """The verdicts on every sentence of the stand's profile; `only` restricts it to some, for a second look.

    `faults`: the seed of what befalls the line (bad_day.py); empty for a good day.
    """
    if faults and stand.weather is None:
        bad_day.bring(stand, faults)
    verdicts: list[Verdict] = []
    stand.wanted = frozenset(check.number for check in chosen(stand.profile) if not only or check.number in only)
    for check in chosen(stand.profile):
        if check.number in stand.wanted:
            tell(check.number)
            if stand.weather is not None:
                bad_day.begin(stand.weather, faults, check.number)
            verdicts.append(_try(check, stand))
    if stand.weather is not None:
        verdicts = bad_day.judged(stand, verdicts)
    verdicts += [one for one in _without_trying(stand) if not only or one.number in only]
    return sorted(verdicts, key=lambda one: one.number)


def _without_trying(stand: Stand) -> Iterator[Verdict]:
    for watch in WATCHES.values():
        try:
            yield Verdict(watch.number, Outcome.PASSED, watch.run(stand.transcript), unseen=watch.unseen)
        except Failed as failed:
            yield Verdict(watch.number, Outcome.FAILED, failed.seen, failed.expected, watch.unseen)
        except NotTried as why:
            yield Verdict(watch.number, Outcome.NOT_TRIED, str(why))
    for number, reason in DECLARED.items():
        yield Verdict(number, Outcome.DECLARED, reason)
    for number, obstacle in AWAITED.items():
        yield Verdict(number, Outcome.NOT_TRIED, f"this kit has no check for it yet: {obstacle}")


def _try(check: Check, stand: Stand) -> Verdict:
    began = stand.line.now()

    def verdict(outcome: Outcome, seen: str, expected: str = "") -> Verdict:
        return Verdict(check.number, outcome, seen, expected, check.unseen, round(stand.line.now() - began, 2))

    try:
        _prepare(check, stand)
    except (Failed, NotTried) as stuck:
        return verdict(Outcome.NOT_TRIED, f"the lock could not be brought to where the check begins: {stuck}")
    if check.feature is not None and not stand.birth.capabilities.get(check.feature):
        return verdict(Outcome.NOT_APPLICABLE, f"its birth does not name the capability {check.feature}")
    if check.kind is not None and not can(stand.birth.capabilities.get("commands"), check.kind):
        return verdict(Outcome.NOT_APPLICABLE, f"it cannot {check.kind.name.lower().replace('_', ' ')}")
    try:
        return verdict(Outcome.PASSED, check.run(stand))
    except Failed as failed:
        return verdict(Outcome.FAILED, failed.seen, failed.expected)
    except NotTried as why:
        return verdict(Outcome.NOT_TRIED, str(why))


def _prepare(check: Check, stand: Stand) -> None:
    """Bring the lock to where the check begins. A lock from the factory is claimed first, but for what is asked of one."""
    if stand.boxed_secret is not None and not check.number.startswith("ANM-CLM"):
        if stand.weather is not None:
            stand.weather.allowed &= allowed("ANM-CLM-008")
        claim(stand)
    if check.settled:
        stand.settle()
    if check.number.startswith(AT_THE_DOOR) and check.number not in stand.notes:
        stand.await_open()
