"""Real parts shared by all tests: one database cluster, one broker and its certificates a session, made when first asked for."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Playwright, sync_playwright

from anmen.access_rules import Rule, Verb
from anmen.broker import Broker, BrokerKind
from anmen.broker_files import BrokerPorts
from anmen.certificates import Certificates
from anmen.free_ports import PortBook
from anmen.postgres import PostgresCluster
from anmen.state import StateFolder, temporary_state
from tests.figures import FigureBook, figures_file
from tests.long_form import Form, arranged

pytest_plugins = ("tests.fixtures_database", "tests.fixtures_service")

# Without deadlines: a busy machine is no defect. What must be quick is measured where it is said.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# Accounts that exist in tests only: one hears everything the broker hears, one speaks for any lock.
TAP_NAME = "anmen-tap"
LOAD_NAME = "anmen-load"
TEST_ACCOUNTS = {
    TAP_NAME: (Rule(Verb.READ, "anmen/1/#"),),
    LOAD_NAME: (Rule(Verb.WRITE, "anmen/1/+/+/up"), Rule(Verb.READ, "anmen/1/+/+/down")),
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Which tests run, and in which order (tests/long_form.py)."""
    items[:] = arranged(items, Form.of(os.environ))


BOOK = pytest.StashKey[FigureBook]()


def pytest_configure(config: pytest.Config) -> None:
    """One book of figures a run."""
    config.stash[BOOK] = FigureBook(figures_file(config.rootpath))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker's figures go to whoever runs it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = session.config.stash[BOOK].noted


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker has ended: what it measured is part of this run."""
    node.config.stash[BOOK].noted.update(getattr(node, "workeroutput", {}).get("figures", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What the long form measured, at the end of the run."""
    if lines := config.stash[BOOK].table():
        terminalreporter.section("long form")
        for line in lines:
            terminalreporter.write_line(f"long form: {line}")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of browsers: a process holds one, whichever folders' tests share it."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> FigureBook:
    """Where a long test notes what it measured."""
    return request.config.stash[BOOK]


@pytest.fixture(scope="session")
def machine_state() -> Iterator[StateFolder]:
    """A state folder of this test session's own, gone after it."""
    with temporary_state("anmen-test-") as state:
        yield state


@pytest.fixture(scope="session")
def ports() -> PortBook:
    """Free ports on 127.0.0.1; no port is given twice in a session."""
    return PortBook()


@pytest.fixture(scope="session")
def postgres(machine_state: StateFolder) -> Iterator[PostgresCluster]:
    """A running PostgreSQL. Without fsync: these tests kill processes, not the machine, and the page cache survives that."""
    cluster = PostgresCluster(machine_state.postgres, settings={"fsync": "off", "log_min_messages": "warning"})
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def certificates(machine_state: StateFolder) -> Certificates:
    """The session's certificate authorities and what they have signed."""
    return Certificates(machine_state.certificates)


@pytest.fixture(scope="session")
def broker(machine_state: StateFolder, certificates: Certificates, ports: PortBook) -> Iterator[Broker]:
    """A running Mosquitto with the shipped configuration and rules, plus the accounts in TEST_ACCOUNTS."""
    broker = Broker(
        machine_state.broker,
        certificates,
        ports=BrokerPorts(ports.claim("locks"), ports.claim("services")),
        kind=BrokerKind.MOSQUITTO,
        accounts=TEST_ACCOUNTS,
    )
    broker.start()
    yield broker
    broker.stop()
