"""`proctor thinking server MODEL`: a local reward model over HTTP.

POST /score      `{"thoughts": [{"problem", "reasoning"}]}` → `{"model", "scores": [{"index", "score", "truncated"}]}`:
                 raw scores; what the provider `transformers` asks. A score that is no number is null
POST /classify   vLLM's contract, for clients that join problem and reasoning themselves
GET /v1/info     the model, and what it has done
GET /healthz, /readyz    it answers, and with that can score: it listens once the model is loaded
"""

from __future__ import annotations

import hmac
import math
import socket
import time
from dataclasses import asdict
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

from proctor.errors import ThinkingUnavailable
from proctor.thinking.local.engine import Engine
from proctor.thinking.normalize import sigmoid
from proctor.thinking.types import Marked, ThinkingFailed, Thought

MOST = 1024


class ThoughtIn(BaseModel):
    """A problem and the reasoning about it."""

    problem: str = ""
    reasoning: str


class ScoreRequest(BaseModel):
    """Thoughts to score."""

    thoughts: list[ThoughtIn] = Field(min_length=1, max_length=MOST)


class ScoreOut(BaseModel):
    """One raw score. truncated: the model did not see it all."""

    index: int
    score: float | None
    truncated: bool


class ScoreAnswer(BaseModel):
    """One score per thought, same order."""

    model: str
    scores: list[ScoreOut]


class ClassifyRequest(BaseModel):
    """vLLM's request. use_activation: a sigmoid, unless it is false."""

    model: str | None = None
    input: str | Annotated[list[str], Field(min_length=1, max_length=MOST)]
    use_activation: bool | None = None
    truncate_prompt_tokens: int | None = None


def create_app(engine: Engine, api_key: str | None = None) -> FastAPI:
    """The application around an engine. api_key: asked of every caller, as a bearer token."""
    app = FastAPI(title="Proctor's thinking server", dependencies=[Depends(_guard(api_key))])
    name = str(engine.describe().get("model"))

    @app.post("/score")
    async def score(request: ScoreRequest) -> ScoreAnswer:
        """Raw scores of thoughts."""
        values = await _ask(engine, [Thought(t.problem, t.reasoning) for t in request.thoughts])
        scores = [
            ScoreOut(index=i, score=_finite(value), truncated=isinstance(value, Marked))
            for i, value in enumerate(values)
        ]
        return ScoreAnswer(model=name, scores=scores)

    @app.post("/classify")
    async def classify(request: ClassifyRequest) -> dict[str, Any]:
        """Scores of texts, as vLLM answers."""
        texts = [request.input] if isinstance(request.input, str) else request.input
        values = [_finite(value) for value in await _ask(engine, texts)]
        if request.use_activation is not False:
            values = [None if value is None else sigmoid(value) for value in values]
        data = [{"index": i, "label": "LABEL_0", "probs": [x], "num_classes": 1} for i, x in enumerate(values)]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        head = {"id": f"classify-{time.time_ns()}", "object": "list", "created": int(time.time()), "model": name}
        return {**head, "data": data, "usage": usage}

    @app.get("/v1/info")
    async def info() -> dict[str, Any]:
        """The model, and what it has done since the start."""
        return {**engine.describe(), "work": asdict(engine.work)}

    @app.get("/readyz")
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """This process answers."""
        return {"status": "alive"}

    return app


def run(engine: Engine, listener: socket.socket, api_key: str | None) -> None:
    """Serve on a listening socket until SIGTERM or SIGINT."""
    config = uvicorn.Config(create_app(engine, api_key), log_level="warning", access_log=False, server_header=False)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        engine.close()


async def _ask(engine: Engine, inputs: list[Thought] | list[str]) -> list[float | None]:
    """Scores; 500 where an input may be at fault, 503 where the model is."""
    try:
        return await engine.score(inputs)
    except ThinkingFailed as error:
        raise HTTPException(500, str(error)) from None
    except ThinkingUnavailable as error:
        raise HTTPException(503, str(error)) from None


def _finite(value: float | None) -> float | None:
    """`value`, or None where JSON cannot hold it."""
    return float(value) if value is not None and math.isfinite(value) else None


def _guard(api_key: str | None) -> Any:
    async def check(authorization: Annotated[str, Header()] = "") -> None:
        if api_key is not None and not hmac.compare_digest(authorization.encode(), f"Bearer {api_key}".encode()):
            raise HTTPException(401, "the key is missing or wrong")

    return check
