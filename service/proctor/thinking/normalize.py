"""From a server's raw score to T ∈ [0, 1]. What is not a finite number, or out of range, is an error."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proctor.errors import ConfigurationError
from proctor.thinking.types import NormalizeName, NotAScore

#: From a raw score, which may be anything a server answers, to T. Raises NotAScore.
Normalize = Callable[[Any], float]


def make_normalize(name: NormalizeName, calibration: Path | None = None) -> Normalize:
    """The normalisation of that name; `minmax` reads its bounds from the file `calibration`.

    Raises ConfigurationError.
    """
    if name == "sigmoid":
        return sigmoid
    if name == "identity":
        return identity
    found = read_calibration(calibration)
    return lambda raw: minmax(raw, found.low, found.high)


def normalization(name: NormalizeName, calibration: Path | None, model: str | None) -> dict[str, Any]:
    """What `/v1/info` and provenance say of a normalisation: its name, and the bounds of `minmax` with their origin.

    Raises ConfigurationError, also for bounds that were found with another model.
    """
    if name != "minmax":
        return {"normalize": name}
    found = read_calibration(calibration)
    if found.model is not None and found.model != model:
        raise ConfigurationError(f"PROCTOR_THINKING_CALIBRATION: {calibration} is of {found.model}, not of {model}")
    bounds = {"min": found.low, "max": found.high, "model": found.model, "sha256": found.sha256}
    return {"normalize": name, "calibration": bounds}


def sigmoid(raw: float) -> float:
    """1 / (1 + e^-raw), for logits; never overflows. Raises NotAScore for NaN."""
    raw = number(raw)
    if raw >= 0:
        return 1.0 / (1.0 + math.exp(-raw))
    grown = math.exp(raw)
    return grown / (1.0 + grown)


def identity(raw: float) -> float:
    """The score itself, which must lie in [0, 1]. Raises NotAScore."""
    raw = number(raw)
    if not 0.0 <= raw <= 1.0:
        raise NotAScore(f"a score of {raw:g} is outside [0, 1]: set PROCTOR_THINKING_NORMALIZE")
    return raw


def minmax(raw: float, low: float, high: float) -> float:
    """(raw - low) / (high - low), cut to [0, 1]. Raises NotAScore for NaN."""
    return min(1.0, max(0.0, (number(raw) - low) / (high - low)))


def number(raw: object) -> float:
    """`raw`, if it is a finite number. Raises NotAScore."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise NotAScore(f"a score that is no number: {str(raw)[:80]!r}")
    try:
        value = float(raw)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise NotAScore(f"a score of {value}")
    return value


@dataclass(frozen=True, slots=True)
class Calibration:
    """Bounds of raw scores, as `proctor thinking calibrate` found them. sha256: of the file."""

    low: float
    high: float
    sha256: str
    model: str | None = None


def read_calibration(path: Path | None) -> Calibration:
    """The bounds in a file `{"min": …, "max": …}`, which may also name its model. Raises ConfigurationError."""
    if path is None:
        raise ConfigurationError("PROCTOR_THINKING_NORMALIZE=minmax needs PROCTOR_THINKING_CALIBRATION")
    try:
        raw = path.read_bytes()
        data = json.loads(raw)
        low, high = number(data["min"]), number(data["max"])
        model = data.get("model")
    except (OSError, ValueError, KeyError, TypeError, NotAScore) as error:
        raise ConfigurationError(f"PROCTOR_THINKING_CALIBRATION: {path}: {error}") from None
    if not low < high:
        raise ConfigurationError(f"PROCTOR_THINKING_CALIBRATION: {path}: min must be below max")
    return Calibration(low, high, hashlib.sha256(raw).hexdigest(), model if isinstance(model, str) else None)
