"""OpenRLHF's remote reward: `POST /get_reward` {"query","prompts","labels"} → {"rewards","scores","extra_logs"}.

`openrlhf/utils/agent.py` (0.11) sends one query a request, decoded with its special tokens, prompt and response in
one text; it waits 180 s, tries five times and then goes on without a reward, which ends in an error or another model's
reward. A resend joins. `scores` is the outcome O in [0, 1], which its dynamic filtering reads.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from proctor.api.compat.options import Options, options_of
from proctor.api.compat.patience import scored
from proctor.api.compat.ports import PortsOf
from proctor.api.compat.samples import batch_of, object_of, sample_of
from proctor.errors import FieldFault, InvalidRequest
from proctor.trainers.terms import terms_of
from proctor.trainers.text import Answer, opens_reasoning, response_of
from proctor.wire import RewardSpec, Sample, SampleResult

PATIENCE_S = 165.0  # its client waits 180 s


def router(ports_of: PortsOf) -> APIRouter:
    """The routes of this protocol."""
    routes = APIRouter(tags=["protocols of others"])

    @routes.post("/get_reward", summary="OpenRLHF: remote reward")
    async def get_reward(request: Request) -> dict[str, Any]:
        ports = ports_of(request)
        call = await ports.read(request)
        options = options_of(call.query)
        samples = samples_of(call.body, options)
        results = await scored(ports, batch_of(samples, options, PATIENCE_S), call, patience_s=PATIENCE_S)
        return answer(results, options.reward)

    return routes


def samples_of(body: Any, options: Options) -> list[Sample]:
    """The samples of a body. Raises InvalidRequest."""
    fields = object_of(body)
    queries, labels = _texts(fields, "query"), _list(fields, "labels")
    prompts = _list(fields, "prompts") if fields.get("prompts") is not None else [None] * len(queries)
    if not queries or not len(queries) == len(prompts) == len(labels):
        raise InvalidRequest(
            f"query, prompts and labels should be as long as each other, not {len(queries)}, {len(prompts)} and "
            f"{len(labels)}; a label holds the tests"
        )
    return [
        sample_of(prompt, _answer(query, prompt), label, options, f"/labels/{i}")
        for i, (query, prompt, label) in enumerate(zip(queries, prompts, labels, strict=True))
    ]


def answer(results: list[SampleResult], spec: RewardSpec) -> dict[str, Any]:
    """The answer to `results`, all of them scored. Every list is as long as the query."""
    terms = [terms_of(r, spec) for r in results]
    return {
        "rewards": [r.reward for r in results],
        "scores": [r.components.outcome for r in results],
        "extra_logs": {name: [t[name] for t in terms] for name in terms[0]},
    }


def _answer(query: str, prompt: Any) -> Answer:
    text = prompt if isinstance(prompt, str) else None
    return Answer(response_of(query, text), None, opens_reasoning(text))


def _list(fields: dict[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise InvalidRequest(f"/{name} should be a list", faults=(FieldFault(f"/{name}", "Input should be a list"),))
    return value


def _texts(fields: dict[str, Any], name: str) -> list[str]:
    values = _list(fields, name)
    for i, value in enumerate(values):
        if not isinstance(value, str):
            fault = FieldFault(f"/{name}/{i}", "Input should be a string")
            raise InvalidRequest(f"/{name}/{i} should be a string", faults=(fault,))
    return values
