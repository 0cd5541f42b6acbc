"""One real Chromium a session, and the application with a village behind a real server."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Playwright

from face_engine.engine import FaceEngine
from service.app import create_app
from service.edges.keyring import Keyring, Root
from service.edges.requests import Parts
from service.reactions import react
from service.settings import Settings
from tests.fixtures_database import Database
from tests.fixtures_service import Clock, served
from tests.pages import village
from tests.pages.camera import write_film
from tests.pages.village import Village

# The browser talks to nobody but us, and its camera shows a film.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]


@pytest.fixture(scope="session")
def chromium(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A running Chromium; skips by name where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    film = write_film(tmp_path_factory.mktemp("camera") / "camera.mjpeg")
    shown = [f"--use-file-for-fake-video-capture={film}"] if film else []
    browser = playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS, *shown])
    yield browser
    browser.close()


@dataclass(frozen=True, slots=True)
class Site:
    """A village, where its pages are, its database, and the application that serves them."""

    village: Village
    address: str
    database: Database
    now: datetime
    app: FastAPI


@pytest.fixture(scope="module")
def site(module_database: Database, sface: FaceEngine) -> Iterator[Site]:
    """The village of this module's tests; what a test changes the next one sees."""
    now = datetime.fromisoformat("2026-03-02T01:30:00+00:00")
    keyring = Keyring({root: os.urandom(32) for root in Root})
    built = village.build(module_database, keyring, now)
    parts = Parts(
        settings=Settings(), database=module_database.serve, keyring=keyring, faces=sface, clock=Clock(now), react=react
    )
    app = create_app(parts=parts)
    with served(app) as address:
        yield Site(built, address, module_database, now, app)
