"""One API process: uvicorn on a socket of ours or on one that was opened before."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from types import FrameType

import uvicorn

from proctor.api.app import create_app
from proctor.settings import Settings

GRACE_S = 5  # for answers under way when we are told to stop
BACKLOG = 2048


class Server(uvicorn.Server):
    """Tells requests that wait for a batch that the process is about to stop."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called in a signal handler."""
        context = getattr(self.config.app.state, "context", None)  # type: ignore[union-attr]
        if context is not None:
            asyncio.get_running_loop().call_soon_threadsafe(context.stopping.set)
        super().handle_exit(sig, frame)


def run(settings: Settings, fd: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `fd`: a listening socket. Raises ConfigurationError."""
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        backlog=BACKLOG,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning" if settings.log_level == "info" else settings.log_level,
        access_log=settings.log_level == "debug",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn has ended in order, then raises it again
        Server(config).run(sockets=[socket.socket(fileno=fd)] if fd is not None else None)
