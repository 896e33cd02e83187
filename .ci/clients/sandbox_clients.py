"""Clients as published: SandboxFusion's SDK, verl's, OpenRLHF's, AReaL's process pool, SkyRL-gym.

verl, OpenRLHF and AReaL are installed without what they train with, so their packages are entered past their
`__init__`: the modules that talk to a sandbox or a reward server are theirs, as published.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import importlib.util
import json
import sys
import tempfile
import threading
import time
import types
from pathlib import Path
from typing import Any

from service import SQUARE, UNIT_TESTS, WRONG, Service, check, service

LABEL = json.dumps(UNIT_TESTS)


def published(name: str) -> Any:
    """A module of an installed package, without running the `__init__` of the packages around it."""
    top, *inner = name.split(".")[:-1]
    folder = _folder(top)
    for i in range(len(inner) + 1):
        shell = types.ModuleType(".".join([top, *inner[:i]]))
        shell.__path__ = [str(folder.joinpath(*inner[:i]))]
        sys.modules.setdefault(shell.__name__, shell)
    return importlib.import_module(name)


def _folder(top: str) -> Path:
    """The folder of an installed package."""
    if top in sys.modules:
        return Path(sys.modules[top].__path__[0])
    found = importlib.util.find_spec(top)
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0])


def sandbox_fusion_sdk(url: str) -> None:
    import sandbox_fusion as sdk

    sdk.set_endpoint(url)
    request = sdk.RunCodeRequest(
        code="open('o', 'w').write(open('i').read() * 2); print(input())",
        language="python",
        stdin="hi\n",
        files={"i": base64.b64encode(b"ab").decode()},
        fetch_files=["o"],
    )
    for answer in (sdk.run_code(request), asyncio.run(sdk.run_code_async(request))):
        check(answer.status == sdk.RunStatus.Success, answer)
        check(answer.run_result.stdout == "hi\n", answer)
        check(base64.b64decode(answer.files["o"]) == b"abab", answer)
    mapping = sdk.SummaryMapping(RunTimeout="late", RunFailed="failed")
    for code, word in (("while True: pass", "late"), ("1/0", "failed"), ("print(1)", "Success")):
        ran = sdk.run_code(sdk.RunCodeRequest(code=code, language="python", run_timeout=1))
        check(sdk.summary_run_code_result(ran, mapping) == word, (code, ran))
    codes = [{"request": sdk.RunCodeRequest(code=f"print({i})", language="python")} for i in range(24)]
    printed = [r.run_result.stdout for r in sdk.run_concurrent(sdk.run_code, kwargs=codes)]
    check(printed == [f"{i}\n" for i in range(24)], printed)


def verl(running: Service) -> None:
    url = f"{running.url}/run_code"
    fusion = published("verl.utils.reward_score.sandbox_fusion.utils")
    package = sys.modules["verl.utils.reward_score.sandbox_fusion"] = types.ModuleType("sandbox_fusion")
    package.__path__ = [str(Path(fusion.__file__).parent)]
    score = _exec(
        Path(fusion.__file__).with_name("__init__.py"), "verl.utils.reward_score.sandbox_fusion"
    ).compute_score
    limit = threading.Semaphore(8)
    cases = {"inputs": [f"{i}\n" for i in range(20)], "outputs": [f"{i * i}\n" for i in range(20)]}
    check(score(url, limit, 1024, SQUARE, cases)[0] == 1.0, "a right answer")
    check(score(url, limit, 1024, WRONG, cases)[0] == 0.0, "a wrong answer")
    half = "```python\nn = int(input()); print(n * n if n < 10 else 0)\n```"
    check(score(url, limit, 1024, half, cases)[0] == 0.5, "half an answer")
    function = {"inputs": ["1\n2", "3\n4"], "outputs": ["3", "7"], "fn_name": "add"}
    check(score(url, limit, 1024, "```python\ndef add(a, b): return a + b\n```", function)[0] == 1.0, "a function")
    asserts = {"assert_case": ["assert add(1, 2) == 3", "assert add(1, 2) == 4"]}
    check(score(url, limit, 1024, "```python\ndef add(a, b): return a + b\n```", asserts)[0] == 0.5, "asserts")
    for code, status in (("while True: pass", -3), ("1/0", -2), ("def (", -2)):
        results, _ = fusion.check_correctness(url, {"inputs": [""], "outputs": [""]}, code, timeout=1)
        check(results == [status], (code, results))
    _verl_in_an_outage(fusion, running, url)
    load = published("verl.utils.import_utils").load_extern_object
    compute = load(module_path="pkg://proctor.trainers.verl", object_name="compute_score_async")
    call = {"data_source": "taco", "ground_truth": LABEL, "extra_info": {}, "url": running.url}
    passed, failed = (asyncio.run(compute(solution_str=s, **call)) for s in (SQUARE, WRONG))
    check((passed["score"], failed["score"]) == (1.0, 0.0), (passed, failed))
    check(passed.keys() == failed.keys(), "the same keys")


def _verl_in_an_outage(fusion: Any, running: Service, url: str) -> None:
    """Workers that keep dying: the request waits or gets 504, verl's client comes back, and the answer is right."""
    import psutil

    stop = threading.Event()

    def kill() -> None:
        until = time.monotonic() + 8
        while time.monotonic() < until and not stop.is_set():
            for child in psutil.Process(running.pid).children():
                if "proctor worker" in " ".join(child.cmdline()):
                    child.kill()
            time.sleep(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    time.sleep(0.3)
    results, told = fusion.check_correctness(url, {"inputs": ["3\n"], "outputs": ["9\n"]}, "print(int(input())**2)", 2)
    killer.join()
    check(results == [True], told)


def openrlhf(running: Service) -> None:
    executor_of = published("openrlhf.utils.agent").SingleTurnAgentExecutor
    published("openrlhf.utils.logging_utils")
    prompt = "<|im_start|>user\nSquare it.<|im_end|>\n<|im_start|>assistant\n"
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(
            f"from proctor.trainers.openrlhf import ProctorReward\nreward_func = ProctorReward({running.url!r})\n"
        )
        file.flush()
        for endpoint in (f"{running.url}/get_reward", file.name):
            executor = executor_of(endpoint)
            for answer, reward in ((SQUARE, 1.0), (WRONG, 0.0)):
                engine = Engine(answer + "<|im_end|>")
                sampling = types.SimpleNamespace(max_tokens=8, logprobs=None)
                output = asyncio.run(executor.execute(prompt, LABEL, sampling, 4096, Characters(), engine))
                check(list(output["reward"]) == [reward], (endpoint, output["reward"], reward))
                check(list(output["scores"]) == [reward], output["scores"])
                check(set(output["extra_logs"]) >= {"passed", "invalid"}, output["extra_logs"])


class Characters:
    """A tokenizer whose tokens are characters."""

    def __call__(self, text: str, **_: Any) -> dict[str, Any]:
        tokens = [ord(c) for c in text]
        return {"input_ids": [types.SimpleNamespace(tolist=lambda: tokens)]}

    def decode(self, tokens: list[int], **_: Any) -> str:
        return "".join(map(chr, tokens))


class Engine:
    """A language model with one answer."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    async def generate(self, *_: Any, **__: Any) -> Any:
        output = types.SimpleNamespace(token_ids=[ord(c) for c in self._answer], finish_reason="stop", logprobs=None)
        return types.SimpleNamespace(outputs=[output])


def areal(running: Service) -> None:
    from proctor.trainers.areal import AsyncProctorReward, ProctorReward

    wrapper_of = published("areal.api.reward_api").AsyncRewardWrapper
    row = {"tests": LABEL, "messages": []}

    async def both() -> None:
        for reward in (wrapper_of(ProctorReward(running.url), max_workers=1), AsyncProctorReward(running.url)):
            rewards = [await reward("Square it.", answer, [1], [2], **row) for answer in (SQUARE, WRONG)]
            check(rewards == [1.0, 0.0], rewards)

    asyncio.run(both())


def skyrl(running: Service) -> None:
    import skyrl_gym

    skyrl_gym.register(id="proctor", entry_point="proctor.trainers.skyrl:ProctorEnv")
    for answer, reward in ((SQUARE, 1.0), (WRONG, 0.0)):
        extras = {"reward_spec": {"ground_truth": LABEL}}
        env = skyrl_gym.make("proctor", env_config={"url": running.url}, extras=extras)
        env.init([{"role": "user", "content": "Square it."}])
        step = env.step(answer)
        check((step["reward"], step["done"]) == (reward, True), step)
        check(env.get_metrics()["passed"] == reward, env.get_metrics())


def _exec(path: Path, name: str) -> Any:
    """The module in a file, under its published name."""
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(path.parent)])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    with service() as running:
        sandbox_fusion_sdk(running.url)
        print("sandbox-fusion SDK: runs, files, timeouts, 24 at a time")
        for client in (verl, openrlhf, areal, skyrl):
            client(running)
            print(f"{client.__name__}: as published")


if __name__ == "__main__":
    main()
