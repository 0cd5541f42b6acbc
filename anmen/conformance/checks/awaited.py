"""Sentences whose checks are still to be written, page by page. A sentence that has a check must leave this table."""

from anmen.conformance.registry import awaited

_NEEDS_A_CLAIM = "the kit begins with a lock whose keys are exchanged; it plays no claim yet"

_NEEDS_OTHER_KEYS = "the kit exchanges no new static keys with a lock yet"

# chain.md and keys.md
awaited(
    dict.fromkeys(("ANM-CHN-011", *(f"ANM-KEY-{number:03}" for number in range(22, 29))), _NEEDS_OTHER_KEYS),
)
# claim.md
awaited(
    dict.fromkeys(
        ("ANM-CLM-003", "ANM-CLM-008"),
        _NEEDS_A_CLAIM,
    )
)
