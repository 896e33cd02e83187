"""code-judge: `POST /judge/batch` runs submissions and compares what they print.

As 0xWJ/code-judge has it: a submission succeeds where it exits with 0 and its output, stripped at both ends, equals the
expected one; without an expected output, where it exits with 0. Each is run once, and compared here: the expected
output never enters the sandbox. `reason` is `worker_timeout` for a time limit, and `queue_timeout` for what we
could not run, which its client sends again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request

from proctor.api.compat.patience import insistent
from proctor.api.compat.ports import PortsOf, Run
from proctor.api.compat.programs import limits_for, printed
from proctor.api.compat.samples import object_of
from proctor.errors import FieldFault, InvalidRequest, Unavailable
from proctor.judge.run_once import Account
from proctor.wire import Limits

PATIENCE_S = 300.0
RUN_S = 10.0  # code-judge's MAX_EXECUTION_TIME
OUTPUT_KIB = 1024


def router(ports_of: PortsOf) -> APIRouter:
    """The routes of this protocol."""
    routes = APIRouter(tags=["protocols of others"])

    @routes.post("/judge/batch", summary="code-judge: judge submissions")
    async def judge_batch(request: Request) -> dict[str, Any]:
        ports = ports_of(request)
        call = await ports.read(request)
        submissions = submissions_of(call.body)
        runs = [run_of(s, ports.limits_default, ports.limits_max) for s in submissions]
        found: dict[int, Account] = {}

        async def ask(indices: Sequence[int], key: str) -> list[Account | None]:
            got = await ports.run([runs[i] for i in indices], call.owner, key, deadline_s=2 * PATIENCE_S)
            found.update({i: account for i, account in zip(indices, got, strict=True) if account is not None})
            return got

        try:
            await insistent(ask, len(runs), call.key, PATIENCE_S)
        except Unavailable:
            if not found:
                raise
        results = [_result(s, found.get(i)) for i, s in enumerate(submissions)]
        return {"sub_id": str(call.body.get("sub_id") or uuid.uuid4()), "results": results}

    return routes


def submissions_of(body: Any) -> list[dict[str, Any]]:
    """The submissions of a body. Raises InvalidRequest."""
    submissions = object_of(body).get("submissions")
    if not isinstance(submissions, list) or not submissions:
        raise _fault("/submissions", "Input should be a list of at least one submission")
    for i, submission in enumerate(submissions):
        if not isinstance(submission, dict) or not isinstance(submission.get("solution"), str):
            raise _fault(f"/submissions/{i}/solution", "Input should be a string")
        if not isinstance(submission.get("type"), str):
            raise _fault(f"/submissions/{i}/type", "Input should be a string")
    return submissions


def run_of(submission: dict[str, Any], default: Limits, most: Limits) -> Run:
    """The program of a submission."""
    limits = limits_for(RUN_S, default.compile_s, None, default, most)
    limits = limits.model_copy(update={"output_kib": min(OUTPUT_KIB, most.output_kib)})
    return Run(submission["type"], submission["solution"], limits, stdin=str(submission.get("input") or ""))


def _result(submission: dict[str, Any], account: Account | None) -> dict[str, Any]:
    sub_id = str(submission.get("sub_id") or uuid.uuid4())
    if account is None:
        return {"sub_id": sub_id, "success": False, "run_success": False, "cost": 0.0, "reason": "queue_timeout"}
    ran = account.exit_code == 0 and account.stopped is None and account.compile_error is None
    expected = submission.get("expected_output")
    right = expected is None or printed(account.stdout).strip() == str(expected).strip()
    late = account.stopped in ("cpu", "wall")
    return {
        "sub_id": sub_id,
        "success": ran and right,
        "run_success": ran,
        "cost": account.wall_s,
        "reason": "worker_timeout" if late else "",
    }


def _fault(where: str, detail: str) -> InvalidRequest:
    return InvalidRequest(f"{where}: {detail}", faults=(FieldFault(where, detail),))
