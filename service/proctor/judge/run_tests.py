"""The tests of a unit that is run and not judged: no public request can send them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from proctor.wire import Tests, TestsAdapter


class RunTests(BaseModel):
    """What a program gets, and which files are wanted back. Paths are relative to its working directory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["run"] = "run"
    stdin: str = ""
    argv: Annotated[list[str], Field(max_length=256)] = Field(default_factory=list)
    files: dict[str, str] = Field(default_factory=dict, description="Content by path, base64.")
    fetch: Annotated[list[str], Field(max_length=256)] = Field(default_factory=list)


UnitTests = Tests | RunTests


def read_tests(data: Any) -> UnitTests:
    """The tests that were stored with a unit, from their JSON data. Raises pydantic.ValidationError."""
    if isinstance(data, dict) and data.get("kind") == "run":
        return RunTests.model_validate(data)
    return TestsAdapter.validate_python(data)
