"""What the kit does to a lock that a good day does not: which faults are injected, and for which sentences.

Everything drawn in a run (nonces, challenges, garbage) follows from one seed, which stands in the report.
"""

import hashlib
from collections.abc import Callable, Collection

FAULTS = {
    "damaged, misshapen and oversized frames": (
        "FRM-010",
        "FRM-014",
        "FRM-015",
        "FRM-017",
        "FRM-019",
        "FRM-020",
        "CBR-003",
        "CBR-005",
    ),
    "frames replayed, doubled, out of order, of other holders": (
        "KEY-012",
        "KEY-013",
        "KEY-015",
        "LST-010",
        "FWU-009",
        "FRM-008",
    ),
    "receipts, welcomes, answers and chunks lost": (
        *("EVT-003", "EVT-011", "EVT-012", "EVT-013", "EVT-014", "EVT-017", "EVT-019"),
        *("SES-004", "SES-019", "SES-021", "FRM-006", "FWU-010"),
    ),
    "answers too late": ("TIM-002", "CMD-006", "CMD-007"),
    "power cuts": (
        *("EVT-003", "EVT-011", "EVT-017", "LST-010", "SES-022", "TIM-004", "TIM-008", "DOR-011", "DOR-013"),
        *("CMD-009", "CMD-020", "CMD-021", "FWU-012", "FWU-015", "CLM-012", "CHN-011", "KEY-026", "KEY-034", "KEY-037"),
    ),
    "a torn connection": ("FRM-003", "SES-023", "EVT-011", "DOR-001", "DOR-002", "FWU-012", "FWU-017"),
    "a clock that stopped": ("TIM-006", "DOR-004", "CMD-008", "KEY-032", "KEY-036"),
    "certificates that are not for this lock, of another time or of nobody's authority": ("KEY-036", "KEY-038"),
    "a full flash": ("EVT-021", "EVT-022", "EVT-023", "CHN-005"),
    "images that are damaged, that hang, that nobody welcomes": ("FWU-005", "FWU-016", "FWU-018", "FWU-019"),
}
_BY_SENTENCE = {
    f"ANM-{number}": tuple(fault for fault, numbers in FAULTS.items() if number in numbers)
    for number in {one for numbers in FAULTS.values() for one in numbers}
}


def faults_of(number: str) -> tuple[str, ...]:
    """The faults that the check of a sentence injects; none where it asks for ordinary things only."""
    return _BY_SENTENCE.get(number, ())


def only_under_faults(failed: Collection[str]) -> bool:
    """Whether something failed, and all of it where faults are injected: such a lock works on a good day."""
    return bool(failed) and all(faults_of(number) for number in failed)


def seeded(seed: bytes) -> Callable[[int], bytes]:
    """Draws that follow from a seed, so that a run can be told again; for nonces and garbage, never for keys."""
    count = 0

    def draw(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_256(seed + count.to_bytes(8, "big")).digest(size)

    return draw
