"""A worker's own connection to Redis: replies in order, refusals in their place, Redis going away and coming back."""

from __future__ import annotations

import signal

import pytest
from jobs_fakes import Service
from redis.exceptions import ConnectionError, NoScriptError, ResponseError

from proctor.jobs.line import Line
from proctor.worker.main import connect


@pytest.fixture
def line(queue: Service) -> Line:
    return Line(connect(queue.url))


def test_replies_come_in_order_and_a_refusal_stands_for_its_command(line: Line) -> None:
    replies = line.run(("SET", "a", "1"), ("LPUSH", "a", "x"), ("GET", "a"), ("ECHO", b"\0\r\n\xff"), ("ECHO", 1.5))
    assert [replies[0], *replies[2:]] == [b"OK", b"1", b"\0\r\n\xff", b"1.5"]
    assert isinstance(replies[1], ResponseError)
    with pytest.raises(NoScriptError):
        line.one("EVALSHA", "0" * 40, 0)
    assert line.one("GET", "a") == b"1"


def test_a_connection_that_broke_is_made_anew(queue: Service, line: Line) -> None:
    assert line.one("PING") == b"PONG"
    queue.client().client_kill_filter(_type="normal", skipme=True)
    assert line.one("PING") == b"PONG"


def test_without_redis_it_raises_and_with_it_goes_on(queue: Service, line: Line) -> None:
    assert line.one("SET", "kept", "x") == b"OK"
    queue.stop_redis(signal.SIGKILL)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            line.one("GET", "kept")
    queue.start_redis()
    assert line.one("PING") == b"PONG"


def test_an_answer_that_was_not_awaited_is_nobodys(queue: Service) -> None:
    """A signal may end a wait; what comes then must not pass for the answer to the next command."""
    line = Line(connect(queue.url))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            line.one("BLPOP", "nothing", 2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    queue.client().rpush("nothing", "late")
    assert line.one("ECHO", "mine") == b"mine"
