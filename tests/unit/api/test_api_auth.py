from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from api_fakes import Connect
from starlette.datastructures import Headers

from proctor.api import auth
from proctor.api.app import create_app
from proctor.api.auth import Forbidden, KeyRing, is_loopback
from proctor.errors import ConfigurationError, Unauthorized
from proctor.settings import Settings

ANNA, BERT = "anna-0123456789abcdef", "bert-0123456789abcdef"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org"])
def test_no_keys_off_loopback_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="API keys"):
        create_app(Settings(host=host))
    create_app(Settings(host=host, api_keys=json.dumps([ANNA])))


@pytest.mark.parametrize(
    ("host", "is_it"), [("127.9.9.9", True), ("::1", True), ("localhost", True), ("8.8.8.8", False)]
)
def test_loopback(host: str, is_it: bool) -> None:
    assert is_loopback(host) is is_it


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "[1]",
        '["short"]',
        "/no/such/file",
        "[",
        '["a", 3]',
        '[{"key": "0123456789abcdef", "scopes": ["all"]}]',
        '[{"key": "0123456789abcdef", "scope": ["read"]}]',
        '[{"key": "0123456789abcdef", "owner": 1}]',
        '[{"scopes": ["read"]}]',
        '[{"key": "0123456789abcdef", "scopes": []}]',
        '[{"key": "0123456789abcdef", "share": 0}]',
        '[{"key": "0123456789abcdef", "share": true}]',
        '[{"key": "0123456789abcdef", "share": NaN}]',
        '[{"key": "0123456789abcdef", "share": "2"}]',
    ],
)
def test_bad_keys_stop_the_start(text: str) -> None:
    with pytest.raises(ConfigurationError):
        KeyRing(text)


def test_both_headers_and_hashed_keys() -> None:
    ring = KeyRing(json.dumps([ANNA, "sha256:" + hashlib.sha256(BERT.encode()).hexdigest()]))
    anna = ring.owner(Headers({"Authorization": f"Bearer {ANNA}"}))
    assert anna == ring.owner(Headers({"X-API-Key": ANNA})) == ring.owner(Headers({"authorization": f"bearer {ANNA}"}))
    assert ring.owner(Headers({"X-API-Key": BERT})) not in (anna, auth.LOCAL)
    assert ANNA not in anna
    for headers in ({}, {"X-API-Key": "wrong"}, {"Authorization": f"Basic {ANNA}"}, {"Authorization": "Bearer "}):
        with pytest.raises(Unauthorized):
            ring.owner(Headers(headers))


def test_shares_are_the_owners() -> None:
    keys = [{"key": ANNA, "owner": "a", "share": 2}, {"key": ANNA[::-1], "owner": "a"}, {"key": BERT}]
    ring = KeyRing(json.dumps(keys))
    anna, bert = (ring.owner(Headers({"X-API-Key": key})) for key in (ANNA[::-1], BERT))
    assert (ring.share(anna), ring.share(bert), ring.share("gone")) == (2.0, 1.0, 1.0)


def test_a_hash_is_no_key() -> None:
    hashed = "sha256:" + hashlib.sha256(BERT.encode()).hexdigest()
    with pytest.raises(Unauthorized):
        KeyRing(json.dumps([hashed])).owner(Headers({"X-API-Key": hashed}))


def test_a_key_removed_from_the_file_is_revoked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "RELOAD_S", 0.0)
    file = tmp_path / "keys.json"
    file.write_text(json.dumps([ANNA, BERT]))
    ring = KeyRing(str(file))
    assert ring.owner(Headers({"X-API-Key": ANNA}))
    file.write_text(json.dumps([BERT]))
    os.utime(file, (1, 1))
    with pytest.raises(Unauthorized):
        ring.owner(Headers({"X-API-Key": ANNA}))
    file.write_text("[half")
    os.utime(file, (2, 2))
    assert ring.owner(Headers({"X-API-Key": BERT}))


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1.evil.example"])
def test_without_keys_pages_from_elsewhere_are_refused(origin: str) -> None:
    with pytest.raises(Forbidden):
        KeyRing(None).owner(Headers({"Origin": origin}))
    assert KeyRing(None).owner(Headers({"Origin": "http://localhost:3000"})) == auth.LOCAL


async def test_what_one_key_made_another_does_not_see(connect: Connect, sample: dict[str, Any]) -> None:
    anna, bert = {"X-API-Key": ANNA}, {"Authorization": f"Bearer {BERT}"}
    body = json.dumps(sample["tests"]).encode()
    url = f"/v1/test-sets/{hashlib.sha256(body).hexdigest()}"
    async with connect(api_keys=json.dumps([ANNA, BERT])) as client:
        denied = await client.post("/v1/batches", json={"samples": [sample]})
        assert (denied.status_code, denied.headers["www-authenticate"]) == (401, 'Bearer realm="proctor"')
        made = await client.post("/v1/batches", json={"samples": [sample]}, headers={**anna, "Idempotency-Key": "k"})
        at = made.headers["location"]
        assert (await client.get(at, headers=anna)).status_code == 200
        for path in (at, f"{at}/results"):
            assert (await client.get(path, headers=bert)).status_code == 404
        assert (await client.delete(at, headers=bert)).status_code == 404
        again = await client.post("/v1/batches", json={"samples": [sample]}, headers={**bert, "Idempotency-Key": "k"})
        assert again.headers["location"] != at
        assert (await client.put(url, content=body, headers=anna)).status_code == 201
        assert (await client.head(url, headers=bert)).status_code == 404
        for path in ("/v1/info", "/metrics"):
            assert (await client.get(path)).status_code == 401
            assert (await client.get(path, headers=bert)).status_code == 200
        for path in ("/healthz", "/readyz"):
            assert (await client.get(path)).status_code == 200


async def test_scopes_part_what_a_key_may_do(connect: Connect, sample: dict[str, Any]) -> None:
    reader, writer, prober = ({"X-API-Key": f"{name}-0123456789abcdef"} for name in ("reader", "writer", "prober"))
    keys = [
        {"key": reader["X-API-Key"], "scopes": ["read"], "owner": "team"},
        {"key": writer["X-API-Key"], "scopes": ["submit"], "owner": "team"},
        {"key": prober["X-API-Key"], "scopes": ["admin"]},
    ]
    async with connect(api_keys=json.dumps(keys)) as client:
        made = await client.post("/v1/batches", json={"samples": [sample]}, headers=writer)
        at = made.headers["location"]
        statuses = {
            name: [
                (await client.get(at, headers=key)).status_code,
                (await client.get(f"{at}/results", headers=key)).status_code,
                (await client.post("/v1/rewards", json={"samples": [sample]}, headers=key)).status_code,
                (await client.head(f"/v1/test-sets/{'0' * 64}", headers=key)).status_code,
                (await client.get("/metrics", headers=key)).status_code,
                (await client.get("/v1/info", headers=key)).status_code,
                (await client.delete(at, headers=key)).status_code,
            ]
            for name, key in (("reader", reader), ("writer", writer), ("prober", prober))
        }
    assert statuses == {
        "reader": [200, 200, 403, 403, 403, 200, 403],
        "writer": [403, 403, 200, 404, 403, 200, 204],
        "prober": [403, 403, 403, 403, 200, 200, 403],
    }
