"""How long the longest checks take on the simulated lock's own clock, in seconds, so that whoever waits is told how much is left.

A lock that has to be restarted by hand takes longer; a test holds the figures to what is measured.
"""

from collections.abc import Collection

from anmen.conformance.registry import Profile

OTHERS_S = 1.0
CORE_S = {
    "ANM-SES-022": 41.0,
    "ANM-SES-004": 36.0,
    "ANM-CMD-006": 32.0,
    "ANM-SES-015": 11.0,
    "ANM-LST-016": 9.0,
    "ANM-SES-017": 9.0,
    "ANM-SES-021": 7.0,
    "ANM-EVT-008": 10.0,
    "ANM-EVT-014": 5.0,
    "ANM-ENR-003": 93.0,
    "ANM-ENR-004": 30.0,
    "ANM-ENR-011": 30.0,
}
# A full flash of 15,000 events (EVT-021) is counted as over a broker.
FULL_S = {
    **CORE_S,
    "ANM-SES-022": 641.0,
    "ANM-FWU-019": 630.0,
    "ANM-SES-004": 616.0,
    "ANM-EVT-021": 150.0,
    "ANM-TIM-007": 46.0,
    "ANM-TIM-008": 46.0,
    "ANM-FWU-010": 28.0,
    "ANM-FWU-017": 26.0,
    "ANM-SES-023": 21.0,
    "ANM-FWU-018": 20.0,
    "ANM-ENR-005": 434.0,
    "ANM-ENR-006": 124.0,
    "ANM-ENR-010": 109.0,
    "ANM-ENR-013": 30.0,
    "ANM-ENR-012": 18.0,
    "ANM-DOR-005": 15.0,
    "ANM-KEY-023": 62.0,
    "ANM-KEY-026": 76.0,
    "ANM-KEY-028": 72.0,
    "ANM-CMD-021": 67.0,
    "ANM-CHN-011": 10.0,
    "ANM-CLM-012": 5.0,
    "ANM-KEY-036": 15.0,
    "ANM-KEY-037": 10.0,
    "ANM-KEY-032": 6.0,
    "ANM-DOR-015": 13.0,
    "ANM-DOR-022": 12.0,
    "ANM-DOR-012": 17.0,
    "ANM-FWU-007": 14.0,
    "ANM-FWU-015": 12.0,
    "ANM-CMD-016": 10.0,
}


def left_s(numbers: Collection[str], profile: Profile) -> float:
    """About how long the checks of these sentences take together."""
    known = FULL_S if profile is Profile.FULL else CORE_S
    return sum(known.get(number, OTHERS_S) for number in numbers)


def in_words(seconds: float) -> str:
    """A rough time, for people."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(10, round(seconds, -1)):.0f} s"
