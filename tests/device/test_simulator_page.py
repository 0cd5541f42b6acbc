"""docs/simulator.md says what the code says."""

from pathlib import Path

from device_sim.door import BOLT_TRANSITIONS, Bolt
from device_sim.failpoints import Failpoint
from device_sim.requests import ACTIONS

DOCUMENT = Path(__file__).parents[2] / "docs" / "simulator.md"


def bolt_diagram() -> str:
    """The bolt's transitions as a Mermaid state diagram, in the order of the table."""
    arrows = [f"    {before} --> {after}: {push}" for (before, push), after in BOLT_TRANSITIONS.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {Bolt.LOCKED}", *arrows])


def test_the_diagram_is_the_table() -> None:
    assert f"```mermaid\n{bolt_diagram()}\n```" in DOCUMENT.read_text(encoding="utf-8")


def test_every_request_and_failpoint_is_named() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in ACTIONS if name not in text] == []
    assert [point.value for point in Failpoint if f"`{point.value}`" not in text] == []
