"""The control socket: a Unix domain socket of the same user, one JSON object a line each way. And its client, `ask`."""

import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from device_sim.errors import BadRequest, NoSimulator, SimulatorError
from device_sim.report import Json

MAX_LINE_BYTES = 16_000_000
# What the kernel has room for in an address, with the final zero (sun_path, unix(7)).
_MAX_PATH_BYTES = 107

Answer = Callable[[Any], Json]


class ControlSocket:
    """Serves the socket at a path until closed; every connection has a thread, every line an answer."""

    def __init__(self, path: Path, answer: Answer) -> None:
        _check_free(path)
        self._path = path
        self._server = _Server(str(path), _Conversation)
        self._server.answer = answer
        path.chmod(0o600)
        self._thread = threading.Thread(target=self._server.serve_forever, name="control", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop and remove the socket."""
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


def ask(path: Path, request: Json, *, timeout_s: float = 30.0) -> Json:
    """One request and its answer; NoSimulator where nobody listens there or the answer does not come."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(timeout_s)
            line.connect(str(path))
            line.sendall(json.dumps(request).encode() + b"\n")
            with line.makefile("rb") as reader:
                raw = reader.readline(MAX_LINE_BYTES)
        return dict(json.loads(raw))
    except (OSError, ValueError) as silent:
        why = getattr(silent, "strerror", None) or "it does not speak as a simulator"
        raise NoSimulator(
            f"no simulator answers at {path} ({why}). Start one (./run demo), or name its socket with --socket."
        ) from silent


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    answer: Answer


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        while line := self.rfile.readline(MAX_LINE_BYTES):
            answer = {"error": "the line is too long"} if not line.endswith(b"\n") else self._answer(line)
            try:
                self.wfile.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
            except OSError:
                return

    def _answer(self, line: bytes) -> Json:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return {"error": "this line is no JSON"}
        return self.server.answer(request)


def _check_free(path: Path) -> None:
    """Remove what a killed simulator left; refuse where one is running."""
    if len(os.fsencode(path)) > _MAX_PATH_BYTES:
        raise BadRequest(f"the path of the control socket is too long for the system ({_MAX_PATH_BYTES} bytes): {path}")
    if not path.exists():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        try:
            line.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise SimulatorError(f"a simulator is already running at {path}")
