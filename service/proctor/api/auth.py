"""API keys: who a request belongs to, and what it may do.

PROCTOR_API_KEYS is a JSON list, or a file that holds one, of keys in the clear, hashes (`"sha256:<hex>"`), or objects:

    {"key": "…", "scopes": ["read"], "owner": "team-a", "share": 2}

scopes (default all): `submit` starts and cancels batches and uploads test sets, `read` reads batches, `admin` reads
metrics. owner: keys of the same owner share batches and test sets, so that a key can be replaced; by default each key
is an owner of its own. share (default 1): while several owners wait, each gets sandbox time and room in the queue in
proportion to its share; of an owner's keys the largest counts.

Keys are kept as SHA-256 alone and compared in constant time. A file is read again when it changes: a key that is gone
from it is refused, without a restart. An owner's id is a short hash, so what it owns stays its own through restarts.
Without keys everybody is `local`, which is allowed on loopback only.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from proctor.errors import ConfigurationError, RequestError, Unauthorized
from proctor.settings import Settings

Scope = Literal["submit", "read", "admin"]
SCOPES: frozenset[Scope] = frozenset({"submit", "read", "admin"})
_FIELDS = {"key", "scopes", "owner", "share"}
SHARES = (0.01, 100.0)

LOCAL = "local"
MIN_KEY_CHARS = 16
RELOAD_S = 2.0  # a key removed from the file is refused this many seconds later at most
_HASHED = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, hashed. owner: the id under which everything of it is kept; it gives nothing away.

    share: weight among the owners that wait.
    """

    digest: bytes
    owner: str
    scopes: frozenset[Scope] = SCOPES
    share: float = 1.0


def parse_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys of a JSON list. Raises ConfigurationError."""
    try:
        keys = json.loads(text)
    except ValueError:
        raise ConfigurationError("PROCTOR_API_KEYS is neither a JSON list nor a file that holds one") from None
    if not isinstance(keys, list) or not keys:
        raise ConfigurationError("PROCTOR_API_KEYS must be a list of at least one key")
    return tuple(_key(k) for k in keys)


def _key(entry: Any) -> ApiKey:
    fields = {"key": entry} if isinstance(entry, str) else entry
    if not isinstance(fields, dict) or not isinstance(fields.get("key"), str) or set(fields) - _FIELDS:
        raise ConfigurationError(
            "an API key is a string, or an object with `key` and perhaps `scopes`, `owner`, `share`"
        )
    scopes, owner = fields.get("scopes", list(SCOPES)), fields.get("owner")
    if not isinstance(scopes, list) or not scopes or not all(s in SCOPES for s in scopes):
        raise ConfigurationError(f"scopes of an API key are some of {', '.join(sorted(SCOPES))}")
    if owner is not None and not isinstance(owner, str):
        raise ConfigurationError("the owner of an API key is a name")
    share = fields.get("share", 1)
    if isinstance(share, bool) or not isinstance(share, int | float) or not SHARES[0] <= share <= SHARES[1]:
        raise ConfigurationError(f"the share of an API key is a number from {SHARES[0]:g} to {SHARES[1]:g}")
    digest = _known_digest(fields["key"])
    seed = b"key" + digest if owner is None else b"name" + owner.encode("utf-8", "surrogatepass")
    return ApiKey(digest, hashlib.sha256(b"proctor-owner" + seed).hexdigest()[:16], frozenset(scopes), float(share))


def _known_digest(text: str) -> bytes:
    if hashed := _HASHED.fullmatch(text):
        return bytes.fromhex(hashed[1])
    if len(text) < MIN_KEY_CHARS:
        raise ConfigurationError(f"an API key has fewer than {MIN_KEY_CHARS} characters")
    return _digest(text)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


class Forbidden(RequestError):
    """The API key is known, but has not the scope."""

    status, type, title = 403, "forbidden", "Forbidden"


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine and nothing else."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class KeyRing:
    """The keys in force. Those from a file are read again when it changes, so a key can be revoked."""

    def __init__(self, source: str | None) -> None:
        """Raises ConfigurationError."""
        text = (source or "").strip()
        self._path = Path(text) if text and not text.startswith("[") else None
        self._changed = self._mtime()
        self._looked = time.monotonic()
        self._keys = parse_keys(self._read()) if self._path else parse_keys(text) if text else ()

    def __bool__(self) -> bool:
        return bool(self._keys)

    def owner(self, headers: Headers, scope: Scope | None = "submit") -> str:
        """Whose request it is. scope: what the request does; None where any key may do it.

        Raises Unauthorized, Forbidden.
        """
        self._renew()
        if not self._keys:
            refuse_foreign_page(headers)
            return LOCAL
        shown = _shown_key(headers)
        if shown is None:
            raise Unauthorized("An API key is needed: `Authorization: Bearer <key>` or `X-API-Key: <key>`.")
        digest = _digest(shown)
        found = None
        for key in self._keys:  # all of them, so that timing tells nothing
            if hmac.compare_digest(key.digest, digest):
                found = key
        if found is None:
            raise Unauthorized("This API key is unknown.")
        if scope is not None and scope not in found.scopes:
            raise Forbidden(f"This API key has no scope `{scope}`.")
        return found.owner

    def share(self, owner: str) -> float:
        """An owner's weight; 1 where it has no key (any more)."""
        return max((key.share for key in self._keys if key.owner == owner), default=1.0)

    def _read(self) -> str:
        assert self._path is not None
        try:
            return self._path.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"cannot read the file of API keys: {error}") from None

    def _mtime(self) -> int | None:
        try:
            return self._path.stat().st_mtime_ns if self._path else None
        except OSError:
            return None

    def _renew(self) -> None:
        now = time.monotonic()
        if self._path is None or now - self._looked < RELOAD_S:
            return
        self._looked = now
        changed = self._mtime()
        if changed is None or changed == self._changed:
            return
        try:
            self._keys = parse_keys(self._read())
            self._changed = changed
        except ConfigurationError:
            pass  # half-written: the old keys hold until the file can be read again


def _shown_key(headers: Headers) -> str | None:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    return headers.get("x-api-key") or None


def refuse_foreign_page(headers: Headers) -> None:
    """Without keys, a page that a browser loaded from elsewhere must not reach us through the user's loopback.

    Raises Forbidden.
    """
    origin = headers.get("origin")
    if origin is not None and not is_loopback(urlsplit(origin).hostname or ""):
        raise Forbidden("Requests of web pages from elsewhere need an API key.")


def key_ring(settings: Settings) -> KeyRing:
    """The keys of `settings`. Raises ConfigurationError: bad keys, or none although others can reach the port."""
    ring = KeyRing(settings.api_keys.get_secret_value() if settings.api_keys else None)
    if not ring and not is_loopback(settings.host):
        raise ConfigurationError(
            f"refusing to listen on {settings.host} without API keys: set PROCTOR_API_KEYS, or listen on 127.0.0.1"
        )
    return ring
