"""The 144 bytes on the lock: whole or refused, of this engine or refused."""

import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from face_engine import (
    TEMPLATE_BYTES,
    FaceEngine,
    TemplateCorrupt,
    TemplateError,
    TemplateForeign,
    pack_template,
    unpack_template,
)

EMBEDDINGS = arrays.arrays(np.float32, 128, elements=st.floats(-2, 2, width=32)).filter(
    lambda vector: bool(np.abs(vector).max() > 1e-6)
)
# The engines are the same for every example.
with_engine = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@with_engine
@given(embedding=EMBEDDINGS)
def test_a_template_keeps_the_embedding_up_to_half_a_step(engine: FaceEngine, embedding: NDArray[np.float32]) -> None:
    raw = pack_template(engine, embedding)
    template = unpack_template(raw, engine=engine)
    assert len(raw) == TEMPLATE_BYTES == 144
    assert (template.engine_id, template.model_hash) == (engine.engine_id, engine.model_hash)
    assert np.abs(template.embedding - embedding).max() <= template.scale * 0.501
    assert pack_template(engine, template.embedding) == raw


@with_engine
@given(embedding=EMBEDDINGS, bit=st.integers(0, 144 * 8 - 1))
def test_any_flipped_bit_is_noticed(sface: FaceEngine, embedding: NDArray[np.float32], bit: int) -> None:
    raw = bytearray(pack_template(sface, embedding))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TemplateCorrupt):
        unpack_template(bytes(raw))


@given(raw=st.binary(max_size=300) | st.binary(min_size=144, max_size=144))
def test_other_bytes_are_no_template(raw: bytes) -> None:
    with pytest.raises(TemplateError):
        unpack_template(raw)


def test_the_bytes_are_those_written_down(sface: FaceEngine) -> None:
    embedding = np.linspace(-1, 1, 128, dtype=np.float32)
    raw = pack_template(sface, embedding)
    assert raw[:12].hex() == "a7010100" + "fb143eea" + "0402013c"
    assert int.from_bytes(raw[12:16], "little") == zlib.crc32(raw[:12] + raw[16:])
    assert raw[16:20] == bytes([0x81, 0x83, 0x85, 0x87])
    assert raw[-1] == 127


def test_a_template_of_the_other_engine_is_never_compared(sface: FaceEngine, dlib: FaceEngine) -> None:
    embedding = np.linspace(-1, 1, 128, dtype=np.float32)
    for own, other in ((sface, dlib), (dlib, sface)):
        with pytest.raises(TemplateForeign, match="enrolled again"):
            unpack_template(pack_template(own, embedding), engine=other)


@pytest.mark.parametrize("embedding", [np.zeros(128), np.full(128, np.nan), np.full(128, np.inf), np.ones(127)])
def test_what_is_no_embedding_is_not_packed(sface: FaceEngine, embedding: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="embedding"):
        pack_template(sface, embedding.astype(np.float32))
