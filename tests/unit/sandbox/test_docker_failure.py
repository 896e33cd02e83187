"""Did the code fail, or did Docker? By where a thing came from, never by what it says."""

from __future__ import annotations

import docker.errors
import pytest
import requests

from proctor.errors import SandboxLost, SandboxProtocolError, SandboxUnavailable, TestsInvalid
from proctor.sandbox.docker_failure import docker_failure


def api_error(status: int, explanation: str) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code = status
    return docker.errors.APIError("refused", response=response, explanation=explanation)


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (docker.errors.ImageNotFound("x", explanation="No such image"), SandboxUnavailable, "make images"),
        (api_error(500, 'unknown runtime "kata"'), SandboxUnavailable, "kata"),
        (api_error(400, "invalid seccomp profile"), SandboxUnavailable, "seccomp"),
        (docker.errors.DockerException("Connection refused"), SandboxUnavailable, "no Docker daemon"),
        (requests.exceptions.ReadTimeout("30 s"), SandboxUnavailable, "did not answer"),
        (requests.exceptions.ConnectionError("aborted"), SandboxUnavailable, "did not answer"),
        (PermissionError("docker.sock"), SandboxUnavailable, "did not answer"),
        (ConnectionResetError("peer"), SandboxLost, "broke"),
        (BrokenPipeError("pipe"), SandboxLost, "broke"),
        (TimeoutError("slow"), SandboxLost, "broke"),
    ],
)
def test_what_docker_raises_is_ours(error: Exception, kind: type[Exception], says: str) -> None:
    failure = docker_failure(error, doing="starting")
    assert type(failure) is kind
    assert says in str(failure)
    assert str(failure).startswith("starting")


@pytest.mark.parametrize("error", [SandboxLost("lost"), SandboxProtocolError("?"), SandboxUnavailable("none")])
def test_what_is_ours_already_stays_as_it_is(error: Exception) -> None:
    assert docker_failure(error, doing="running") is error


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(1), TestsInvalid("no"), ValueError("a bug"), KeyError("b")]
)
def test_what_is_no_failure_of_docker_is_raised(error: BaseException) -> None:
    with pytest.raises(type(error)):
        docker_failure(error, doing="running")


@pytest.mark.parametrize(
    "text",
    [
        "Error response from daemon: No such image",
        "docker.errors.ImageNotFound: 404",
        "ConnectionResetError: [Errno 104] Connection reset by peer",
    ],
)
def test_the_words_of_an_error_decide_nothing(text: str) -> None:
    """An error of another kind that quotes one of Docker's is not taken for it."""
    with pytest.raises(RuntimeError):
        docker_failure(RuntimeError(text), doing="running")
