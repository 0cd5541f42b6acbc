"""Checks of session.md and events.md that a long silence of the service shows. They come behind those of reconnect slots: what else is looked
at in the silence raises an alarm, and a lock that has forgotten with its power that it is stored does not wait for its slot.
"""

from itertools import pairwise

from anmen.conformance.counterpart import Manners
from anmen.conformance.deafness import deafness, judge_waits
from anmen.conformance.registry import checks
from anmen.conformance.stand import SLACK_S, Stand
from anmen.conformance.verdict import Failed
from firmware_protocol.messages import Heartbeat


@checks("ANM-SES-004", settled=False)
def birth_is_first_and_repeated(stand: Stand) -> str:
    """The first frame of a connect is its birth; without an answer it comes again after 5 s, doubled up to 300."""
    heard = deafness(stand)
    if not heard.birth_was_first:
        raise Failed(expected="the birth as the first frame after power came back", seen=heard.first_words)
    judge_waits(heard.birth_waits, heard.waits_expected, "unanswered births")
    return "unanswered births came again after " + ", ".join(f"{wait:.1f}" for wait in heard.birth_waits) + " s"


@checks("ANM-EVT-013")
def probes(stand: Stand) -> str:
    """Without receipts one event, the first, goes again after 5 s, then after waits that double up to 300."""
    heard = deafness(stand)
    waits = heard.probe_waits
    if any(size != 1 for size in heard.probe_sizes) or len(set(heard.probe_firsts)) > 1:
        raise Failed(
            expected="probes of one event, always the first",
            seen=f"sizes {heard.probe_sizes}, first numbers {heard.probe_firsts}",
        )
    judge_waits(waits, heard.waits_expected[1:], "probes")
    return "one event probed, then again after " + ", ".join(f"{wait:.0f}" for wait in waits) + " s"


@checks("ANM-SES-017")
def heartbeat_at_the_welcomes_pace(stand: Stand) -> str:
    """A welcome that says 2 s gives a heartbeat every 2 s; in a long silence before any welcome there is none."""
    if early := deafness(stand).heartbeats:
        raise Failed(expected="no heartbeat before the first welcome of a connect", seen=f"{early}")
    stand.settle(Manners(heartbeat_s=2))
    since = stand.mark()
    stand.listen(9.0)
    beats = [one.at for one, _ in stand.transcript.of(Heartbeat, since)]
    waits = [later - earlier for earlier, later in pairwise(beats)]
    if len(waits) < 3 or not all(1.7 <= wait <= 2.3 + SLACK_S / 2 for wait in waits):
        raise Failed(
            expected="a heartbeat every 2 s, as welcomed", seen=f"{len(beats)} in 9 s, {_shown(waits)} s apart"
        )
    return f"heartbeats {_shown(waits)} s apart"


def _shown(waits: list[float]) -> str:
    return ", ".join(f"{wait:.1f}" for wait in waits) or "none"
