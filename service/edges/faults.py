"""What a fault is called in a log, and whether trying the same again can help."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

# A deadlock or a serialisation failure is nobody's fault: the same work goes again.
_TRY_AGAIN = {"40001", "40P01", "55P03"}
# Connection, resources, operator, system: the database is away or full for a while.
_AWAY = {"08", "53", "57", "58"}


def passes(fault: Exception) -> bool:
    """Whether the fault is one of the moment: the connection is gone, or the database asks to be tried again."""
    if not isinstance(fault, DBAPIError):
        return False
    state = getattr(fault.orig, "sqlstate", None)
    if state is None:
        # Not the database but the driver says so: of its own accord only where there is no connection.
        return fault.connection_invalidated or isinstance(fault, OperationalError | InterfaceError)
    return fault.connection_invalidated or state in _TRY_AGAIN or state[:2] in _AWAY


def name_of(fault: Exception) -> str:
    """Kind of fault and SQLSTATE; never its text, the statement or a value."""
    cause = getattr(fault, "orig", None) or fault
    return f"{type(cause).__name__} {getattr(cause, 'sqlstate', None) or ''}".strip()
