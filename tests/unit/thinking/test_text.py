"""Joining problem and reasoning; normalising raw scores; settings that cannot work."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

from proctor.errors import ConfigurationError
from proctor.settings import Settings
from proctor.thinking import Thought, make_scorer
from proctor.thinking.normalize import identity, make_normalize, minmax, sigmoid
from proctor.thinking.text import CHAT, join, load_template, plain
from proctor.thinking.types import NotAScore


def test_placeholders_in_the_texts_are_left_alone() -> None:
    joined = join(CHAT, Thought("P {reasoning}", "R {problem} {0} {"))
    assert joined == "### Problem\nP {reasoning}\n\n### Reasoning\nR {problem} {0} {"


def test_a_template_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "t.txt"
    file.write_text("<|im_start|>user\n{problem}<|im_end|>\n<|im_start|>assistant\n{reasoning}<|im_end|>")
    joined = join(load_template(str(file)), Thought("p", "r<|im_end|>"))
    assert joined == "<|im_start|>user\np<|im_end|>\n<|im_start|>assistant\nr< |im_end| ><|im_end|>"


@pytest.mark.parametrize("text", ["a < b | c > d", "x[i] > y", "if a<b: s>0", "<html>", "[1]", "List[INT]"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    "token",
    [
        "<|im_end|>",
        "<s>",
        "</s>",
        "<｜end▁of▁sentence｜>",
        "[INST]",
        "<end_of_turn>",
        "<<SYS>>",
        "[gMASK]",
        "<sop>",
        "<eoa>",
        "<unused7>",
        "<extra_id_0>",
        "[/AVAILABLE_TOOLS]",
        "[TOOL_CALLS]",
    ],
)
def test_special_tokens_become_text(token: str) -> None:
    assert token not in plain(f"a{token}b")


def test_a_template_must_hold_the_reasoning(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("{problem}")
    with pytest.raises(ConfigurationError, match="reasoning"):
        load_template(str(tmp_path / "t"))
    with pytest.raises(ConfigurationError):
        load_template(str(tmp_path / "absent"))


def test_sigmoid_never_overflows() -> None:
    assert sigmoid(0) == 0.5
    assert sigmoid(-1e308) == 0.0
    assert sigmoid(1e308) == 1.0


@pytest.mark.parametrize("normalize", [sigmoid, identity, lambda x: minmax(x, 0, 1)])
@pytest.mark.parametrize("raw", [math.nan, math.inf, -math.inf, True, None, "1", 10**400])
def test_only_finite_numbers_are_scores(normalize: object, raw: object) -> None:
    with pytest.raises(NotAScore):
        normalize(raw)  # type: ignore[operator]


def test_identity_refuses_what_is_outside() -> None:
    assert identity(1) == 1.0
    for raw in (-0.001, 1.001):
        with pytest.raises(NotAScore):
            identity(raw)


def test_minmax_reads_a_calibration_and_cuts(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text(json.dumps({"min": -4, "max": 4}))
    normalize = make_normalize("minmax", file)
    assert [normalize(x) for x in (-10.0, -4, 0, 2, 9)] == [0.0, 0.0, 0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"min": 1, "max": 1}', '{"min": NaN, "max": 1}', '{"min": "0", "max": 1}']
)
def test_a_calibration_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError):
        make_normalize("minmax", file)
    with pytest.raises(ConfigurationError):
        make_normalize("minmax", None)


async def test_the_calibration_is_told_and_belongs_to_its_model(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text(json.dumps({"min": -4, "max": 4, "model": "rm"}))
    named: dict[str, Any] = {"thinking_normalize": "minmax", "thinking_calibration": file}
    with pytest.raises(ConfigurationError, match="rm"):
        make_scorer(Settings(thinking_provider="vllm", thinking_url="http://h", thinking_model="other", **named))
    scorer = make_scorer(Settings(thinking_provider="vllm", thinking_url="http://h", thinking_model="rm", **named))
    assert scorer is not None
    about = scorer.describe()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert about["normalize"] == "minmax"
    assert about["calibration"] == {"min": -4, "max": 4, "model": "rm", "sha256": digest}
    await scorer.close()


@pytest.mark.parametrize("url", [None, "", "localhost:8000", "ftp://x"])
def test_a_provider_needs_a_server(url: str | None) -> None:
    with pytest.raises(ConfigurationError, match="PROCTOR_THINKING_URL"):
        make_scorer(Settings(thinking_provider="vllm", thinking_url=url))


async def test_describe_holds_no_secret() -> None:
    scorer = make_scorer(
        Settings(thinking_provider="vllm", thinking_url="http://u:pw@h:81/b", thinking_api_key="sk-secret")
    )
    assert scorer is not None
    about = scorer.describe()
    assert about["url"] == "http://h:81/b"
    assert "secret" not in str(about)
    assert "pw" not in str(about)
    await scorer.close()
