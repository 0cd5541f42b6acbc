"""The serving process: pages and JSON API behind one HTTP server."""

import contextlib

import uvicorn

from anmen.errors import MachineError
from anmen.workers import database_of
from service.app import create_app
from service.edges.request_log import configure_logs
from service.edges.server import GRACE_S, Server
from service.settings import Settings


def run_serve(settings: Settings, *, host: str, port: int) -> None:
    """Answer pages and API until SIGTERM or SIGINT."""
    database_of(settings)
    configure_logs()
    app = create_app(settings)
    # Paths can hold a link's secret, so uvicorn's own access log stays off; service.edges.request_log knows what may be said.
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = Server(config, app.state.feed.end)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise MachineError("The serving process could not start; what went wrong is in the lines above.")
