"""From a thought to the tokens that a model reads.

Special tokens in problem and reasoning are text: what the model's own tokeniser would read as one is broken by a space.
The chat template is rendered around two markers and the texts are put in their places afterwards, because templates act
on what they are given: they trim it, or cut away all up to `</think>`.

What is longer than the model's window loses the beginning of its reasoning, where drafts are, and keeps its end, where
the conclusion is; what the template puts around it stays whole. A problem that takes more than half of the window keeps
its beginning alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from proctor.errors import ConfigurationError
from proctor.thinking.text import CHAT, load_template, plain
from proctor.thinking.types import Thought

#: No token stands for so many characters that a window could hold more than this many for each of its tokens.
_CHARACTERS = 64
_MARKS = {"problem": "proctorproblemmark", "reasoning": "proctorreasoningmark"}
_PLACE = re.compile("|".join(_MARKS.values()))


class Tokenizer(Protocol):
    """What is used of transformers' fast tokenisers."""

    chat_template: str | None
    bos_token: str | None
    all_special_tokens: list[str]

    def __call__(self, text: str, **options: Any) -> Any:
        """`input_ids` and `offset_mapping`."""

    def apply_chat_template(self, conversation: Any, **options: Any) -> Any:
        """The conversation as text."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Tokens of one input. truncated: they are not all of it."""

    ids: list[int]
    truncated: bool = False


class Prompts:
    """Thoughts to tokens, `window` of them at most.

    template: "chat" takes the tokeniser's own template, or a plain layout where it has none; else the path of a file.
    Raises ConfigurationError for a template that does not hold each text once.
    """

    def __init__(self, tokenizer: Tokenizer, template: str, window: int) -> None:
        self.window = window
        self._tokenizer = tokenizer
        self._special = _pattern(tokenizer.all_special_tokens)
        own = template == "chat" and bool(tokenizer.chat_template)
        text = _render(tokenizer) if own else _mark(CHAT if template == "chat" else load_template(template))
        self.template = "the model's own" if own else template
        self._pieces = _PLACE.split(text)
        self._order = [name for place in _PLACE.findall(text) for name, mark in _MARKS.items() if mark == place]
        if sorted(self._order) not in (["problem", "reasoning"], ["reasoning"]):
            raise ConfigurationError("the template must hold problem and reasoning, each once")
        starts_itself = bool(tokenizer.bos_token) and text.startswith(tokenizer.bos_token or "")
        self._add_special = not own and not starts_itself
        if self.window < 4 * max(1, len(self._ids("".join(self._pieces))[0])):
            raise ConfigurationError(f"a window of {window} tokens has no room beside the template")

    def encode(self, thought: Thought) -> Encoded:
        """Tokens of a thought, cut to the window."""
        problem, cut_problem = self._cut(self._text(thought.problem), self.window // 2, keep_end=False)
        reasoning = self._text(thought.reasoning)
        room = _CHARACTERS * self.window
        cut = cut_problem or len(reasoning) > room
        reasoning = reasoning[-room:]
        while True:
            text, begin = self._join(problem, reasoning)
            ids, offsets = self._ids(text)
            if len(ids) <= self.window or not reasoning:
                return Encoded(ids[: self.window], cut)
            reasoning, cut = _without_beginning(reasoning, begin, offsets, len(ids) - self.window), True

    def encode_text(self, text: str) -> Encoded:
        """Tokens of a text that was joined elsewhere; its end, where it is too long."""
        cut, truncated = self._cut(self._text(text), self.window, keep_end=True, add_special=True)
        return Encoded(self._ids(cut, add_special=True)[0], truncated)

    def _text(self, text: str) -> str:
        return broken(self._special, plain(text))

    def _join(self, problem: str, reasoning: str) -> tuple[str, int]:
        """The text, and where in it the reasoning begins."""
        texts = {"problem": problem, "reasoning": reasoning}
        begin, text = 0, self._pieces[0]
        for name, piece in zip(self._order, self._pieces[1:], strict=True):
            begin = len(text) if name == "reasoning" else begin
            text += texts[name] + piece
        return text, begin

    def _ids(self, text: str, add_special: bool | None = None) -> tuple[list[int], list[tuple[int, int]]]:
        add = self._add_special if add_special is None else add_special
        found = self._tokenizer(text, add_special_tokens=add, return_offsets_mapping=True, truncation=False)
        return found["input_ids"], found["offset_mapping"]

    def _cut(self, text: str, most: int, *, keep_end: bool, add_special: bool = False) -> tuple[str, bool]:
        """`text` without what is beyond `most` tokens, and whether that was anything."""
        room = _CHARACTERS * most
        kept = text if len(text) <= room else text[-room:] if keep_end else text[:room]
        while True:
            ids, offsets = self._ids(kept, add_special)
            if len(ids) <= most:
                return kept, len(kept) < len(text)
            over = len(ids) - most
            if keep_end:
                kept = _without_beginning(kept, 0, offsets, over)
            else:
                kept = kept[: min(offsets[most - 1][1], len(kept) - 1)]


def broken(special: re.Pattern[str] | None, text: str) -> str:
    """`text` in which no special token stands: each is broken by a space, or replaced where it is one character."""
    while special is not None and special.search(text):
        text = special.sub(lambda f: f"{f[0][0]} {f[0][1:]}" if len(f[0]) > 1 else "\ufffd", text)
    return text


def _without_beginning(text: str, begin: int, offsets: list[tuple[int, int]], over: int) -> str:
    """`text`, which stands at `begin`, without its first `over` tokens; never as long as before."""
    ends = [end - begin for start, end in offsets if end > start >= begin and end - begin <= len(text)]
    at = ends[min(over, len(ends)) - 1] if ends else len(text)
    return text[max(at, 1) :]


def _pattern(tokens: list[str]) -> re.Pattern[str] | None:
    words = sorted((token for token in tokens if token.strip()), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words)), re.IGNORECASE) if words else None


def _mark(template: str) -> str:
    return template.replace("{problem}", _MARKS["problem"]).replace("{reasoning}", _MARKS["reasoning"])


def _render(tokenizer: Tokenizer) -> str:
    """The chat template around the markers: a user who asks, an assistant who reasons."""
    conversation = [
        {"role": "user", "content": _MARKS["problem"]},
        {"role": "assistant", "content": _MARKS["reasoning"]},
    ]
    try:
        text: str = tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=False)
    except Exception as error:  # templates raise what they like
        raise ConfigurationError(f"the model's chat template cannot be rendered: {error}") from None
    return text
