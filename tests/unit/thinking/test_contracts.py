"""The servers that tests stand in for, held field by field against the models of the packages themselves.

`contracts.json` is what `scripts/read-contracts` read out of vLLM's, SGLang's and OpenAI's wheels;
`.ci/thinking` reads them anew.
"""

from __future__ import annotations

import builtins
import typing
from pathlib import Path
from typing import Any

import pydantic
import pytest
from recorded import RECORDED, Recorded
from thinking_server import serve

from proctor.settings import Settings
from proctor.thinking import Score, Thought, make_scorer

CONTRACTS = pydantic.TypeAdapter(dict[str, Any]).validate_json((Path(__file__).parent / "contracts.json").read_bytes())
BY_NAME = {r.name: r for r in RECORDED}
MODELLED = [r for r in RECORDED if r.package in CONTRACTS]


class _Names(dict[str, Any]):
    """Names in annotations: typing's and pydantic's, the package's models, and Any for whatever else."""

    def __init__(self, package: str) -> None:
        self.package = package

    def __missing__(self, name: str) -> Any:
        if name in CONTRACTS[self.package]["models"]:
            return model(self.package, name)
        for module in (typing, pydantic):
            if hasattr(module, name):
                return getattr(module, name)
        return getattr(builtins, name, Any)


def _type(package: str, annotation: str) -> Any:
    """The type that an annotation names; Any where it calls or digs into something that was not recorded."""
    try:
        return eval(annotation, {}, _Names(package))
    except (TypeError, AttributeError):
        return Any


def model(package: str, name: str) -> type[pydantic.BaseModel]:
    """A published model, made again from its annotations; unknown fields are refused."""
    fields: dict[str, Any] = {
        field: (_type(package, spec["type"]), ... if spec["required"] else None)
        for field, spec in CONTRACTS[package]["models"][name].items()
    }
    config = pydantic.ConfigDict(extra="forbid", protected_namespaces=())
    return pydantic.create_model(name, __config__=config, **fields)


async def exchange(recorded: Recorded, count: int = 3) -> tuple[list[Score], list[dict[str, Any]], list[Any]]:
    """Scores, and what went over the wire both ways."""
    thoughts = [Thought(f"problem {i}", f"thought #{i}") for i in range(count)]
    answers: list[Any] = []

    def answer(asked: Any) -> tuple[int, Any]:
        assert asked.path == recorded.path
        answers.append(recorded.answer(asked.body, lambda text: float(text.split("#")[-1][0])))
        return 200, answers[-1]

    with serve(answer) as server:
        settings = {"thinking_url": server.url + recorded.url, "thinking_model": "m", **recorded.settings}
        scorer = make_scorer(Settings(thinking_provider=recorded.provider, **settings))
        assert scorer is not None
        scores = [await scorer.score(thought) for thought in thoughts]
        about = scorer.describe()
        await scorer.close()
    assert about["asks"]
    return scores, [asked.body for asked in server.asked], answers


@pytest.mark.parametrize("name", [r.name for r in MODELLED])
async def test_what_we_send_and_what_we_were_answered_are_the_packages_own_models(name: str) -> None:
    recorded = BY_NAME[name]
    _, bodies, answers = await exchange(recorded)
    for body in bodies:
        model(recorded.package, recorded.request).model_validate(body, strict=True)
    for answer in answers if recorded.response else []:
        model(recorded.package, recorded.response).model_validate(answer, strict=True)


@pytest.mark.parametrize("name", BY_NAME)
async def test_scores_are_those_of_their_own_inputs(name: str) -> None:
    recorded = BY_NAME[name]
    scores, _, _ = await exchange(recorded)
    assert [score.value for score in scores] == pytest.approx([recorded.expected(float(i)) for i in range(3)])


def test_a_field_that_a_package_does_not_know_is_noticed() -> None:
    known = model("vllm", "ClassificationCompletionRequest")
    known.model_validate({"input": ["a"], "use_activation": False})
    with pytest.raises(pydantic.ValidationError):
        known.model_validate({"input": ["a"], "activation": False})
    with pytest.raises(pydantic.ValidationError):
        model("vllm", "PoolingResponse").model_validate({"model": "m", "data": [{"index": 0}], "usage": {}})
