"""NeMo-Gym's models and its resources server, unmodified: Proctor's `/verify`, and Proctor's subclass of its server."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import MagicMock

import httpx
from nemo_gym.base_resources_server import (
    BaseResourcesServerConfig,
    BaseSeedSessionResponse,
    BaseVerifyRequest,
    BaseVerifyResponse,
)
from nemo_gym.openai_utils import NeMoGymResponse
from nemo_gym.server_utils import ServerClient
from service import SQUARE, UNIT_TESTS, WRONG, check, service

from proctor.trainers.nemo_gym import resources_server


class Request(BaseVerifyRequest):
    verifier_metadata: dict[str, Any]


class Response(BaseVerifyResponse):
    reward_components: dict[str, float]


def request(answer: str) -> dict[str, Any]:
    """A verify request, as NeMo-Gym's agents send it."""
    text = {"annotations": [], "text": answer, "type": "output_text"}
    message = {"id": "m", "content": [text], "role": "assistant", "status": "completed", "type": "message"}
    summary = [{"type": "summary_text", "text": "square it"}]
    response = NeMoGymResponse(
        id="r",
        created_at=0.0,
        model="none",
        object="response",
        output=[{"id": "t", "type": "reasoning", "summary": summary}, message],
        parallel_tool_calls=False,
        tool_choice="auto",
        tools=[],
    )
    params = {"input": [{"role": "user", "content": "Square it."}]}
    asked = Request(responses_create_params=params, response=response, verifier_metadata={"unit_tests": UNIT_TESTS})
    return dict(asked.model_dump())


async def verify(client: httpx.AsyncClient, what: str) -> None:
    seeded = await client.post("/seed_session", json={})
    BaseSeedSessionResponse.model_validate(seeded.json())
    for answer, reward in ((SQUARE, 1.0), (WRONG, 0.0)):
        told = await client.post("/verify", json=request(answer))
        check(told.status_code == 200, told.text)
        verified = Response.model_validate(told.json())
        check(verified.reward == reward == sum(verified.reward_components.values()), told.text)
        check(verified.response.output_text == answer, "the echo")
    print(f"NeMo-Gym: {what}")


async def check_all(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        await verify(client, "Proctor's own /verify, read by its models")
    config = BaseResourcesServerConfig(host="127.0.0.1", port=1, entrypoint="", name="proctor")
    server = resources_server(url)(config=config, server_client=MagicMock(spec=ServerClient))
    transport = httpx.ASGITransport(app=server.setup_webserver())
    async with httpx.AsyncClient(transport=transport, base_url="http://gym", timeout=60) as client:
        await verify(client, "its resources server with Proctor's verify")


def main() -> None:
    with service() as running:
        asyncio.run(check_all(running.url))


main()
