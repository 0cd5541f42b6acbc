"""Serves the page on 127.0.0.1: four files, and POST /ask with the requests of device_sim.requests.

Another site's script must not reach the locks through a visitor's browser: only requests that name this host are
answered (so no rebound name), and only those of type JSON (which no plain form can send).
"""

import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from device_sim.errors import SimulatorError
from device_sim.report import Json

HOST = "127.0.0.1"
MAX_BODY_BYTES = 12_000_000
_FOLDER = Path(__file__).parent
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/texts.js": ("texts.js", "text/javascript; charset=utf-8"),
}
_POLICY = "default-src 'self'; img-src 'self' blob: data:; media-src blob:; frame-ancestors 'none'; base-uri 'none'"

Answer = Callable[[Any], Json]


class Page:
    """The page at a port (0: any free one) until stopped."""

    def __init__(self, port: int, answer: Answer) -> None:
        try:
            self._server = _Server((HOST, port), _Visit)
        except OSError as taken:
            raise SimulatorError(f"port {port} of {HOST} cannot be used for the page: {taken.strerror}") from taken
        self._server.answer = answer
        self._thread = threading.Thread(target=self._server.serve_forever, name="page", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens at."""
        return self._server.server_port

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{HOST}:{self.port}/"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    answer: Answer


class _Visit(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "anmen-sim"
    timeout = 30

    def do_GET(self) -> None:
        """One of the files."""
        name, kind = _FILES.get(self.path, ("", ""))
        if not self._is_ours() or not name:
            self._send(HTTPStatus.NOT_FOUND, b"There is nothing here.", "text/plain; charset=utf-8")
        else:
            self._send(HTTPStatus.OK, (_FOLDER / name).read_bytes(), kind)

    def do_POST(self) -> None:
        """A request to a lock, and its answer."""
        length = self.headers.get("Content-Length", "")
        is_json = self.headers.get("Content-Type", "").partition(";")[0].strip() == "application/json"
        if self.path != "/ask" or not self._is_ours() or not is_json:
            self._refuse(HTTPStatus.NOT_FOUND, "requests go to /ask, as application/json")
        elif not length.isascii() or not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MAX_BODY_BYTES:,} bytes")
        else:
            self._answer(self.rfile.read(int(length)))

    def _answer(self, raw: bytes) -> None:
        try:
            request = json.loads(raw)
        except (ValueError, RecursionError):
            self._refuse(HTTPStatus.BAD_REQUEST, "the body is no JSON")
            return
        if isinstance(request, dict):
            # The page sends pictures; files and cameras of this machine are for the control socket.
            request = {name: value for name, value in request.items() if name not in ("image", "webcam")}
        self._send_json(HTTPStatus.OK, self.server.answer(request))

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        # What was not read would be taken for the next request.
        self.close_connection = True
        self._send_json(status, {"error": why})

    def _send_json(self, status: HTTPStatus, content: Json) -> None:
        self._send(status, json.dumps(content, ensure_ascii=False).encode(), "application/json; charset=utf-8")

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def _is_ours(self) -> bool:
        return self.headers.get("Host", "").rpartition(":")[0] in (HOST, "localhost")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: what people try at a door is nobody's business."""
