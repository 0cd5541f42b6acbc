"""Array literals mean to PostgreSQL what the values mean to us."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmen.postgres import PostgresCluster
from service.edges import arrays

BIGINTS = st.integers(-(1 << 63), (1 << 63) - 1)
WORDS = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True).filter(lambda word: word.lower() != "null")
BOUNDS = st.lists(st.integers(0, 1 << 40), unique=True, max_size=8).map(sorted)
RANGES = BOUNDS.map(lambda bounds: list(zip(bounds[::2], bounds[1::2], strict=False)))
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@pytest.fixture(scope="module")
def connection(postgres: PostgresCluster) -> Any:
    with psycopg.connect(postgres.admin_dsn, autocommit=True) as connection:
        yield connection


def understood(connection: "psycopg.Connection[Any]", literal: str, kind: str) -> list[Any]:
    row = connection.execute(f"SELECT CAST(%s AS {kind}[])", [literal]).fetchone()
    assert row is not None
    return list(row[0])


@settings(max_examples=30)
@given(
    numbers=st.lists(BIGINTS | st.none()),
    truths=st.lists(st.booleans() | st.none()),
    words=st.lists(WORDS),
    raw=st.lists(st.binary(max_size=30) | st.none()),
    instants=st.lists(INSTANTS),
)
def test_they_are_read_as_they_were_meant(
    connection: "psycopg.Connection[Any]",
    *,
    numbers: list[int | None],
    truths: list[bool | None],
    words: list[str],
    raw: list[bytes | None],
    instants: list[datetime],
) -> None:
    assert understood(connection, arrays.numbers(numbers), "bigint") == numbers
    assert understood(connection, arrays.numbers(truths), "boolean") == truths
    assert understood(connection, arrays.words(words), "text") == words
    assert understood(connection, arrays.byte_strings(raw), "bytea") == raw
    assert understood(connection, arrays.instants(instants), "timestamptz") == instants


@settings(max_examples=30)
@given(st.lists(RANGES))
def test_multiranges_too(connection: "psycopg.Connection[Any]", ranges: Sequence[Sequence[tuple[int, int]]]) -> None:
    read = understood(connection, arrays.multiranges(ranges), "int8multirange")
    assert [[(one.lower, one.upper) for one in some] for some in read] == [list(some) for some in ranges]


@pytest.mark.parametrize("word", ["", "a,b", 'a"b', "a b", "{a}", "a\\", "null", "NULL", "\n"])
def test_a_word_that_would_have_to_be_quoted_is_refused(word: str) -> None:
    for words in ([word], ["in", word], [word, "in"]):
        with pytest.raises(ValueError, match="a word without"):
            arrays.words(words)
