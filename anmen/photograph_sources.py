"""Where photographs of people can lie: in a labelled collection, in a folder with one subfolder a person, or licensed."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anmen.photograph_archive import PICTURES

LABELS = "labels.csv"
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_LICENSED = "licensed photograph of a public figure, credited in CREDITS.md"


@dataclass(frozen=True, slots=True)
class Pictures:
    """All pictures there are of one person, the one that serves as ID portrait first."""

    key: str
    files: tuple[Path, ...]
    origin: str


def pictures_in(folder: Path) -> tuple[Pictures, ...]:
    """The people of a folder: by its labels.csv where there is one, else one person a subfolder, in the order of names."""
    if (folder / LABELS).is_file():
        return _labelled(folder)
    people = (
        Pictures(_key(each.name), _portrait_first(each), f"the folder {folder.name}/{each.name}")
        for each in sorted(folder.iterdir())
        if each.is_dir()
    )
    return tuple(person for person in people if person.files)


def licensed_pictures(folder: Path) -> tuple[Pictures, ...]:
    """The four people of the licensed pictures."""
    return tuple(Pictures(key, tuple(folder / name for name in names), _LICENSED) for key, names in PICTURES.items())


def _labelled(folder: Path) -> tuple[Pictures, ...]:
    """People with clean pictures, those in colour and with the most pictures first."""
    files: dict[tuple[bool, str], list[Path]] = defaultdict(list)
    licences: dict[str, str] = {}
    with (folder / LABELS).open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            if row["kind"] == "face":
                files[row["color"] != "rgb", row["identity"]].append(folder / row["file"])
                licences[row["identity"]] = row["licence"]
    ordered = sorted(files.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1]))
    return tuple(Pictures(_key(name), tuple(sorted(paths)), licences[name]) for (_, name), paths in ordered)


def _portrait_first(folder: Path) -> tuple[Path, ...]:
    pictures: Sequence[Path] = [path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES]
    return tuple(sorted(pictures, key=lambda path: (not path.stem.lower().startswith(("portrait", "id")), path.name)))


def _key(name: str) -> str:
    return name.strip().lower().replace(" ", "_")
