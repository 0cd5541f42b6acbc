"""What stands in the repository besides code: the map in the README, the decisions, and nothing about the workshop."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.house_rules import ROOT

MAP_HEADING = "## The map"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DECISION_LINES = 40
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)")
# Addresses and paths of the place where this was built have no business in it.
_WORKSHOP = re.compile(r"/work/|/root/|/home/\w+/|\b(?:artifactory|nexus)\b", re.IGNORECASE)


def tracked_files() -> list[Path]:
    """Every text file that is under version control."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def mapped_folders(readme: str) -> set[str]:
    """The folders that the map in the README names: the first word of each line of its code block."""
    after = readme.partition(MAP_HEADING)[2]
    block = after.split("```")[1] if after.count("```") >= 2 else ""
    words = [line.split()[0] for line in block.splitlines()[1:] if line.strip()]
    return {word.rstrip("/") for word in words if word.endswith("/")}


def existing_folders() -> set[str]:
    """The folders a newcomer meets: those at the top, and the concepts of the service."""
    top = {path.relative_to(ROOT).parts[0] for path in tracked_files() if path.parent != ROOT}
    concepts = {f"service/{path.parent.name}" for path in tracked_files() if path.match("service/*/__init__.py")}
    return {folder for folder in top | concepts if not folder.startswith(".")}


def test_the_map_in_the_readme_is_the_tree() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    if MAP_HEADING not in readme:
        pytest.skip(f"the README has no section {MAP_HEADING!r} yet")
    assert mapped_folders(readme) == existing_folders()


def test_the_map_is_read_as_it_is_meant() -> None:
    readme = f"# X\n\n{MAP_HEADING}\n\n```\nservice/           the service\nservice/people/    records\n  more words\n```\nend"
    assert mapped_folders(readme) == {"service", "service/people"}


def test_no_link_in_the_documents_is_dead() -> None:
    dead = []
    for page in [
        ROOT / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        ROOT / "firmware_protocol" / "c" / "README.md",
    ]:
        for there, heading in _LINK.findall(page.read_text(encoding="utf-8")):
            target = page.parent / there
            if not target.exists() or (heading and heading not in headings(target)):
                dead.append(f"{page.relative_to(ROOT)}: {there}{heading}")
    assert dead == []


def headings(page: Path) -> set[str]:
    """The headings of a page as addresses, the way GitHub makes them."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_and_says_what_holds_it(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    number = decision.name[:4]
    assert text.startswith(f"# {number} ")
    assert text.count("\n") <= DECISION_LINES
    held_by = text.partition("**Held by.**")[2]
    named = re.findall(r"`([\w/.-]+\.\w+)`", held_by)
    assert named
    assert all((ROOT / name).exists() for name in named), named


def test_no_two_decisions_have_one_number() -> None:
    numbers = [path.name[:4] for path in DECISIONS]
    assert len(numbers) == len(set(numbers))


def _mentions(text: str) -> list[str]:
    return [line for line in text.splitlines() if _WORKSHOP.search(line)]


def test_nothing_names_the_workshop() -> None:
    found = []
    for path in tracked_files():
        if path.name not in {"uv.lock", Path(__file__).name}:
            found += [f"{path.relative_to(ROOT)}: {line}" for line in _mentions(path.read_text(errors="ignore"))]
    assert not found, "\n".join(found)


def test_a_workshop_path_is_noticed() -> None:
    assert _mentions("see /work/shared/x")
    assert not _mentions("see ../shared/faces")
