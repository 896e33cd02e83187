"""One `Scoring` per set of options, for trainers that name a function and hand its options to every call."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from proctor.trainers.scoring import Scoring

_made: dict[str, Scoring] = {}
_lock = threading.Lock()


def shared_scoring(options: Mapping[str, Any]) -> Scoring:
    """The `Scoring` with these options, made once per process. Raises ValueError, TypeError for odd options."""
    key = json.dumps({k: _plain(v) for k, v in options.items()}, sort_keys=True, default=repr)
    with _lock:
        if key not in _made:
            _made[key] = Scoring(**{k: _plain(v) for k, v in options.items()})
        return _made[key]


def _plain(value: Any) -> Any:
    """Configuration libraries hand out mappings and sequences of their own."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if not isinstance(value, str | bytes) and hasattr(value, "__iter__") and hasattr(value, "__len__"):
        return [_plain(v) for v in value]
    return value
