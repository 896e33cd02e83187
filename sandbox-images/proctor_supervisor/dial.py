"""Dialling a worker: its socket's path, or a folder in which any worker that needs a sandbox listens."""

from __future__ import annotations

import os
import random
import socket
import time

URGENT = "urgent-"
"""What the socket of a worker that had a sandbox before begins with."""

_AGAIN_S = 0.1


def dial(path: str, patience_s: float) -> socket.socket | None:
    """A connection to the socket `path`, or to one of the sockets in the folder `path`; retried until one takes it.

    None after `patience_s`: whoever started us for that worker has gone.
    """
    until = time.monotonic() + patience_s
    while True:
        for candidate in _sockets(path):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            try:
                sock.connect(candidate)
                return sock
            except OSError:  # not there yet, just taken, or left behind by a worker that was killed
                sock.close()
        if time.monotonic() > until:
            return None
        time.sleep(_AGAIN_S)


def _sockets(path: str) -> list[str]:
    """In random order, so that sandboxes that wait together do not all run to the same worker; first those of workers
    that lost a sandbox and may hold work for it."""
    if not os.path.isdir(path):
        return [path]
    try:
        found = [entry.path for entry in os.scandir(path) if entry.name.endswith(".sock")]
    except OSError:
        return []
    return sorted(random.sample(found, len(found)), key=lambda found: not os.path.basename(found).startswith(URGENT))
