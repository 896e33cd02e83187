"""`/v1/info`, liveness, readiness."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from proctor import __version__
from proctor.api import docs
from proctor.api.context import Anyone, Context, Shared
from proctor.errors import Unavailable
from proctor.wire import Limits

router = APIRouter(tags=["service"])
READY_S = 3.0  # probes do not wait for longer


class SandboxInfo(BaseModel):
    """What runs the code."""

    provider: str | None = Field(description="docker, namespace or attached.", examples=["namespace"])
    tier: str | None = Field(description="Isolation tier of the weakest worker; B is the strongest.", examples=["B"])
    image: str | None = Field(description="Digest of the image, or name of the interpreter.")
    enforcement: dict[str, str] = Field(
        description="How each limit is kept: enforced by the kernel, or polled.", examples=[{"memory": "enforced"}]
    )


class LimitsInfo(BaseModel):
    """Limits of samples."""

    default: Limits = Field(description="Where a request names none.")
    max: Limits = Field(description="The most that a request may ask for.")


class Maxima(BaseModel):
    """Bounds of requests."""

    samples: int = Field(description="Samples in a batch.")
    body_mib: int = Field(description="A request body, MiB, packed and unpacked.")
    test_set_mib: int = Field(description="An uploaded test set, MiB.")
    json_depth: int = Field(description="Levels of nesting.")
    deadline_s: float = Field(description="A batch's deadline, seconds.")


class Info(BaseModel):
    """What this service is."""

    version: str = Field(description="Version of Proctor.")
    workers: int = Field(description="Workers alive.")
    languages: dict[str, str] = Field(
        description="Languages, with the version of compiler or interpreter.", examples=[{"python": "3.11.2"}]
    )
    sandbox: SandboxInfo = Field(description="What runs the code.")
    limits: LimitsInfo = Field(description="Limits of samples.")
    maxima: Maxima = Field(description="Bounds of requests.")
    thinking: dict[str, Any] | None = Field(description="The thinking model; null without one.")


@router.get("/v1/info", summary="What this service is", response_model=Info, responses=docs.problems(401, 503))
async def info(context: Shared, _: Anyone) -> Info:
    """Version, languages, isolation, limits, thinking model."""
    workers = await context.workers()
    settings = context.settings
    first = workers[0] if workers else None
    return Info(
        version=__version__,
        workers=len(workers),
        languages={name: version for w in workers for name, version in sorted(w.languages.items())},
        sandbox=SandboxInfo(
            provider=first.provider if first else None,
            tier=max((w.tier for w in workers), key="BAU".find, default=None),
            image=first.image if first else None,
            enforcement=first.enforcement if first else {},
        ),
        limits=LimitsInfo(default=settings.limits_default, max=settings.limits_max),
        maxima=Maxima(
            samples=settings.max_samples,
            body_mib=settings.max_body_mib,
            test_set_mib=settings.max_test_set_mib,
            json_depth=settings.max_json_depth,
            deadline_s=settings.max_deadline_s,
        ),
        thinking=context.thinking() if context.thinking else None,
    )


@router.get("/healthz", summary="Liveness")
async def healthz() -> dict[str, str]:
    """This process answers."""
    return {"status": "alive"}


@router.get("/readyz", summary="Readiness", responses=docs.problems(503))
async def readyz(context: Shared) -> JSONResponse:
    """Redis answers and a sandbox can run."""
    try:
        async with asyncio.timeout(READY_S):
            await context.backend.ready()
            return JSONResponse({"status": "ready", **await _sandbox(context)})
    except TimeoutError:
        raise Unavailable("The queue does not answer in time.", retry_after_s=READY_S) from None


async def _sandbox(context: Context) -> dict[str, Any]:
    workers = await context.workers()
    return {
        "workers": len(workers),
        "sandbox": workers[0].provider if workers else None,
        "tier": max((w.tier for w in workers), key="BAU".find, default=None),
    }
