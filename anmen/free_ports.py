"""Ports for what we start: the usual one, or one beside it when somebody already has it; remembered for next time."""

import json
import socket
from pathlib import Path

from anmen.errors import MachineError

_NEIGHBOURS_TRIED = 100


class PortBook:
    """Chooses a port a name and keeps the choice in a file; with no file every choice is for this run only."""

    def __init__(self, path: Path | None = None, *, host: str = "127.0.0.1") -> None:
        self._path = path
        self._host = host
        self._remembered: dict[str, int] = _read(path)
        self._taken: set[int] = set()

    def claim(self, name: str, preferred: int = 0) -> int:
        """A free port: the remembered one, the preferred one or a neighbour of it; with 0 any the system has."""
        wanted = self._remembered.get(name, preferred)
        port = self._first_free(wanted) if wanted else self._any_free()
        self._taken.add(port)
        if self._remembered.get(name) != port:
            self._remember(name, port)
        return port

    def remembered(self, name: str) -> int:
        """The port that was claimed under this name; MachineError where none was."""
        if name not in self._remembered:
            raise MachineError(f"Nothing has claimed a port for {name} yet. Start the demo first: ./run demo")
        return self._remembered[name]

    def _first_free(self, wanted: int) -> int:
        for port in range(wanted, min(wanted + _NEIGHBOURS_TRIED, 65536)):
            if port not in self._taken and is_free(port, self._host):
                return port
        return self._any_free()

    def _any_free(self) -> int:
        for _ in range(_NEIGHBOURS_TRIED):
            with socket.socket() as probe:
                probe.bind((self._host, 0))
                port: int = probe.getsockname()[1]
            if port not in self._taken:
                return port
        raise MachineError(f"No free port was found on {self._host}. See what holds them: ss -ltn")

    def _remember(self, name: str, port: int) -> None:
        self._remembered[name] = port
        if self._path is not None:
            self._path.write_text(json.dumps(self._remembered, indent=2) + "\n")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now; connections still in TIME_WAIT do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _read(path: Path | None) -> dict[str, int]:
    if path is None or not path.exists():
        return {}
    try:
        kept = json.loads(path.read_text())
    except ValueError:
        return {}
    return {name: port for name, port in kept.items() if isinstance(port, int)} if isinstance(kept, dict) else {}
