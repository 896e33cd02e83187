"""API keys: who a request belongs to.

Keys are kept as SHA-256 alone and compared in constant time. An owner's id is a short hash of its
key, so batches and test sets stay with the key through restarts. Without keys everybody is `local`,
which is allowed on loopback only.
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
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from proctor.errors import ConfigurationError, Unauthorized
from proctor.settings import Settings

LOCAL = "local"
MIN_KEY_CHARS = 16
RELOAD_S = 2.0  # a key removed from the file is refused this many seconds later at most
_HASHED = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, hashed."""

    digest: bytes

    @property
    def owner(self) -> str:
        """The id under which everything of this key is kept; a hash of the hash, so it gives nothing away."""
        return hashlib.sha256(b"proctor-owner" + self.digest).hexdigest()[:16]


def parse_keys(text: str) -> tuple[ApiKey, ...]:
    """A JSON list of keys, each in the clear or as `sha256:<hex>`. Raises ConfigurationError."""
    try:
        keys = json.loads(text)
    except ValueError:
        raise ConfigurationError("PROCTOR_API_KEYS is neither a JSON list nor a file that holds one") from None
    if not isinstance(keys, list) or not keys or not all(isinstance(k, str) for k in keys):
        raise ConfigurationError("PROCTOR_API_KEYS must be a list of at least one string")
    return tuple(_key(k) for k in keys)


def _key(text: str) -> ApiKey:
    if hashed := _HASHED.fullmatch(text):
        return ApiKey(bytes.fromhex(hashed[1]))
    if len(text) < MIN_KEY_CHARS:
        raise ConfigurationError(f"an API key has fewer than {MIN_KEY_CHARS} characters")
    return ApiKey(_digest(text))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


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

    def owner(self, headers: Headers) -> str:
        """Whose request it is. Raises Unauthorized."""
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
        return found.owner

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

    Raises Unauthorized.
    """
    origin = headers.get("origin")
    if origin is not None and not is_loopback(urlsplit(origin).hostname or ""):
        raise Unauthorized("Requests of web pages from elsewhere need an API key.")


def key_ring(settings: Settings) -> KeyRing:
    """The keys of `settings`. Raises ConfigurationError: bad keys, or none although others can reach the port."""
    ring = KeyRing(settings.api_keys.get_secret_value() if settings.api_keys else None)
    if not ring and not is_loopback(settings.host):
        raise ConfigurationError(
            f"refusing to listen on {settings.host} without API keys: set PROCTOR_API_KEYS, or listen on 127.0.0.1"
        )
    return ring
