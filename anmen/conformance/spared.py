"""Which sentences are not tried under which of a line's faults, each with the reason: what they are about is a time, a count or an order."""

from anmen.conformance.faulty_line import ALL, LineFault

_TORN, _LOST = frozenset({LineFault.TORN}), frozenset({LineFault.LOST})
_HURT, _AGAIN = _TORN | _LOST, frozenset({LineFault.OVERTAKEN})
_PACE = "It is about times: what heals a loss comes seconds later."
_TURN = (
    "It is about when a lock comes back: a connection that is torn, or a welcome that is lost, gives it another turn."
)
_ONCE = "It counts what is sent again, and an announcement or a new connect begins that anew."
_QUESTION = "Only the answer to the latest question counts, within two seconds: a new connect asks another one."
_FREED = "A new connect, or an answer that is lost, gives the lock (or the broker, for it) another reason to speak than the one looked for."

SPARED: dict[str, tuple[frozenset[LineFault], str]] = {
    **dict.fromkeys(
        ("ANM-SES-004", "ANM-EVT-013", "ANM-SES-015", "ANM-SES-017", "ANM-ENR-004", "ANM-ENR-012"), (_HURT, _PACE)
    ),
    **dict.fromkeys(
        ("ANM-FWU-005", "ANM-FWU-010", "ANM-FWU-011", "ANM-FWU-013", "ANM-FWU-017", "ANM-DOR-012"), (_HURT, _PACE)
    ),
    **dict.fromkeys(("ANM-SES-022", "ANM-SES-023", "ANM-SES-024"), (_HURT, _TURN)),
    **dict.fromkeys(
        ("ANM-SES-027", "ANM-EVT-007", "ANM-EVT-008", "ANM-EVT-014", "ANM-EVT-019"), (_HURT | _AGAIN, _ONCE)
    ),
    **dict.fromkeys(("ANM-TIM-002", "ANM-TIM-004", "ANM-TIM-007", "ANM-TIM-008"), (_HURT, _QUESTION)),
    **dict.fromkeys(("ANM-FRM-008", "ANM-EVT-020", "ANM-SES-003"), (_HURT, _FREED)),
    **dict.fromkeys(
        ("ANM-CLM-003", "ANM-CLM-008", "ANM-CLM-011", "ANM-CLM-012", "ANM-CLM-014", "ANM-CLM-019"),
        (
            ALL,
            "A claim has no session: its one answer is taken whenever it comes, and what is lost of it takes another press.",
        ),
    ),
    "ANM-KEY-032": (_HURT | _AGAIN, _ONCE),
    **dict.fromkeys(
        ("ANM-KEY-036", "ANM-KEY-037", "ANM-KEY-038"),
        (_TORN, "It is about which connection a lock ends by itself, and which certificate the next one has."),
    ),
    "ANM-SES-016": (_TORN, "A rebirth has the number of its connect; a connection that is torn begins another one."),
    "ANM-CMD-020": (
        _TORN | {LineFault.REPEATED},
        "It is about what a lock does not say: a command that is repeated is answered, and a new connect says a birth.",
    ),
    **dict.fromkeys(
        (
            "ANM-KEY-022",
            "ANM-KEY-023",
            "ANM-KEY-024",
            "ANM-KEY-025",
            "ANM-KEY-026",
            "ANM-KEY-027",
            "ANM-KEY-028",
            "ANM-CHN-011",
        ),
        (
            _TORN,
            "A change of keys that is not answered is called off by its time; a connection that is torn meanwhile sets another one.",
        ),
    ),
}


def spared(number: str) -> tuple[frozenset[LineFault], str]:
    """The faults that the check of a sentence is not run under, and why; none for most."""
    return SPARED.get(number, (frozenset(), ""))


def allowed(number: str) -> frozenset[LineFault]:
    """The faults that the check of a sentence is run under on a bad day."""
    return ALL - spared(number)[0]


def in_order(faults: frozenset[LineFault]) -> list[str]:
    """Their names, as the table has them."""
    return [one.value for one in LineFault if one in faults]
