"""One API process: uvicorn on a socket of ours or on one that was opened before."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import resource
import socket
import sys
from types import FrameType

import uvicorn

from proctor.api.app import create_app
from proctor.api.batches import CutOff
from proctor.api.connection import Connection
from proctor.settings import Settings

GRACE_S = 5  # for answers under way when we are told to stop
KEEP_ALIVE_S = 75  # longer than pools of clients keep connections, so that none meets one that just closed
BACKLOG = 2048
M_MMAP_THRESHOLD = -3  # <malloc.h>
LARGE_BLOCK = 256 * 1024
DESCRIPTORS = 65_536  # a reader of a stream holds one


class Server(uvicorn.Server):
    """Tells requests that wait for a batch that the process is about to stop."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called in a signal handler."""
        context = getattr(self.config.app.state, "context", None)  # type: ignore[union-attr]
        if context is not None:
            asyncio.get_running_loop().call_soon_threadsafe(context.stopping.set)
        super().handle_exit(sig, frame)


def _not_cut_off(record: logging.LogRecord) -> bool:
    """Whether a log record is about anything else than a stream that was broken off on purpose."""
    return not (record.exc_info and isinstance(record.exc_info[1], CutOff))


def _raise_descriptors() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _return_large_blocks() -> None:
    """Have glibc map large blocks each on its own, so that they go back to the system when they are free. By default
    it learns from the first one freed to take them from the heap, where small ones that live on keep them: admitting
    100 test sets of 1 MB took 208 MiB instead of 119."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)


def _collect_seldom() -> None:
    """A large body makes a million objects and no cycle; looking for cycles among them doubled the time to parse it
    and held up other requests by 0.2 s."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def run(settings: Settings, fd: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `fd`: a listening socket. Raises ConfigurationError."""
    _raise_descriptors()
    _return_large_blocks()
    sys.set_int_max_str_digits(settings.max_integer_digits)
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        backlog=BACKLOG,
        loop="uvloop",
        http=Connection,
        ws="none",
        log_level="warning" if settings.log_level == "info" else settings.log_level,
        access_log=settings.log_level == "debug",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    _collect_seldom()
    logging.getLogger("uvicorn.error").addFilter(_not_cut_off)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn has ended in order, then raises it again
        Server(config).run(sockets=[socket.socket(fileno=fd)] if fd is not None else None)
