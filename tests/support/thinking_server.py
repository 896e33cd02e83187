"""A real HTTP server that answers as a thinking-reward model would, or as a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class FakeModel:
    """`answer` maps a request to (status, JSON or raw bytes); `asked` holds every request."""

    answer: Callable[[Asked], Answer]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def texts(self) -> list[str]:
        return [text for a in self.asked for text in a.body["input"]]


@contextmanager
def serve(answer: Callable[[Asked], Answer]) -> Iterator[FakeModel]:
    model = FakeModel(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            model.asked.append(asked)
            status, data = model.answer(asked)
            raw = data if isinstance(data, bytes) else json.dumps(data).encode()
            with suppress(BrokenPipeError, ConnectionResetError):  # the client gave up waiting
                self.send_response(status)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def classify(score: Callable[[str], float]) -> Callable[[Asked], Answer]:
    """vLLM's `/classify`: a raw score for each input."""

    def answer(asked: Asked) -> Answer:
        data = [
            {"index": i, "label": "LABEL_0", "probs": [score(text)], "num_classes": 1}
            for i, text in enumerate(asked.body["input"])
        ]
        return 200, {"id": "c", "object": "list", "created": 0, "model": "m", "data": data, "usage": {}}

    return answer
