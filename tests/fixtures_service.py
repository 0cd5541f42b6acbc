"""The application as it is composed for real, on the test's own database, with a clock that the test sets."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from face_engine.engine import EngineName, FaceEngine
from face_engine.loading import load_engine
from service.app import create_app
from service.edges.keyring import Keyring
from service.edges.requests import Parts
from service.edges.server import GRACE_S, Server
from service.reactions import react
from service.settings import Settings
from tests.fixtures_database import Database


@dataclass
class Clock:
    """The time the application is told."""

    instant: datetime

    def __call__(self) -> datetime:
        """Now, as the test has it."""
        return self.instant

    def forward(self, **by: float) -> None:
        """Let time pass: `forward(days=2)`."""
        self.instant += timedelta(**by)


@pytest.fixture(scope="session")
def sface() -> FaceEngine:
    """The default face engine, loaded once."""
    return load_engine(EngineName.SFACE)


@pytest.fixture
def clock(now: datetime) -> Clock:
    """A clock standing at `now`."""
    return Clock(now)


@pytest.fixture
def parts(database: Database, keyring: Keyring, sface: FaceEngine, clock: Clock) -> Parts:
    """The parts of the application under test."""
    return Parts(settings=Settings(), database=database.serve, keyring=keyring, faces=sface, clock=clock, react=react)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    """The application; a test may add routes to it before the first request."""
    return create_app(parts=parts)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application behind a real server on a port of its own; gives its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=GRACE_S)
    server = Server(config, app.state.feed.end)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.002)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """Where the application under test can be reached by HTTP."""
    with served(app) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    """A client of the application; keeps cookies and follows no redirect by itself."""
    with httpx.Client(base_url=address, timeout=20) as client:
        yield client


def sign_in(client: httpx.Client, login: str, password: str) -> dict[str, str]:
    """Headers of a program that has signed in."""
    answer = client.post("/api/v1/sessions", json={"login": login, "password": password})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}
