"""The one module that knows which part stands behind which interface."""

from __future__ import annotations

from proctor.sandbox import choose
from proctor.sandbox.provider import Provider
from proctor.settings import Settings


def make_provider(settings: Settings) -> Provider:
    """What runs code. Raises ConfigurationError, SandboxUnavailable where nothing keeps its promises."""
    return choose.make_provider(settings)
