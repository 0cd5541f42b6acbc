"""The normative sentences of docs/protocol/, read from the pages themselves."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "protocol"
SCHEMA = ROOT / "firmware_protocol" / "anmen.cddl"
_SENTENCE = re.compile(r"^\*\*(ANM-[A-Z]{3}-\d{3})\*\* (.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MODAL = re.compile(r"\b(MUST|SHOULD)\b")
# One obligation: a modal verb, and what comes before it within its sentence.
_CLAUSE = re.compile(r"[^.:]*?\b(?:MUST|SHOULD)\b")
_ON_THE_SERVICE = re.compile(r"\b[Tt]he service (?:MUST|SHOULD)\b|\b[Tt]he service\b[^.]*\b(?:MUST|SHOULD)\b")
_SERVICE_DOES = re.compile(r"\bthe service (?!MUST|SHOULD|MAY)\w+s\b")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One numbered sentence: its number, the page it stands on (without ending), its text on one line."""

    number: str
    page: str
    text: str

    @property
    def binds_lock(self) -> bool:
        """Whether it asks something of a lock; what only the service MUST or SHOULD do, and mere definitions, do not."""
        text = (
            re.sub(r"\bIt (?=MUST|SHOULD)", "The service ", self.text)
            if _SERVICE_DOES.search(self.text.split(" It ")[0])
            else self.text
        )
        return any(not _ON_THE_SERVICE.search(clause) for clause in _CLAUSE.findall(text))

    @property
    def is_advice(self) -> bool:
        """Whether it says SHOULD and nowhere MUST."""
        return {*_MODAL.findall(self.text)} == {"SHOULD"}


def read_sentences(folder: Path = DOCS) -> dict[str, Sentence]:
    """Every sentence by its number, in the order of pages and numbers."""
    found: dict[str, Sentence] = {}
    for page in sorted(folder.glob("*.md")):
        for number, text in _SENTENCE.findall(page.read_text(encoding="utf-8")):
            found[number] = Sentence(number, page.stem, _LINK.sub(r"\1", " ".join(text.split())))
    return found


def protocol_digest(folder: Path = DOCS, schema: Path = SCHEMA) -> str:
    """SHA-256 (hexadecimal) over every numbered sentence and the schema: names the protocol that a report is about."""
    whole = hashlib.sha256()
    for sentence in read_sentences(folder).values():
        whole.update(f"{sentence.number} {sentence.text}\n".encode())
    whole.update(schema.read_bytes())
    return whole.hexdigest()
