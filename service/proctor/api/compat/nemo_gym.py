"""NeMo-Gym's resources server: `POST /seed_session`, `POST /verify` → the request echoed with its reward.

As `nemo_gym/base_resources_server.py` and `resources_servers/code_gen` (0.4) have it: the response is an OpenAI
Responses object, its reasoning in items of type `reasoning`, the tests in `verifier_metadata.unit_tests`
({"inputs","outputs","fn_name"}), or in `verifier_metadata.tests` as any tests of ours. `reward_components` sum to
`reward` exactly, because NeMo-RL refuses others. Its agent does not retry: what we cannot score is held
and tried again.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from proctor.api.compat.options import Options, options_of
from proctor.api.compat.patience import scored
from proctor.api.compat.ports import PortsOf
from proctor.api.compat.samples import batch_of, object_of, sample_of
from proctor.errors import FieldFault, InvalidRequest
from proctor.trainers.responses_api import read_response
from proctor.trainers.terms import reward_terms
from proctor.wire import RewardSpec, Sample, SampleResult

PATIENCE_S = 1800.0  # its client has no timeout


def router(ports_of: PortsOf) -> APIRouter:
    """The routes of this protocol."""
    routes = APIRouter(tags=["protocols of others"])

    @routes.post("/seed_session", summary="NeMo-Gym: begin a session")
    async def seed_session(request: Request) -> dict[str, Any]:
        await ports_of(request).read(request)
        return {}  # nothing is kept between requests

    @routes.post("/verify", summary="NeMo-Gym: score a response", response_model=None)
    async def verify(request: Request) -> dict[str, Any]:
        ports = ports_of(request)
        call = await ports.read(request)
        options = options_of(call.query)
        sample = sample_in(call.body, options)
        (result,) = await scored(ports, batch_of([sample], options, PATIENCE_S), call, patience_s=PATIENCE_S)
        return answer(call.body, result, options.reward)

    return routes


def sample_in(body: Any, options: Options) -> Sample:
    """The sample of a body. Raises InvalidRequest."""
    fields = object_of(body)
    try:
        prompt, found = read_response(fields)
    except ValueError as error:
        raise InvalidRequest(str(error), faults=(FieldFault("/response", str(error)),)) from None
    metadata = fields.get("verifier_metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = "unit_tests" if metadata.get("unit_tests") is not None else "tests"
    return sample_of(prompt, found, metadata.get(name), options, f"/verifier_metadata/{name}")


def answer(body: dict[str, Any], result: SampleResult, spec: RewardSpec) -> dict[str, Any]:
    """The request, its reward, and the terms that sum to it."""
    return {
        **body,
        "reward": result.reward,
        "reward_components": reward_terms(result, spec),
        "verdict": result.verdict.value,
    }
