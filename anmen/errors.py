"""What can go wrong around the service itself, on the machine it runs on."""

from pydantic import ValidationError

from device_sim.errors import SimulatorError
from service.errors import AnmenError


class MachineError(Exception):
    """Something this machine lacks, or that would not start. The text is for the person at the terminal: it says what to do."""


class ChildDied(MachineError):
    """A supervised process ended by itself; the text names it and shows the end of its log."""


def said_of(problem: Exception) -> str | None:
    """What the person at the terminal is told of a problem that is theirs to mend; None for one that is ours."""
    if isinstance(problem, MachineError | AnmenError | SimulatorError):
        return str(problem)
    if isinstance(problem, ValidationError) and problem.title == "Settings":
        wrong = [f"ANMEN_{str(one['loc'][0]).upper()}: {one['msg']}" for one in problem.errors()]
        return "These variables of the environment cannot be read:\n" + "\n".join(wrong)
    # Looked at by name: whoever asks for --help should not wait until an SQL toolkit is loaded.
    kind = type(problem)
    if kind.__module__ == "sqlalchemy.exc" and kind.__name__ == "ArgumentError":
        return "ANMEN_DATABASE_URL is no database address. Example: postgresql+psycopg://anmen_serve:<password>@db.example/anmen"
    if kind.__module__ == "sqlalchemy.exc" and kind.__name__ == "OperationalError":
        return f"The database does not answer: {_first_line(problem)}\nIs PostgreSQL running, and ANMEN_DATABASE_URL right?"
    if kind.__module__ == "sqlalchemy.exc" and kind.__name__ == "ProgrammingError":
        return (
            f"The database is not as this version needs it: {_first_line(problem)}\nBring it up to date: anmen migrate"
        )
    return None


def _first_line(problem: Exception) -> str:
    """What the driver said, without the statement and its values."""
    return str(getattr(problem, "orig", problem)).strip().split("\n", 1)[0]
