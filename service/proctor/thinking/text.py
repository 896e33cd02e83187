"""How problem and reasoning are joined, and what is taken out of the reasoning's reach.

Special tokens in reasoning are text: a server that tokenises its input would read `<|im_end|>` as the end of a
turn, so whatever looks like one is broken by a space. Lone surrogates and NUL, which servers answer with an
error, become U+FFFD.
"""

from __future__ import annotations

import re
from pathlib import Path

from proctor.errors import ConfigurationError
from proctor.thinking.types import Thought

CHAT = "### Problem\n{problem}\n\n### Reasoning\n{reasoning}"

_SPECIAL = re.compile(
    r"<(?=[|｜])|(?<=[|｜])>"
    r"|<(?=/?(?:s|bos|eos|pad|unk|mask|cls|sep|endoftext|start_of_turn|end_of_turn|begin_of_text|end_of_text|"
    r"sop|eop|eod|eoa|eoh|unused\d+|extra_id_\d+)>)"
    r"|\[(?=/?(?:INST|SYS|CLS|SEP|MASK|PAD|UNK|BOS|EOS|gMASK)\])|<(?=</?SYS>>)"
    r"|\[(?=/?(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS))\])",
    re.IGNORECASE,
)
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_PLACE = re.compile(r"\{(problem|reasoning)\}")


def load_template(name: str) -> str:
    """The template `chat`, or the text of a file with `{problem}` and `{reasoning}` in it.

    Raises ConfigurationError.
    """
    if name == "chat":
        return CHAT
    try:
        text = Path(name).read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"PROCTOR_THINKING_TEMPLATE: {error}") from None
    if "{reasoning}" not in text:
        raise ConfigurationError(f"PROCTOR_THINKING_TEMPLATE: {name} has no {{reasoning}} in it")
    return text


def join(template: str, thought: Thought) -> str:
    """The text that the model reads. Placeholders within problem and reasoning are left alone."""
    parts = {"problem": plain(thought.problem), "reasoning": plain(thought.reasoning)}
    return _PLACE.sub(lambda found: parts[found[1]], template)


def plain(text: str) -> str:
    """`text` without what a tokeniser or a server would not take as text."""
    return _SPECIAL.sub(lambda found: f" {found[0]}" if found[0] == ">" else f"{found[0]} ", encodable(text))


def encodable(text: str) -> str:
    """`text` with lone surrogates and NUL replaced, so that every server can decode it."""
    return _UNFIT.sub("\ufffd", text)
