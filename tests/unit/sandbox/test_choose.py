"""Which provider is chosen where Docker is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.errors import ConfigurationError, SandboxUnavailable
from proctor.sandbox.choose import choose, make_provider
from proctor.settings import Settings


@pytest.fixture(params=["unix:///nonexistent/docker.sock", "tcp://127.0.0.1:1"])
def _no_daemon(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", request.param)


@pytest.mark.usefixtures("_no_daemon")
def test_auto_is_namespace_where_no_daemon_answers() -> None:
    assert choose(Settings()) == "namespace"


@pytest.mark.usefixtures("_no_daemon")
def test_docker_by_name_is_not_replaced_by_anything() -> None:
    with pytest.raises(SandboxUnavailable, match="no Docker daemon answers"):
        make_provider(Settings(sandbox="docker"))


@pytest.mark.parametrize("name", ["docker", "namespace", "attached"])
def test_a_name_is_taken_at_its_word(name: str) -> None:
    assert choose(Settings(sandbox=name)) == name


@pytest.mark.parametrize("folder", [None, Path("/nonexistent")])
def test_attached_needs_a_folder(folder: Path | None) -> None:
    with pytest.raises(ConfigurationError, match="PROCTOR_SANDBOX_SOCKETS"):
        make_provider(Settings(sandbox="attached", sandbox_sockets=folder))
