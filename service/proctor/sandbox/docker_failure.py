"""Did the code fail, or did Docker?

The answer rests on where a thing came from, never on what it says. What judged code does reaches us only as data inside
frames of the supervisor (`Ran`, `PairRan`): text in it that reads like one of Docker's errors stays the code's output.
What Docker does reaches us only as exceptions of its client or of a socket: they are ours, and become one of
`SandboxError`'s kinds here. Nothing that the code writes can turn the one into the other.
"""

from __future__ import annotations

import socket

from proctor.errors import ProctorError, SandboxError, SandboxLost, SandboxUnavailable


def docker_failure(error: BaseException, *, doing: str) -> SandboxError:
    """The error of ours that stands for `error`, which the Docker client or a socket raised while `doing` something.

    Raises `error` itself where it is no failure of Docker: our own errors, KeyboardInterrupt, a bug of ours.
    """
    import docker.errors
    import requests

    if isinstance(error, SandboxError):
        return error
    if isinstance(error, ProctorError) or not isinstance(error, Exception):
        raise error
    if isinstance(error, docker.errors.ImageNotFound):
        return SandboxUnavailable(f"{doing}: the image is missing; `make images` builds it ({error.explanation})")
    if isinstance(error, docker.errors.APIError):
        return SandboxUnavailable(f"{doing}: Docker refused: {error.explanation or error}")
    if isinstance(error, docker.errors.DockerException):
        return SandboxUnavailable(f"{doing}: no Docker daemon answers: {error}")
    if isinstance(error, (ConnectionError, socket.timeout)):
        return SandboxLost(f"{doing}: the connection broke: {error}")
    if isinstance(error, (requests.RequestException, OSError)):
        return SandboxUnavailable(f"{doing}: Docker did not answer: {error}")
    raise error
