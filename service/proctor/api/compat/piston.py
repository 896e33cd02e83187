"""Piston: `POST /api/v2/execute` runs a program; `GET /api/v2/runtimes` lists the languages.

As engineer-man/piston's API v2 has it; open-r1 (which asks for `cms_ioi` packages of its own, not served) and HF's
code environments speak it. Times are milliseconds, memory bytes. A limit above ours is a 400 with a `message`, as
there; a request that we cannot serve now is a 503 with a `message`, and its resend joins the work.
"""

from __future__ import annotations

import signal as signals
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from proctor.api.compat.patience import insistent
from proctor.api.compat.ports import PortsOf, Run
from proctor.api.compat.programs import COMPILED, KILLED, checked_path, limits_for, positive, printed, unbase64
from proctor.api.compat.samples import object_of
from proctor.errors import InvalidRequest, Overloaded, Unavailable
from proctor.judge.run_once import Account
from proctor.wire import Limits
from proctor_supervisor.languages.table import canonical

PATIENCE_S = 120.0
RUN_MS, COMPILE_MS = 3000.0, 10000.0  # Piston's defaults
#: As the metadata of Piston's own packages have them; other names of ours are understood too.
_ALIASES = {
    "bash": ("sh",),
    "c": ("gcc",),
    "cpp": ("cpp", "g++"),
    "go": ("golang",),
    "java": (),
    "javascript": ("node-javascript", "node-js", "js", "node", "nodejs"),
    "python": ("py", "py3", "python3", "python3.11"),
    "rust": ("rs",),
    "typescript": ("ts", "node-ts", "tsc"),
}
_NAMES = {"cpp": "c++"}  # what Piston calls our languages
_STATUS = {"cpu": "TO", "wall": "TO", "output": "OL", "memory": "SG", "processes": "SG"}
_MESSAGE = {
    "TO": "Time limit exceeded",
    "OL": "Output length exceeded",
    "RE": None,
    "SG": None,
}


def router(ports_of: PortsOf) -> APIRouter:
    """The routes of this protocol."""
    routes = APIRouter(tags=["protocols of others"])

    @routes.get("/api/v2/runtimes", summary="Piston: languages")
    async def runtimes(request: Request) -> list[dict[str, Any]]:
        return [_runtime(name, version) for name, version in sorted((await ports_of(request).languages()).items())]

    @routes.post("/api/v2/execute", summary="Piston: run a program", response_model=None)
    async def execute(request: Request) -> dict[str, Any] | JSONResponse:
        ports = ports_of(request)
        call = await ports.read(request)
        try:
            languages = await ports.languages()
            run = run_of(call.body, languages, ports.limits_default, ports.limits_max)

            async def ask(_: Sequence[int], key: str) -> list[Account | None]:
                return await ports.run([run], call.owner, key, deadline_s=2 * PATIENCE_S)

            (account,) = await insistent(ask, 1, call.key, PATIENCE_S)
        except InvalidRequest as error:
            return JSONResponse({"message": error.detail}, status_code=400)
        except (Overloaded, Unavailable) as error:
            headers = {"Retry-After": "1"}
            return JSONResponse({"message": error.detail}, status_code=503, headers=headers)
        return {
            "language": _NAMES.get(run.language, run.language),
            "version": languages[run.language],
            **_stages(run.language, account),
        }

    return routes


def run_of(body: Any, languages: Mapping[str, str], default: Limits, most: Limits) -> Run:
    """The program of a body. Raises InvalidRequest, in Piston's words."""
    fields = object_of(body)
    language = _language(fields, languages)
    files = _files(fields)
    main, *others = files
    run_s = positive(fields.get("run_timeout"), RUN_MS, "run_timeout") / 1000
    compile_s = positive(fields.get("compile_timeout"), COMPILE_MS, "compile_timeout") / 1000
    cpu_s = positive(fields.get("run_cpu_time"), run_s * 1000, "run_cpu_time") / 1000
    memory = _memory(fields.get("run_memory_limit"), most)
    for name, value, limit in (("run_timeout", run_s, most.wall_s), ("run_cpu_time", cpu_s, most.cpu_s)):
        if value > limit:
            raise InvalidRequest(f"{name} cannot exceed the configured limit of {limit * 1000:.0f}")
    args = fields.get("args") or []
    if not isinstance(args, list):
        raise InvalidRequest("args is required as an array")
    return Run(
        language=language,
        code=main[1].decode("utf-8", "surrogatepass"),
        limits=limits_for(run_s, compile_s, memory, default, most, cpu_s=cpu_s),
        stdin=str(fields.get("stdin") or ""),
        argv=tuple(map(str, args)),
        files=dict(others),
    )


def _language(fields: dict[str, Any], languages: Mapping[str, str]) -> str:
    for name in ("language", "version"):
        if not isinstance(fields.get(name), str) or not fields[name]:
            raise InvalidRequest(f"{name} is required as a string")
    asked, version = fields["language"], fields["version"]
    for name, have in languages.items():
        names = (name, _NAMES.get(name), *_ALIASES.get(name, ()))
        if (asked in names or canonical(asked) == name) and _matches(version, have):
            return name
    raise InvalidRequest(f"{asked[:80]}-{version[:80]} runtime is unknown")


def _matches(asked: str, have: str) -> bool:
    """Whether a version is in a range such as `*`, `3.x`, `^3.10`, `3.11.2`; a number left out stands for any."""
    caret = asked.startswith("^")
    want = asked.lstrip("^~=v").split(".")
    pairs = list(zip(want[: 1 if caret else 2 if asked.startswith("~") else len(want)], have.split("."), strict=False))
    return all(w in ("*", "x", "X", h) for w, h in pairs)


def _files(fields: dict[str, Any]) -> list[tuple[str, bytes]]:
    files = fields.get("files")
    if not isinstance(files, list) or not files:
        raise InvalidRequest("files is required as an array")
    return [_file(i, f) for i, f in enumerate(files)]


def _file(i: int, file: Any) -> tuple[str, bytes]:
    if not isinstance(file, dict) or not isinstance(file.get("content"), str):
        raise InvalidRequest(f"files[{i}].content is required as a string")
    content, encoding = file["content"], file.get("encoding") or "utf8"
    name = checked_path(str(file.get("name") or f"file{i}.code"), f"files[{i}].name")
    if encoding == "base64":
        return name, unbase64(content, f"files[{i}].content")
    if encoding == "hex":
        try:
            return name, bytes.fromhex(content)
        except ValueError:
            raise InvalidRequest(f"files[{i}].content is not hex") from None
    return name, content.encode("utf-8", "surrogatepass")


def _memory(value: Any, most: Limits) -> int | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        return None
    mib = int(value) >> 20
    if mib > most.memory_mib:
        raise InvalidRequest(f"run_memory_limit cannot exceed the configured limit of {most.memory_mib << 20}")
    return mib


def _stages(language: str, account: Account) -> dict[str, Any]:
    """The stages. Languages that compile have a `compile` stage, Python has none: its syntax errors are the run's."""
    if account.compile_error is None:
        run = _stage(account)
        return {"compile": _EMPTY, "run": run} if language in COMPILED else {"run": run}
    refused = {**_EMPTY, "code": 1, "status": "RE", "stderr": account.compile_error, "output": account.compile_error}
    return {"compile": refused, "run": _EMPTY} if language in COMPILED else {"run": refused}


_EMPTY: dict[str, Any] = {
    "stdout": "",
    "stderr": "",
    "output": "",
    "code": 0,
    "signal": None,
    "memory": 0,
    "message": None,
    "status": None,
    "cpu_time": 0,
    "wall_time": 0,
}


def _stage(account: Account) -> dict[str, Any]:
    stdout, stderr = printed(account.stdout), printed(account.stderr)
    status = _status(account)
    ended = account.stopped is None and account.exit_code is not None
    return {
        "stdout": stdout,
        "stderr": stderr,
        "output": stdout + stderr,
        "code": account.exit_code if ended else None,
        "signal": None if ended else _signal(account.signal or KILLED),
        "memory": round(account.memory_mib * (1 << 20)),
        "message": _MESSAGE[status] if status else None,
        "status": status,
        "cpu_time": round(account.cpu_s * 1000),
        "wall_time": round(account.wall_s * 1000),
    }


def _status(account: Account) -> str | None:
    if account.stopped is not None:
        return _STATUS[account.stopped]
    if account.exit_code is None:
        return "SG"
    return "RE" if account.exit_code else None


def _signal(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return str(number)


def _runtime(name: str, version: str) -> dict[str, Any]:
    return {"language": _NAMES.get(name, name), "version": version, "aliases": list(_ALIASES.get(name, ()))}
