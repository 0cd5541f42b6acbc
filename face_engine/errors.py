"""The error tree of the face engine.

FaceEngineError
  ModelMissing        a package that carries a model file is not installed
  ModelTampered       a model file is not the one whose figures are known
  UnusableImage       a picture that cannot be looked at (says why)
  TemplateError
    TemplateCorrupt   bytes that are no template
    TemplateForeign   a template of another engine or model: comparing it would be meaningless
"""

from enum import StrEnum


class FaceEngineError(Exception):
    """Anything the face engine refuses to go on with."""


class ModelMissing(FaceEngineError):
    """A model file is not there; the text names the package to install."""


class ModelTampered(FaceEngineError):
    """A model file's SHA-256 is not the pinned one."""


class ImageProblem(StrEnum):
    """Why a picture cannot be used."""

    EMPTY = "empty"
    NOT_AN_IMAGE = "not_an_image"
    HEIC = "heic"
    ANIMATED = "animated"
    DAMAGED = "damaged"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_FEW_PIXELS = "too_few_pixels"


class UnusableImage(FaceEngineError):
    """A picture that cannot be used; `reason` is for programs, the text says what to do."""

    def __init__(self, reason: ImageProblem, advice: str) -> None:
        super().__init__(advice)
        self.reason = reason


class TemplateError(FaceEngineError):
    """A stored template that must not be used."""


class TemplateCorrupt(TemplateError):
    """Bytes that are not a whole, undamaged template."""


class TemplateForeign(TemplateError):
    """A template of another engine or model than the one it would be compared with."""
