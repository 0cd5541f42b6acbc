"""The template on a lock: exactly 144 bytes, and nothing that names a person.

    offset  size  field
         0     1  magic 0xA7
         1     1  version, 1
         2     1  engine id (1 = sface, 2 = face_recognition)
         3     1  flags, none defined: 0
         4     4  first four bytes of the SHA-256 of the embedding model file
         8     4  scale, float32 little-endian, above zero
        12     4  CRC-32 (zlib) of bytes 0 to 11 and 16 to 143, little-endian
        16   128  the embedding, 128 x int8 within -127..127, the largest magnitude being exactly 127

The embedding is `int8 x scale`. The CRC finds damage, not forgery: a template is authentic because the access list that
carries it is sealed.
"""

import math
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from face_engine.engine import DLIB_ID, EMBEDDING_SIZE, SFACE_ID, Embedding, FaceEngine
from face_engine.errors import TemplateCorrupt, TemplateForeign
from face_engine.model_files import DLIB_RESNET, SFACE

TEMPLATE_BYTES = 144
MAGIC = 0xA7
VERSION = 1
_HEAD = struct.Struct("<BBBB4sf")
_CRC = struct.Struct("<I")
_VALUES_AT = _HEAD.size + _CRC.size
_LARGEST = 127
_KNOWN_MODELS = {SFACE_ID: SFACE.short_hash, DLIB_ID: DLIB_RESNET.short_hash}


@dataclass(frozen=True, slots=True)
class Template:
    """A template whose form has been checked; `values` are 128 signed bytes."""

    engine_id: int
    model_hash: bytes
    scale: float
    values: bytes

    @property
    def embedding(self) -> Embedding:
        """The embedding as the engine gave it, up to rounding; for sface of nearly unit length."""
        return np.frombuffer(self.values, np.int8).astype(np.float32) * np.float32(self.scale)


def pack_template(engine: FaceEngine, embedding: Embedding) -> bytes:
    """An embedding of this engine as 144 bytes; ValueError for anything that is not 128 finite numbers."""
    if embedding.shape != (EMBEDDING_SIZE,) or not np.isfinite(embedding).all():
        raise ValueError(f"an embedding is {EMBEDDING_SIZE} finite numbers, not {embedding.shape}")
    largest = float(np.abs(embedding).max())
    scale = float(np.float32(largest / _LARGEST))
    if scale <= 0.0 or not math.isfinite(1.0 / scale):
        raise ValueError("an embedding of nothing but zeros describes no face")
    values = np.rint(embedding.astype(np.float64) * (_LARGEST / largest)).astype(np.int8).tobytes()
    head = _HEAD.pack(MAGIC, VERSION, engine.engine_id, 0, engine.model_hash, scale)
    return head + _CRC.pack(_checksum(head, values)) + values


def unpack_template(raw: bytes, *, engine: FaceEngine | None = None) -> Template:
    """The template in 144 bytes; TemplateCorrupt for damage, TemplateForeign unless of `engine` (or of any known one)."""
    if len(raw) != TEMPLATE_BYTES:
        raise TemplateCorrupt(f"a template has {TEMPLATE_BYTES} bytes, these are {len(raw)}")
    head, values = bytes(raw[: _HEAD.size]), bytes(raw[_VALUES_AT:])
    (checksum,) = _CRC.unpack_from(raw, _HEAD.size)
    if checksum != _checksum(head, values):
        raise TemplateCorrupt("the template is damaged: its checksum does not fit. Send it again.")
    magic, version, engine_id, flags, model_hash, scale = _HEAD.unpack(head)
    _check_form(magic, (version, flags), scale, values)
    _check_origin(engine_id, model_hash, engine)
    return Template(engine_id, model_hash, scale, values)


def _checksum(head: bytes, values: bytes) -> int:
    return zlib.crc32(values, zlib.crc32(head))


def _check_form(magic: int, version_and_flags: tuple[int, int], scale: float, values: bytes) -> None:
    if magic != MAGIC:
        raise TemplateCorrupt("these bytes are not a template")
    if version_and_flags != (VERSION, 0):
        raise TemplateCorrupt(f"a template of version and flags {version_and_flags} is not understood here")
    if not (math.isfinite(scale) and scale > 0.0):
        raise TemplateCorrupt("the template's scale is not a positive number")
    if int(np.abs(np.frombuffer(values, np.int8).astype(np.int16)).max()) != _LARGEST:
        raise TemplateCorrupt("the template's numbers are not scaled as they must be")


def _check_origin(engine_id: int, model_hash: bytes, engine: FaceEngine | None) -> None:
    if engine is not None and (engine_id, model_hash) != (engine.engine_id, engine.model_hash):
        raise TemplateForeign(
            f"the template is of engine {engine_id} (model {model_hash.hex()}), not of {engine.name} "
            f"(model {engine.model_hash.hex()}). The person must be enrolled again with this engine."
        )
    if _KNOWN_MODELS.get(engine_id) != model_hash:
        raise TemplateForeign(f"the template is of an unknown engine {engine_id} or model {model_hash.hex()}")
