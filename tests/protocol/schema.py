"""The CDDL file as a judge of bytes, by a library that shares no code with ours."""

from functools import cache
from pathlib import Path

from cddl_verifier import Validator  # type: ignore[import-untyped]  # The package has no type marker.

SCHEMA = Path(__file__).parents[2] / "firmware_protocol" / "anmen.cddl"


@cache
def _validator() -> Validator:
    return Validator(SCHEMA)


def problems(raw: bytes, root: str) -> list[str]:
    """Why the bytes are not what the root says; empty where they are."""
    result = _validator().validate(raw, root_type=root)
    return [] if result.valid else [str(one) for one in result.errors] or ["invalid"]
