"""Whoever listens hears at once, looks when it is time, and is told that it may have missed something when its line was torn."""

import time
from collections.abc import Callable

import psycopg

from service.edges.listening import Listening, Said
from tests.fixtures_database import Database

CHANNEL = "anmen_tried_out"


def eventually(happens: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < ends
        time.sleep(0.02)


def say(database: Database, what: str) -> None:
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, what])


def test_what_is_said_is_heard_at_once_and_a_torn_line_is_begun_anew(database: Database) -> None:
    heard: list[tuple[int, Said]] = []

    def work(connection: psycopg.Connection, said: Said) -> None:
        heard.append((connection.info.backend_pid, said))

    with Listening(database.serve.url, CHANNEL, work, "nothing is tried out").beside():
        eventually(lambda: [said for _, said in heard] == [None])
        say(database, "one")
        eventually(lambda: [said for _, said in heard] == [None, ("one",)])
        with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [heard[0][0]])
        eventually(lambda: [said for _, said in heard] == [None, ("one",), None])
        say(database, "two")
        eventually(lambda: heard[-1][1] == ("two",))


def test_work_that_fails_is_begun_anew_and_time_goes_on_meanwhile(database: Database) -> None:
    looked: list[Said] = []
    ticks: list[None] = []

    def work(_: psycopg.Connection, said: Said) -> None:
        looked.append(said)
        if len(looked) == 2:
            raise ValueError("this round fails")

    listening = Listening(
        database.serve.url, CHANNEL, work, "nothing is tried out", every_s=0.3, tick=lambda: ticks.append(None)
    )
    with listening.beside():
        eventually(lambda: len(looked) >= 4)
    assert looked[:4] == [None, (), None, ()]
    assert ticks
