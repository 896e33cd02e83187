"""SandboxFusion: `POST /run_code` runs a program and answers what it printed; `GET /v1/ping`.

As bytedance/SandboxFusion and its SDK (0.3.7) have it; verl (0.9), ROLL and the Tinker cookbook speak it. Kept because
clients depend on it: 200 whatever the code did; `Failed` for a timeout or an exit code other than zero; no return
code on a timeout; the negative signal as return code; unknown fields ignored. Python has no compile step there, so
a syntax error is a run that ends with 1. Not kept: its timeouts of programs that print more than a pipe holds.

verl's client retries 504 and nothing else, three times, and takes any other failure for a wrong answer; its HTTP
timeout, after which it does not retry either, is compile_timeout + run_timeout + 10 s. So a request that cannot be
served yet waits, and gets its 504 just before that; the resend joins the work.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from redis.exceptions import RedisError

from proctor.api.compat.patience import insistent
from proctor.api.compat.ports import PortsOf, Run
from proctor.api.compat.programs import COMPILED, KILLED, checked_path, limits_for, positive, printed, unbase64
from proctor.api.compat.samples import object_of
from proctor.errors import FieldFault, InvalidRequest, Overloaded, Unavailable
from proctor.judge.run_once import Account
from proctor.wire import Limits
from proctor_supervisor.languages.table import canonical

BEFORE_CLIENT_S = 8.0  # of the 10 s that verl's client adds to both timeouts
LEAST_PATIENCE_S = 5.0
RESENDS = 4.0  # times the patience: verl tries three times
DEFAULT_TIMEOUT_S = 10.0


def router(ports_of: PortsOf) -> APIRouter:
    """The routes of this protocol."""
    routes = APIRouter(tags=["protocols of others"])

    @routes.get("/v1/ping", summary="SandboxFusion: liveness")
    async def ping() -> str:
        return "pong"

    @routes.post("/run_code", summary="SandboxFusion: run a program", response_model=None)
    async def run_code(request: Request) -> dict[str, Any] | JSONResponse | PlainTextResponse:
        ports = ports_of(request)
        try:
            call = await ports.read(request)
            run, patience_s = run_of(call.body, ports.limits_default, ports.limits_max)

            async def ask(_: Sequence[int], key: str) -> list[Account | None]:
                return await ports.run([run], call.owner, key, deadline_s=RESENDS * patience_s)

            (account,) = await insistent(ask, 1, call.key, patience_s)
        except (Overloaded, Unavailable, RedisError) as error:
            return JSONResponse({"detail": f"not yet: {error}"}, status_code=504)
        return answer(run, account)

    return routes


def run_of(body: Any, default: Limits, most: Limits) -> tuple[Run, float]:
    """The program of a body, and for how many seconds its client waits. Raises InvalidRequest."""
    fields = object_of(body)
    code, language = fields.get("code"), fields.get("language")
    if not isinstance(code, str) or not isinstance(language, str):
        raise InvalidRequest("code and language should be strings", faults=(FieldFault("/code", "not a string"),))
    run_s = positive(fields.get("run_timeout"), DEFAULT_TIMEOUT_S, "/run_timeout")
    compile_s = positive(fields.get("compile_timeout"), DEFAULT_TIMEOUT_S, "/compile_timeout")
    files = fields.get("files") or {}
    fetch = fields.get("fetch_files") or []
    if not isinstance(files, dict) or not isinstance(fetch, list):
        raise InvalidRequest(
            "files should be an object, fetch_files a list", faults=(FieldFault("/files", "wrong type"),)
        )
    run = Run(
        language=canonical(language),
        code=code,
        limits=limits_for(run_s, compile_s, _memory(fields.get("memory_limit_MB")), default, most),
        stdin=str(fields.get("stdin") or ""),
        files={checked_path(p, "/files"): unbase64(c, f"/files/{p}") for p, c in files.items() if c is not None},
        fetch=tuple(checked_path(str(p), "/fetch_files") for p in fetch),
    )
    return run, max(LEAST_PATIENCE_S, run_s + compile_s + BEFORE_CLIENT_S)


def _memory(value: Any) -> int | None:
    """MiB; None for -1, which means no limit there and the default one here."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def answer(run: Run, account: Account) -> dict[str, Any]:
    """The body of the answer."""
    compiling = account.compile_error is not None and run.language in COMPILED
    result = _command(account)
    return {
        "status": "Success" if result["status"] == "Finished" and result["return_code"] == 0 else "Failed",
        "message": "",
        "compile_result": result if compiling else None,
        "run_result": None if compiling else result,
        "executor_pod_name": None,
        "files": {path: base64.b64encode(content).decode("ascii") for path, content in account.files.items()},
    }


def _command(account: Account) -> dict[str, Any]:
    late = account.stopped in ("cpu", "wall")
    stderr = printed(account.stderr) if account.compile_error is None else account.compile_error
    return {
        "status": "TimeLimitExceeded" if late else "Finished",
        "execution_time": account.wall_s,
        "return_code": None if late else _return_code(account),
        "stdout": printed(account.stdout),
        "stderr": stderr,
    }


def _return_code(account: Account) -> int:
    """As Python's subprocess counts: the exit code, or the negative signal."""
    if account.compile_error is not None:
        return 1
    if account.stopped is not None:
        return -KILLED
    return account.exit_code if account.exit_code is not None else -(account.signal or KILLED)
