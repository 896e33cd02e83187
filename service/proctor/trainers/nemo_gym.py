"""NeMo-Gym (0.4, Python 3.12 or newer): a resources server. Or none of ours: `/verify` speaks its protocol.

    # resources_servers/proctor/app.py
    from proctor.trainers.nemo_gym import resources_server
    if __name__ == "__main__":
        resources_server("http://127.0.0.1:8000").run_webserver()

The tests stand in `verifier_metadata.unit_tests` (or `.tests`), the reasoning in items of type `reasoning`.
`reward_components` sum to `reward` exactly, as NeMo-RL asks. NeMo-Gym has no way to leave a response out: what it
cannot score is an error of the request, which ends the rollout, so `on_invalid` is "wait", "raise" or a number.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations of the class below, which are local.

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Unpack

from proctor.trainers.responses_api import read_response
from proctor.trainers.scoring import Options, Scoring
from proctor.trainers.tally import OnInvalid, Scored
from proctor.trainers.terms import reward_terms
from proctor.wire import Sample


def resources_server(
    url: str | Sequence[str] = "http://127.0.0.1:8000",
    *,
    on_invalid: OnInvalid = "wait",
    **options: Unpack[Options],
) -> Any:
    """A subclass of NeMo-Gym's SimpleResourcesServer. Raises ImportError without NeMo-Gym."""
    gym = importlib.import_module("nemo_gym.base_resources_server")
    options.setdefault("tests", unit_tests)
    scoring = Scoring(url, on_invalid=on_invalid, **options)

    class VerifyRequest(gym.BaseVerifyRequest):  # type: ignore[misc, name-defined]
        """A response to verify, and its tests."""

        model_config: ClassVar[dict[str, Any]] = {"extra": "allow"}
        verifier_metadata: dict[str, Any] | None = None

    class VerifyResponse(VerifyRequest):
        """The request, its reward, and the terms that sum to it."""

        reward: float
        reward_components: dict[str, float] | None = None
        verdict: str | None = None

    class ProctorResourcesServer(gym.SimpleResourcesServer):  # type: ignore[misc, name-defined]
        """Verifies responses with Proctor."""

        config: gym.BaseResourcesServerConfig  # type: ignore[name-defined]

        async def verify(self, body: VerifyRequest) -> VerifyResponse:
            """Raises Unscorable, ClientError."""
            asked = body.model_dump()
            (scored,) = await scoring.ascore([sample_in(scoring, asked)])
            return VerifyResponse(**{**asked, **answer(scoring, scored)})

    return ProctorResourcesServer


def unit_tests(row: Mapping[str, Any]) -> Any:
    """The tests of a verify request. Raises ValueError where it has none."""
    metadata = row.get("verifier_metadata") or {}
    found = metadata.get("unit_tests") or metadata.get("tests")
    if found is None:
        raise ValueError("verifier_metadata holds neither unit_tests nor tests")
    return found


def sample_in(scoring: Scoring, body: Mapping[str, Any]) -> Sample:
    """The sample of a verify request. Raises ValueError."""
    problem, found = read_response(body)
    message = {"role": "assistant", "content": found.completion, "reasoning_content": found.reasoning}
    return scoring.sample([message], problem, body)


def answer(scoring: Scoring, scored: Scored) -> dict[str, Any]:
    """The fields that a verify response has beyond its request."""
    judged = scored.result is not None and scored.result.reward is not None
    return {
        "reward": scored.reward,
        "reward_components": reward_terms(scored.result, scoring.spec) if judged and scored.result else None,
        "verdict": scored.result.verdict.value if scored.result else None,
    }
