"""The checks, a page of docs/protocol/ a file (or two). Loading this module fills the registry, in the order of a run.

How to add one, when tests/architecture/test_conformance.py is red because of a new sentence:

1. A function here, `@checks("ANM-XYZ-001")`, that does something to the lock and returns in a few words what it saw, or raises
   Failed with what was expected and what came instead. `feature`, `kind`: what the birth must name for it to apply; FULL where it
   needs the door or minutes; `unseen`: the part of the sentence that it does not look at. About everything that a lock says:
   `@watches` over the transcript. What nobody outside can see: `declared`, with the reason.
2. A lock that breaks the sentence, in tests/conformance/sabotage_of_*.py, a few lines of patch with `@breaks("XYZ-001")`; then the
   sentences that cannot hold without it, as `./run test --full tests/conformance/test_sabotage.py -k <name>` finds them.
3. Where it injects a fault, its line in faults.py; where it takes more than some seconds, its line in durations.py.

Checks begin with a lock that `settle` has brought in order: leave nothing that it cannot put right. Wait with stand.await_*,
`until` and `listen` only. Alarms keep a lock from waiting for its slot after a power cut, so what raises one comes behind coming_back.
"""

from anmen.conformance.checks import claim  # noqa: I001 - the order is that of a run: what others build on comes first
from anmen.conformance.checks import session
from anmen.conformance.checks import (
    frames,
    encoding,
    keys,
    events,
    receipts,
    coming_back,
    silence,
    access_list,
    list_contents,
    time,
    commands,
    commands_carried_out,
    enrolment,
    key_change,
    keys_changed,
    full_flash,
    chain,
    door_modes,
    door_states,
    door,
    firmware,
    firmware_slots,
    firmware_fetching,
    firmware_trial,
    long_waits,
    wiping,
    awaited,
    certificates,
)

__all__ = [
    "access_list",
    "awaited",
    "certificates",
    "chain",
    "claim",
    "coming_back",
    "commands",
    "commands_carried_out",
    "door",
    "door_modes",
    "door_states",
    "encoding",
    "enrolment",
    "events",
    "firmware",
    "firmware_fetching",
    "firmware_slots",
    "firmware_trial",
    "frames",
    "full_flash",
    "key_change",
    "keys",
    "keys_changed",
    "list_contents",
    "long_waits",
    "receipts",
    "session",
    "silence",
    "time",
    "wiping",
]
