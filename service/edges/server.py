"""The HTTP server of a serving process, which tells those who wait for hours that it ends before it waits for them."""

import socket
from collections.abc import Callable

import uvicorn

GRACE_S = 5


class Server(uvicorn.Server):
    """uvicorn, with `ending` called when it begins to go down: it ends the lifespan only after every answer has ended."""

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Go down; requests that still run have GRACE_S."""
        self._ending()
        await super().shutdown(sockets)
