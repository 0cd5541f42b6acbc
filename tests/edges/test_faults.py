"""Which faults pass by themselves: trying those again is right, and trying any other again would never end."""

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import exc

from service.edges.faults import name_of, passes

PASS = [
    exc.OperationalError("", None, errors.DeadlockDetected()),
    exc.OperationalError("", None, errors.SerializationFailure()),
    exc.OperationalError("", None, errors.AdminShutdown()),
    exc.OperationalError("", None, errors.DiskFull()),
    exc.OperationalError("", None, psycopg.OperationalError("the connection is closed")),
    exc.InterfaceError("", None, psycopg.InterfaceError()),
    exc.ProgrammingError("", None, errors.UndefinedTable(), connection_invalidated=True),
]
STAY = [
    exc.IntegrityError("", None, errors.UniqueViolation()),
    exc.ProgrammingError("", None, errors.InsufficientPrivilege()),
    exc.DataError("", None, psycopg.DataError("a NUL in a text, which the driver refuses by itself")),
    exc.ProgrammingError("", None, psycopg.ProgrammingError("cannot adapt")),
    ZeroDivisionError(),
]


@pytest.mark.parametrize("fault", PASS, ids=name_of)
def test_it_passes(fault: Exception) -> None:
    assert passes(fault)


@pytest.mark.parametrize("fault", STAY, ids=name_of)
def test_it_stays(fault: Exception) -> None:
    assert not passes(fault)


def test_its_name_quotes_nothing() -> None:
    fault = exc.DataError("SELECT 'a name'", {"name": "secret"}, errors.NumericValueOutOfRange("secret"))
    assert name_of(fault) == "NumericValueOutOfRange 22003"
