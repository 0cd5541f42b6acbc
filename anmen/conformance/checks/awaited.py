"""Sentences whose checks are still to be written, page by page. A sentence that has a check must leave this table."""

from anmen.conformance.registry import awaited

_NEEDS_A_CLAIM = "the kit begins with a lock whose keys are exchanged; it plays no claim yet"
_NEEDS_A_WIPE = "the kit orders no factory wipe yet: its other checks count on one log over the whole run"
_NEEDS_THE_MAKER = "it takes images signed with the maker's key, and the kit signs none yet"

_NEEDS_OTHER_KEYS = "the kit exchanges no new static keys with a lock yet"

# chain.md
awaited({"ANM-CHN-011": _NEEDS_OTHER_KEYS})
# claim.md
awaited(
    dict.fromkeys(
        ("ANM-CLM-003", "ANM-CLM-008"),
        _NEEDS_A_CLAIM,
    )
)
# commands.md
awaited(
    dict.fromkeys(
        (
            "ANM-CMD-020",
            "ANM-CMD-021",
            "ANM-CMD-022",
        ),
        _NEEDS_A_WIPE,
    )
)

# firmware.md
awaited(
    dict.fromkeys(
        (
            "ANM-FWU-001",
            "ANM-FWU-003",
            "ANM-FWU-004",
            "ANM-FWU-005",
            "ANM-FWU-007",
            "ANM-FWU-008",
            "ANM-FWU-009",
            "ANM-FWU-010",
            "ANM-FWU-011",
            "ANM-FWU-012",
            "ANM-FWU-013",
            "ANM-FWU-014",
            "ANM-FWU-015",
            "ANM-FWU-016",
            "ANM-FWU-017",
            "ANM-FWU-018",
            "ANM-FWU-019",
            "ANM-FWU-020",
            "ANM-FWU-022",
        ),
        _NEEDS_THE_MAKER,
    )
)
