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
_END = re.compile(r"(?<=\.)\s")
# Who is spoken of before the verb. Lists and their changes are the service's to write.
_SUBJECT = re.compile(r"\b(the service)\b|\b(?:a change|a writer)\b|\b(locks?|senders?|receivers?)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One numbered sentence: its number, the page it stands on (without ending), its text on one line."""

    number: str
    page: str
    text: str

    @property
    def binds_lock(self) -> bool:
        """Whether it asks something of a lock; what only the service MUST or SHOULD do, and mere definitions, do not."""
        is_lock = True
        for clause in _END.split(self.text):
            verb = _MODAL.search(clause)
            subject = _SUBJECT.search(clause, 0, verb.start() if verb else len(clause))
            # "It MUST" speaks of whom the sentence before spoke of.
            is_lock = is_lock if subject is None else subject[2] is not None
            if verb and is_lock:
                return True
        return False

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
