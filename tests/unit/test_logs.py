"""Logs go to standard error as it is when a line is written."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator

import pytest
import structlog

from proctor import logs
from proctor.settings import Settings


@pytest.fixture(autouse=True)
def _defaults_again() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_standard_error_that_was_closed_is_in_nobodys_way(capsys: pytest.CaptureFixture[str]) -> None:
    log = structlog.get_logger("test")
    first = io.StringIO()
    with contextlib.redirect_stderr(first):
        logs.configure(Settings())
        log.info("one")
        assert json.loads(first.getvalue())["event"] == "one"
    first.close()
    log.info("two", sample=2)
    event = json.loads(capsys.readouterr().err)
    assert (event["event"], event["level"], event["sample"]) == ("two", "info", 2)


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_level="error"))
    structlog.get_logger("test").warning("not this")
    assert capsys.readouterr().err == ""
