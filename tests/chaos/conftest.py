"""`--rounds N` chooses how many rounds of chaos are played, `--seed S` where their seeds begin, so that rounds can be
played in parts; their sum is told at the end."""

from __future__ import annotations

import math

import pytest
from chaos_round import Tally

#: Of all rounds, by kind: whole services on two kinds of sandbox, and the queue alone, which kills faster.
PARTS = {"namespace": 0.7, "docker": 0.15, "queue": 0.15}
#: Without `--rounds`, as in `make test`.
SOME = {"namespace": 3, "docker": 2, "queue": 1}

_TALLY = pytest.StashKey[Tally]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=None, help="rounds of chaos, all kinds together")
    parser.addoption("--seed", type=int, default=0, help="the first round's seed")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TALLY] = Tally()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    kind = getattr(metafunc.function, "chaos", None)
    if kind is not None and "seed" in metafunc.fixturenames:
        rounds = metafunc.config.getoption("--rounds", None)
        first = metafunc.config.getoption("--seed", 0)
        count = SOME[kind] if rounds is None else math.ceil(rounds * PARTS[kind])
        metafunc.parametrize("seed", range(first, first + count))


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    """The sum over all rounds of the session."""
    return pytestconfig.stash[_TALLY]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash[_TALLY]
    if tally.rounds:
        terminalreporter.section("chaos")
        for line in tally.lines():
            terminalreporter.write_line(line)
