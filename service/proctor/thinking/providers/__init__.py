"""Servers of thinking-reward models, one a file, and which one the settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from proctor.errors import ConfigurationError
from proctor.settings import Settings
from proctor.thinking.endpoint import Endpoint
from proctor.thinking.jsonpath import JsonPath
from proctor.thinking.local.engine import Engine
from proctor.thinking.local.model import Options, load
from proctor.thinking.providers.http import PATH, HttpProvider, read_request
from proctor.thinking.providers.openai import OpenAIProvider
from proctor.thinking.providers.openrlhf import OpenRlhfProvider
from proctor.thinking.providers.sglang import SglangProvider
from proctor.thinking.providers.tei import TeiProvider
from proctor.thinking.providers.transformers import InProcessProvider, ServerProvider
from proctor.thinking.providers.vllm import VllmProvider
from proctor.thinking.text import load_template
from proctor.thinking.types import Provider

_MAKERS: dict[str, Callable[[Endpoint, Settings], Provider]] = {
    "vllm": lambda endpoint, s: VllmProvider(endpoint, s.thinking_model, load_template(s.thinking_template)),
    "sglang": lambda endpoint, s: SglangProvider(endpoint, s.thinking_model, load_template(s.thinking_template)),
    "tei": lambda endpoint, s: TeiProvider(endpoint, load_template(s.thinking_template)),
    "openrlhf": lambda endpoint, s: OpenRlhfProvider(endpoint, load_template(s.thinking_template)),
    "openai": lambda endpoint, s: OpenAIProvider(endpoint, s.thinking_model, s.thinking_judge),
    "http": lambda endpoint, s: HttpProvider(
        endpoint,
        s.thinking_model,
        load_template(s.thinking_template),
        read_request(s.thinking_request),
        JsonPath(s.thinking_path or PATH),
    ),
    "transformers": lambda endpoint, s: ServerProvider(endpoint),
}


def make_provider(settings: Settings) -> tuple[Provider, str | None]:
    """The provider, and its server's URL as it may be shown, None without one. Raises ConfigurationError."""
    name = settings.thinking_provider
    if name == "transformers" and not settings.thinking_url:
        return InProcessProvider(make_engine(settings)), None
    if not settings.thinking_url or not settings.thinking_url.startswith(("http://", "https://")):
        raise ConfigurationError(f"PROCTOR_THINKING_PROVIDER={name} needs PROCTOR_THINKING_URL, http:// or https://")
    key = settings.thinking_api_key
    endpoint = Endpoint(
        settings.thinking_url,
        timeout_s=settings.thinking_timeout_s,
        api_key=key.get_secret_value() if key else None,
        connections=settings.thinking_concurrency,
    )
    return _MAKERS[name](endpoint, settings), endpoint.shown


def make_engine(settings: Settings) -> Engine:
    """The local model that the settings name, loaded. Raises ConfigurationError."""
    if not settings.thinking_model:
        raise ConfigurationError(
            "PROCTOR_THINKING_PROVIDER=transformers needs PROCTOR_THINKING_MODEL, or a server's URL"
        )
    options = Options(
        device=settings.thinking_device,
        dtype=settings.thinking_dtype,
        window=settings.thinking_window,
        template=settings.thinking_template,
        label=settings.thinking_label,
    )
    return Engine(load(settings.thinking_model, options), budget=settings.thinking_batch_tokens)


__all__ = ["make_engine", "make_provider"]
