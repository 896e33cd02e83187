"""slime's and miles' `--rm-type remote_rm`: `POST /slime` {"prompt","response","label"} → the number.

`slime/rollout/rm_hub/__init__.py` sends one sample a request, waits 120 s, tries ten times (miles: once) and then
raises. The body of the answer is the reward itself; with `?reward_key=NAME` it is an object with the reward under
that name, for `--reward-key NAME`, beside the terms it is made of.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from proctor.api.compat.options import options_of
from proctor.api.compat.patience import scored
from proctor.api.compat.ports import PortsOf
from proctor.api.compat.samples import batch_of, object_of, response_sample
from proctor.trainers.terms import terms_of

PATIENCE_S = 110.0  # its client waits 120 s


def router(ports_of: PortsOf) -> APIRouter:
    """The routes of this protocol."""
    routes = APIRouter(tags=["protocols of others"])

    @routes.post("/slime", summary="slime, miles: remote reward", response_model=None)
    async def remote_rm(request: Request) -> float | dict[str, Any] | None:
        ports = ports_of(request)
        call = await ports.read(request)
        options = options_of(call.query)
        fields = object_of(call.body)
        sample = response_sample(fields.get("prompt"), fields.get("response"), fields.get("label"), options, "/label")
        (result,) = await scored(ports, batch_of([sample], options, PATIENCE_S), call, patience_s=PATIENCE_S)
        name = call.query.get("reward_key")
        return result.reward if name is None else {**terms_of(result, options.reward), name: result.reward}

    return routes
