"""Score bands, template bytes, and that every reason for a refusal says what to do in both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from face_engine.enrolment import EnrolmentProblem
from face_engine.quality import FaceProblem
from service.faces.rules import (
    ADVICE,
    FLOAT_BYTES,
    PACKED_BYTES,
    FaceReason,
    Limits,
    Template,
    read_template,
    score_band,
    write_template,
)

SCORES = st.floats(-1, 1)
LIMITS = st.tuples(SCORES, SCORES).map(lambda pair: Limits(max(pair), min(pair)))


@given(LIMITS, SCORES, SCORES)
def test_bands_rise_with_the_score_and_agree_with_the_limits(limits: Limits, one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert score_band(low, limits) <= score_band(high, limits)
    band = score_band(one, limits)
    assert (band == 0) == (one < limits.review)
    assert (band >= 3) == (one >= limits.accept)
    assert 0 <= band <= 4


@given(st.binary(min_size=PACKED_BYTES, max_size=PACKED_BYTES), st.binary(min_size=FLOAT_BYTES, max_size=FLOAT_BYTES))
def test_a_template_comes_back_as_it_was(packed: bytes, floats: bytes) -> None:
    template = Template("sface", packed, floats)
    assert read_template("sface", write_template(template)) == template


@pytest.mark.parametrize("raw", [b"", b"x" * (PACKED_BYTES + FLOAT_BYTES - 1)])
def test_damaged_bytes_are_no_template(raw: bytes) -> None:
    with pytest.raises(ValueError, match="144"):
        read_template("sface", raw)


def test_a_template_does_not_show_in_a_log() -> None:
    assert "\\x07" not in repr(Template("sface", b"\x07" * PACKED_BYTES, b"\x07" * FLOAT_BYTES))


@pytest.mark.parametrize("problem", [*FaceProblem, *EnrolmentProblem])
def test_every_problem_of_the_engines_has_advice(problem: FaceProblem | EnrolmentProblem) -> None:
    assert FaceReason(problem.value) in ADVICE


@pytest.mark.parametrize("reason", FaceReason)
def test_every_reason_says_what_to_do(reason: FaceReason) -> None:
    advice = ADVICE[reason]
    assert advice.in_locale("zh").endswith("。")
    assert advice.in_locale("en").endswith(".")
    assert not advice.en.startswith(advice.zh)
