"""Recognising a face by the lock's own list, with no network and no picture kept."""

from collections.abc import Iterable
from dataclasses import dataclass

from face_engine.engine import FaceEngine
from face_engine.errors import TemplateError
from face_engine.finding import FoundFace
from face_engine.identification import Identified, NotIdentified, NotIdentifiedReason, identify
from face_engine.quality import FaceProblem
from face_engine.template import Template, unpack_template
from firmware_protocol.access_list import ListEntry
from firmware_protocol.vocabulary import CredentialType, Liveness, RefusalReason

# How far above the threshold a match lies: enough to see a threshold that is set wrongly, too little to tell people apart.
SCORE_BANDS = (0.0, 0.05, 0.1, 0.2)

_REASONS = {
    FaceProblem.NO_FACE: RefusalReason.NO_FACE,
    FaceProblem.SEVERAL_FACES: RefusalReason.SEVERAL_FACES,
}
_NOT_IDENTIFIED = {
    NotIdentifiedReason.AMBIGUOUS: RefusalReason.FACE_AMBIGUOUS,
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What the camera saw: the one face or why there is none, and its sensor's verdict whether that is a living one."""

    face: FoundFace | FaceProblem
    liveness: Liveness


@dataclass(frozen=True, slots=True)
class Recognition:
    """The entries whose template it is (one person's, so all with one material), or why nobody was recognised."""

    entries: tuple[ListEntry, ...] = ()
    reason: RefusalReason = RefusalReason.FACE_NOT_RECOGNISED
    score_band: int = 0


class KnownFaces:
    """The templates of a list, ready for comparison."""

    def __init__(self, engine: FaceEngine | None, entries: Iterable[ListEntry]) -> None:
        self._engine = engine
        self._people: list[list[ListEntry]] = []
        self._gallery: list[tuple[int, Template]] = []
        by_material: dict[bytes, list[ListEntry]] = {}
        for entry in entries if engine else ():
            if entry.type is CredentialType.FACE:
                by_material.setdefault(entry.material, []).append(entry)
        for material, group in by_material.items():
            # One person whose tenancy was renewed is on the list twice, and must not be taken for two who look alike.
            self._gallery.append((len(self._people), unpack_template(material, engine=engine)))
            self._people.append(group)

    def recognise(self, sight: Sight) -> Recognition:
        """Whose face it is."""
        if isinstance(sight.face, FaceProblem):
            return Recognition(reason=_REASONS.get(sight.face, RefusalReason.FACE_UNUSABLE))
        if sight.liveness is not Liveness.PASSED:
            return Recognition(reason=RefusalReason.NOT_LIVE)
        if self._engine is None:
            return Recognition(reason=RefusalReason.DISABLED)
        found = identify(self._gallery, sight.face.embedding, self._engine.thresholds)
        if isinstance(found, NotIdentified):
            return Recognition(reason=_NOT_IDENTIFIED.get(found.reason, RefusalReason.FACE_NOT_RECOGNISED))
        return Recognition(tuple(self._people[found.candidate_id]), score_band=self._band(self._engine, found))

    def _band(self, engine: FaceEngine, found: Identified) -> int:
        above = found.score - engine.thresholds.one_to_many_accept
        return sum(above >= step for step in SCORE_BANDS)


def why_unusable(engine: FaceEngine | None, entries: Iterable[ListEntry]) -> str | None:
    """Why this lock cannot use one of the entries, naming its number, or None."""
    for entry in entries:
        if entry.type is not CredentialType.FACE:
            continue
        if engine is None:
            return f"entry {entry.credential_id} is a face, and this lock has no camera"
        try:
            unpack_template(entry.material, engine=engine)
        except TemplateError as unusable:
            return f"entry {entry.credential_id}: {unusable}"[:200]
    return None
