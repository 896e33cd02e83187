"""Thinking-reward models: a problem and its reasoning go in, T ∈ [0, 1] comes out.

The model never sees the code or the verdict. T is never invented: a failure is an exception.
"""

from proctor.thinking.scorer import Scorer, make_scorer
from proctor.thinking.types import Score, Thought

__all__ = ["Score", "Scorer", "Thought", "make_scorer"]
