"""The photographs the demo plays people with: who is there, what each person's ID portrait is, what a camera sees.

Looked for in this order: a folder the user named; `../shared/faces` beside the checkout; the licensed photographs of
`anmen.photograph_archive`. None of them is ever part of this repository. Where a person has fewer pictures than are needed, the
rest are made from one of them, a little lighter or darker, cropped and turned; `origin` then says so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from anmen.errors import MachineError
from anmen.photograph_archive import CREDITS, licensed_photographs
from anmen.photograph_sources import LABELS, Pictures, licensed_pictures, pictures_in
from anmen.photograph_variants import write_variant
from anmen.state import default_state_path
from face_engine import (
    EngineName,
    FaceEngine,
    FaceProblem,
    FoundFace,
    UnusableImage,
    decode_image,
    find_one_face,
    load_engine,
)

CHECKOUT = Path(__file__).resolve().parent.parent
LIVE_FRAMES = 3
NEEDED = 1 + LIVE_FRAMES + 1


@dataclass(frozen=True, slots=True)
class PhotographedPerson:
    """One person with an ID portrait, three live frames and one picture for the camera at the door."""

    key: str
    portrait: Path
    live: tuple[Path, ...]
    at_door: Path
    origin: str
    """Whose picture it is and under what terms, and whether some were made from another."""


@dataclass(frozen=True, slots=True)
class PhotographSet:
    """The people of the demo, and a stranger who looks like none of them."""

    people: tuple[PhotographedPerson, ...]
    stranger: PhotographedPerson
    source: str
    credits: Path | None
    left_out: tuple[str, ...]
    """Pictures that were passed over, each with the reason."""


@dataclass(frozen=True, slots=True)
class _Usable:
    path: Path
    face: FoundFace


def find_photographs(
    folder: Path | None = None, *, kept_in: Path | None = None, engine: FaceEngine | None = None, people: int = 8
) -> PhotographSet:
    """Up to `people` people and a stranger, every picture tried on a face engine; MachineError says what is missing."""
    state = kept_in or default_state_path(CHECKOUT) / "photographs"
    found, source, credited = _source(folder, state)
    judge = engine or load_engine(EngineName.SFACE)
    left_out: list[str] = []
    chosen: list[tuple[PhotographedPerson, _Usable]] = []
    for pictures in found:
        usable = _usable(judge, pictures, left_out)
        if usable and _is_nobody_else(judge, usable[0], (first for _, first in chosen)):
            chosen.append((_person(pictures, usable, state / "variants"), usable[0]))
        if len(chosen) > people:
            break
    if len(chosen) < 2:
        raise MachineError(_missing(source, len(chosen), left_out))
    *tenants, stranger = (person for person, _ in chosen)
    return PhotographSet(tuple(tenants), stranger, source, credited, tuple(left_out))


def _source(folder: Path | None, state: Path) -> tuple[tuple[Pictures, ...], str, Path | None]:
    if folder is not None:
        if not folder.is_dir():
            raise MachineError(f"There is no folder {folder}. Name one that holds a subfolder of photographs a person.")
        return pictures_in(folder), f"the folder {folder}", None
    beside = CHECKOUT.parent / "shared" / "faces"
    if (beside / LABELS).is_file():
        return pictures_in(beside), f"the folder {beside} (not for publishing)", None
    licensed = licensed_photographs(state)
    return licensed_pictures(licensed), "licensed photographs of public figures", licensed / CREDITS


def _usable(engine: FaceEngine, pictures: Pictures, left_out: list[str]) -> list[_Usable]:
    """The first pictures in which the engine finds one face, any two of which it takes for the same person."""
    same_from = engine.thresholds.one_to_many_accept
    usable: list[_Usable] = []
    for path in pictures.files:
        found = _look(engine, path)
        if not isinstance(found, FoundFace):
            left_out.append(f"{path.name}: {found}")
        elif any(engine.score(each.face.embedding, found.embedding) < same_from for each in usable):
            left_out.append(f"{path.name}: not enough like the others")
        else:
            usable.append(_Usable(path, found))
        if len(usable) == NEEDED:
            break
    return usable


def _look(engine: FaceEngine, path: Path) -> FoundFace | FaceProblem | str:
    try:
        return find_one_face(engine, decode_image(path.read_bytes()))
    except (UnusableImage, OSError) as error:
        return str(error)


def _is_nobody_else(engine: FaceEngine, candidate: _Usable, others: Iterable[_Usable]) -> bool:
    unlike_below = engine.thresholds.one_to_one_review
    return all(engine.score(candidate.face.embedding, other.face.embedding) < unlike_below for other in others)


def _person(pictures: Pictures, usable: list[_Usable], variants: Path) -> PhotographedPerson:
    files = [each.path for each in usable]
    made = list(_variants(files[-1], NEEDED - len(files), variants / pictures.key))
    portrait, *rest = (files + made)[:NEEDED]
    note = f"; {len(made)} of {NEEDED} pictures made from {files[-1].name} (light, crop, slight turn)" if made else ""
    return PhotographedPerson(pictures.key, portrait, tuple(rest[:LIVE_FRAMES]), rest[-1], pictures.origin + note)


def _variants(original: Path, count: int, folder: Path) -> Iterator[Path]:
    for number in range(count):
        yield write_variant(original, folder / f"variant-{number + 1}.jpg", number)


def _missing(source: str, found: int, left_out: list[str]) -> str:
    passed_over = f" Passed over: {'; '.join(left_out[:5])}." if left_out else ""
    return (
        f"Photographs of two people at least are needed, a tenant and a stranger; {source} has usable ones of {found}. Put one "
        f"subfolder a person there, with a clear picture of one face each (better: portrait.jpg and four more).{passed_over}"
    )
