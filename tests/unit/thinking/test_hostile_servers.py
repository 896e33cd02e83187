"""Servers that break HTTP, or answer it in odd but lawful ways: a score where there is one, else an error in time."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from proctor.errors import ThinkingUnavailable
from proctor.settings import Settings
from proctor.thinking import Score, Thought, endpoint, make_scorer

Talk = Callable[[asyncio.StreamWriter], Awaitable[None]]

RIGHT = json.dumps({"scores": [0.25]}).encode()
_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"transfer-encoding: chunked\r\n\r\n"


def says(raw: bytes) -> Talk:
    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return talk


def whole(body: bytes, *headers: bytes, status: bytes = _OK) -> bytes:
    return b"".join((status, *headers, b"content-length: %d\r\n\r\n" % len(body), body))


async def drips(writer: asyncio.StreamWriter) -> None:
    writer.write(_OK + b"content-length: 100\r\n\r\n")
    for _ in range(100):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def never_ends(writer: asyncio.StreamWriter) -> None:
    writer.write(_OK + b"\r\n")
    while not writer.is_closing():
        writer.write(b" " * 65536)
        await writer.drain()


RIGHT_ANSWERS = {
    "gzip": says(whole(gzip.compress(RIGHT), b"content-encoding: gzip\r\n")),
    "deflate": says(whole(zlib.compress(RIGHT), b"content-encoding: deflate\r\n")),
    "http_1_0_ends_by_closing": says(b"HTTP/1.0 200 OK\r\n\r\n" + RIGHT),
    "chunked": says(_CHUNKED + b"3\r\n" + RIGHT[:3] + b"\r\nf\r\n" + RIGHT[3:] + b"\r\n0\r\n\r\n"),
    "continue_first": says(b"HTTP/1.1 100 Continue\r\n\r\n" + whole(RIGHT)),
    "bom": says(whole(b"\xef\xbb\xbf" + RIGHT)),
    "no_type_and_cookies": says(whole(RIGHT, b"set-cookie: a=b\r\n", b"content-type: text/html\r\n")),
}  # fmt: skip
WRONG_ANSWERS = {
    "silence": says(b""),
    "no_http": says(b"SSH-2.0-x\r\n\r\n"),
    "half_a_head": says(b"HTTP/1.1 200"),
    "half_a_body": says(_OK + b"content-length: 100\r\n\r\n" + RIGHT),
    "two_lengths": says(_OK + b"content-length: 3\r\ncontent-length: 5\r\n\r\n" + RIGHT),
    "broken_chunks": says(_CHUNKED + b"zz\r\n"),
    "broken_gzip": says(whole(RIGHT, b"content-encoding: gzip\r\n")),
    "redirect": says(whole(RIGHT, b"location: http://127.0.0.1:1/\r\n", status=b"HTTP/1.1 307 Temporary Redirect\r\n")),
    "no_content": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "accepted": says(whole(RIGHT, status=b"HTTP/1.1 202 Accepted\r\n")),
    "an_error_in_a_200": says(whole(b'{"error": {"message": "out of memory", "code": 500}}')),
    "a_page": says(whole(b"<html>502 Bad Gateway</html>")),
    "nan_as_text": says(whole(b'{"scores": ["NaN"]}')),
    "nan": says(whole(b'{"scores": [NaN]}')),
    "deep": says(whole(b"[" * 200_000)),
    "a_number_of_many_digits": says(whole(b'{"scores": [1' + b"0" * 5000 + b"]}")),
    "another_charset": says(whole(json.dumps({"scores": [0.25]}).encode("utf-16")[:-1])),
    "drips": drips,
    "never_ends": never_ends,
    "a_bomb": says(whole(gzip.compress(b" " * (1 << 21)), b"content-encoding: gzip\r\n")),
}


@asynccontextmanager
async def server(talk: Talk) -> AsyncIterator[str]:
    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            await talk(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client had enough
        finally:
            writer.close()

    listening = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


async def asked(talk: Talk, timeout_s: float) -> Score:
    async with server(talk) as url:
        scorer = make_scorer(Settings(thinking_provider="http", thinking_url=url, thinking_timeout_s=timeout_s))
        assert scorer is not None
        try:
            return await scorer.score(Thought("problem", "reasoning"))
        finally:
            await scorer.close()


@pytest.mark.parametrize("talk", RIGHT_ANSWERS.values(), ids=RIGHT_ANSWERS)
async def test_odd_but_lawful(talk: Talk) -> None:
    assert await asked(talk, 20.0) == Score(0.25)


@pytest.mark.parametrize("talk", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
async def test_broken(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "ANSWER_MAX", 1 << 20)
    with pytest.raises(ThinkingUnavailable):
        await asked(talk, 1.0)


async def test_logprobs_beyond_every_float_are_no_score() -> None:
    listed = [{"token": "7", "logprob": -(10**400)}]
    answer = {"choices": [{"message": {"content": "7"}, "logprobs": {"content": [{"top_logprobs": listed}]}}]}
    async with server(says(whole(json.dumps(answer).encode()))) as url:
        settings = Settings(thinking_provider="openai", thinking_url=url, thinking_judge="logprobs")
        scorer = make_scorer(settings)
        assert scorer is not None
        with pytest.raises(ThinkingUnavailable):
            await scorer.score(Thought("problem", "reasoning"))
        await scorer.close()
