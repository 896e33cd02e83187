"""Servers of thinking-reward models, one a file, and which one the settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from proctor.errors import ConfigurationError
from proctor.settings import Settings
from proctor.thinking.endpoint import Endpoint
from proctor.thinking.providers.http import HttpProvider
from proctor.thinking.providers.openai import OpenAIProvider
from proctor.thinking.providers.openrlhf import OpenRlhfProvider
from proctor.thinking.providers.sglang import SglangProvider
from proctor.thinking.providers.tei import TeiProvider
from proctor.thinking.providers.vllm import VllmProvider
from proctor.thinking.text import load_template
from proctor.thinking.types import Provider

_MAKERS: dict[str, Callable[[Endpoint, str | None, str], Provider]] = {
    "vllm": VllmProvider,
    "sglang": SglangProvider,
    "tei": TeiProvider,
    "openrlhf": OpenRlhfProvider,
    "http": HttpProvider,
    "openai": lambda endpoint, model, _: OpenAIProvider(endpoint, model),
}


def make_provider(settings: Settings) -> tuple[Provider, str]:
    """The provider, and its server's URL as it may be shown. Raises ConfigurationError."""
    name = settings.thinking_provider
    make = _MAKERS.get(name)
    if make is None:
        raise ConfigurationError(f"PROCTOR_THINKING_PROVIDER={name} is not in this version; {', '.join(_MAKERS)} are")
    if not settings.thinking_url or not settings.thinking_url.startswith(("http://", "https://")):
        raise ConfigurationError(f"PROCTOR_THINKING_PROVIDER={name} needs PROCTOR_THINKING_URL, http:// or https://")
    template = load_template(settings.thinking_template)
    key = settings.thinking_api_key
    endpoint = Endpoint(
        settings.thinking_url,
        timeout_s=settings.thinking_timeout_s,
        api_key=key.get_secret_value() if key else None,
        connections=settings.thinking_concurrency,
    )
    return make(endpoint, settings.thinking_model, template), endpoint.shown


__all__ = ["make_provider"]
