"""Accuracy on preference pairs, calibration, and the files that they read."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from thinking_server import Asked, FakeModel, classify, serve
from typer.testing import CliRunner

from proctor.errors import ConfigurationError, ThinkingUnavailable
from proctor.settings import Settings, get_settings
from proctor.thinking import Thought, make_scorer
from proctor.thinking.quality.accuracy import Judged, report, wilson
from proctor.thinking.quality.ask import calibrate, evaluate, quantile
from proctor.thinking.quality.files import Fields, Pair, read_pairs, read_thoughts
from proctor.thinking_commands import app


def judged(chosen: float, rejected: float, number: int = 0, lengths: tuple[int, int] = (10, 10)) -> Judged:
    return Judged(f"p{number}", "", chosen, rejected, *lengths, chosen_first=number % 2 == 0)


def test_wilson_is_the_published_interval() -> None:
    """Newcombe 1998, table I: 81 of 263 and 1 of 29."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=1e-4)
    assert wilson(10, 10)[1] == pytest.approx(1.0)


def test_accuracy_counts_ties_as_halves() -> None:
    found = report([judged(1, 0, 0), judged(0, 1, 1), judged(0.5, 0.5, 2), judged(2, -1, 3)])
    assert (found["accuracy"], found["ties"], found["pairs"], found["problems"]) == (0.625, 1, 4, 4)
    assert found["mean_margin"] == 0.75
    assert found["by_position"]["chosen first"]["accuracy"] == 0.75
    assert found["by_position"]["chosen second"]["accuracy"] == 0.5


def test_a_judge_of_length_is_found_out() -> None:
    rng = random.Random(3)
    pairs = []
    for number in range(200):
        lengths = (rng.randint(50, 150), rng.randint(50, 150))
        pairs.append(judged(lengths[0], lengths[1], number, lengths))
    found = report(pairs)
    assert found["by_longer"]["chosen longer"]["accuracy"] == 1.0
    assert found["by_longer"]["rejected longer"]["accuracy"] == 0.0
    assert found["longer_wins"] == pytest.approx(found["accuracy"])
    assert sum(row["pairs"] for row in found["by_length"].values()) == 200
    assert len(found["by_length"]) == 3


def test_the_control_tells_a_judge_from_chance() -> None:
    rng = random.Random(5)
    good = report([judged(1, float(rng.random() < 0.2) * 2, n) for n in range(200)])
    coin = report([judged(rng.random(), rng.random(), n) for n in range(200)])
    for found in (good, coin):
        assert found["shuffled_labels"]["accuracy"] == pytest.approx(0.5, abs=0.01)
        low, high = found["shuffled_labels"]["range95"]
        assert 0.42 <= low < 0.5 < high <= 0.58
    assert good["shuffled_labels"]["p_value"] < 0.001
    assert coin["shuffled_labels"]["p_value"] > 0.01
    assert good["ci95_wilson"][0] > 0.7
    assert good["ci95_wilson"] == pytest.approx(good["ci95_bootstrap"], abs=0.03)


def test_pairs_of_one_problem_are_not_independent() -> None:
    """Ten problems, won or lost as a whole with twenty pairs each: the bootstrap over problems is wider."""
    found = report([judged(1, 2 * (n % 10 < 3), n % 10) for n in range(200)])
    assert found["accuracy"] == pytest.approx(0.7)
    (low, high), (least, most) = found["ci95_wilson"], found["ci95_bootstrap"]
    assert least < low - 0.1
    assert high + 0.05 < most


def write(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_lcb_rb_and_rewardbench_rows_are_read(tmp_path: Path) -> None:
    conversation = [{"role": "user", "content": "q?"}]
    rows = [
        {"question_content": "p1", "chosen": "<think>\ngood\n</think>print(1)", "rejected": "bad"},
        {"prompt": "p2", "chosen": "good", "rejected": "bad", "subset": "hep-python", "id": 3, "chosen_model": "human"},
        {
            "prompt": conversation,
            "chosen": [*conversation, {"role": "assistant", "content": "good"}],
            "rejected": "bad",
        },
        {"prompt": "p4", "chosen": ["a", "b"], "rejected": ["c", "d", "e"], "num_correct": 2},
        {
            "problem": "p5",
            "chosen": {"role": "assistant", "reasoning_content": "good", "content": "x"},
            "rejected": "bad",
        },
    ]
    pairs = read_pairs(write(tmp_path / "a.jsonl", *rows))
    assert pairs[:3] == [
        Pair("p1", "good", "bad"),
        Pair("p2", "good", "bad", "hep-python"),
        Pair("q?", "good", "bad"),
    ]
    assert [(p.chosen, p.rejected) for p in pairs[3:9]] == [(c, r) for c in "ab" for r in "cde"]
    assert pairs[9] == Pair("p5", "good", "bad")
    for better, worse in [
        ("superior", "inferior"),
        ("superior_reasoning", "inferior_reasoning"),
        ("chosen_reasoning_process", "rejected_reasoning_process"),
        ("optimized_thinking", "degraded_thinking"),
    ]:
        words = {"problem": "p6", better: "good", worse: "bad", "chosen": "whole", "id": 1}
        assert read_pairs(write(tmp_path / "c.jsonl", words)) == [Pair("p6", "good", "bad")]
    parted = {"question": "p7", "chosen": {"reasoning": "good", "answer": "x"}, "rejected": {"reasoning": "bad"}}
    assert read_pairs(write(tmp_path / "c.jsonl", parted)) == [Pair("p7", "good", "bad")]
    both = {"prompt": "p8", "chosen": "a", "rejected": "b", "chosen_reasoning": "good", "rejected_reasoning": "bad"}
    assert read_pairs(write(tmp_path / "c.jsonl", both)) == [Pair("p8", "good", "bad")], "never the code"
    (tmp_path / "b.json").write_text(json.dumps(rows))
    assert read_pairs(tmp_path / "b.json") == pairs


def test_fields_may_have_other_names(tmp_path: Path) -> None:
    file = write(tmp_path / "a", {"q": "p", "win": "good", "lose": "bad"})
    assert read_pairs(file, Fields(("q",), ("win",), ("lose",))) == [Pair("p", "good", "bad")]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "no rows"),
        ("{", "a.jsonl"),
        ("3", "row 1"),
        (
            '{"prompt": "p", "chosen": "c"}',
            "row 1: no field for the rejected: it may be called rejected, inferior, .*fields: prompt, chosen",
        ),
        ('{"prompt": "p", "chosen": "c", "rejected": "r"}\n{"prompt": 3, "chosen": "c", "rejected": "r"}', "row 2"),
    ],
)
def test_a_file_that_holds_no_pairs_says_where(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(ConfigurationError, match=match):
        read_pairs(tmp_path / "a.jsonl")


def test_thoughts_come_from_samples_and_from_pairs(tmp_path: Path) -> None:
    rows = [
        {"prompt": "p", "reasoning": "r1"},
        {"prompt": "p", "completion": "<think>r2</think>code"},
        {"prompt": "p", "reasoning": "  "},
        {"problem": "p", "chosen": "r3", "rejected": "r4"},
    ]
    assert read_thoughts(write(tmp_path / "a", *rows)) == [Thought("p", f"r{i}") for i in range(1, 5)]


def number_in(text: str) -> float:
    word = text.rsplit(" ", 1)[1]
    return float(word) if word.lstrip("-").isdigit() else 0.0  # the control


def raw_scorer(model: FakeModel) -> Any:
    return make_scorer(Settings(thinking_provider="vllm", thinking_url=model.url, thinking_model="m"), raw=True)


async def test_evaluation_goes_by_raw_scores_and_counts_failures_apart() -> None:
    """Scores of 50 and 60 are both 1.0 after a sigmoid; one that is NaN or refused loses nothing."""

    def answer(asked: Asked) -> Any:
        if any("REFUSED" in text for text in asked.body["input"]):
            return 400, {}
        return classify(lambda text: float("nan") if "NAN" in text else number_in(text))(asked)

    pairs = [Pair(f"p{i}", f"r {60 + i}", f"s {50 - i}") for i in range(8)]
    pairs += [
        Pair("p8", "r 1", "s 2"),
        Pair("p9", "NAN 1", "s 1"),
        Pair("p10", "REFUSED 1", "s 0"),
        Pair("p11", "r 1", ""),
    ]
    with serve(answer) as model:
        scorer = raw_scorer(model)
        found = await evaluate(scorer, pairs)
        await scorer.close()
    assert found["accuracy"] == pytest.approx(8 / 9)
    assert (found["pairs"], found["unscored"], found["thinking_rejected"]) == (9, 2, 1)
    assert found["model"]["normalize"] == "none"
    assert {row["pairs"] for row in found["by_position"].values()} <= set(range(1, 9))


async def test_a_model_that_is_down_has_no_accuracy() -> None:
    with serve(lambda _: (503, {})) as model:
        scorer = raw_scorer(model)
        with pytest.raises(ThinkingUnavailable):
            await evaluate(scorer, [Pair("p", "a", "b")])
        await scorer.close()


async def test_a_calibration_is_the_range_of_raw_scores() -> None:
    with serve(classify(number_in)) as model:
        scorer = raw_scorer(model)
        found = await calibrate(scorer, [Thought("p", f"r {i - 50}") for i in range(101)], 0.0)
        trimmed = await calibrate(scorer, [Thought("p", f"r {i - 50}") for i in range(101)], 0.05)
        with pytest.raises(ConfigurationError, match="do not differ"):
            await calibrate(scorer, [Thought("p", "r 1")], 0.0)
        await scorer.close()
    assert (found["min"], found["max"], found["count"], found["mean"]) == (-50, 50, 101, 0)
    assert (trimmed["min"], trimmed["max"]) == (-45, 45)
    assert found["model"] == "m"


async def test_a_calibration_with_a_hole_is_none() -> None:
    with serve(classify(lambda text: float("nan") if "7" in text else number_in(text))) as model:
        scorer = raw_scorer(model)
        with pytest.raises(ThinkingUnavailable):
            await calibrate(scorer, [Thought("p", f"r {i}") for i in range(10)], 0.0)
        await scorer.close()


def test_quantiles_are_interpolated() -> None:
    assert [quantile([0, 10, 20], q) for q in (0, 0.25, 0.5, 1)] == [0, 5, 10, 20]


@pytest.fixture
def attached(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """`proctor thinking …` in this process, with a model attached."""
    with serve(classify(number_in)) as model:
        monkeypatch.setenv("PROCTOR_THINKING_PROVIDER", "vllm")
        monkeypatch.setenv("PROCTOR_THINKING_URL", model.url)
        monkeypatch.setenv("PROCTOR_THINKING_MODEL", "m")
        get_settings.cache_clear()
        yield lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))
    get_settings.cache_clear()


def test_the_commands(tmp_path: Path, attached: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ({"prompt": f"p{i}", "chosen": f"r {i + 1}", "rejected": "r 0"} for i in range(20))
    file = write(tmp_path / "p.jsonl", *rows)
    table = attached("eval", file)
    assert table.exit_code == 0, table.output
    assert "accuracy            1.0000" in table.stdout
    assert "shuffled labels" in table.stdout
    found = json.loads(attached("eval", file, "--json", "--limit", 5).stdout)
    assert (found["pairs"], found["accuracy"]) == (5, 1.0)
    made = attached("calibrate", file, "--out", tmp_path / "c.json")
    assert made.exit_code == 0, made.output
    assert "PROCTOR_THINKING_NORMALIZE=minmax" in made.stdout
    assert json.loads((tmp_path / "c.json").read_text())["max"] == 20
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.json", "p.jsonl"]
    monkeypatch.setenv("PROCTOR_THINKING_CALIBRATION", str(tmp_path / "d.json"))
    monkeypatch.setenv("PROCTOR_THINKING_NORMALIZE", "minmax")
    get_settings.cache_clear()
    assert attached("calibrate", file).exit_code == 0, "the file that the settings name need not be there yet"
    assert (tmp_path / "d.json").read_text() == (tmp_path / "c.json").read_text()
    assert attached("eval", tmp_path / "absent").exit_code == 2


def test_without_a_model_there_is_nothing_to_evaluate(
    tmp_path: Path, attached: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCTOR_THINKING_PROVIDER", "none")
    file = write(tmp_path / "p.jsonl", {"prompt": "p", "chosen": "r 1", "rejected": "r 0"})
    assert isinstance(attached("eval", file).exception, ConfigurationError)
