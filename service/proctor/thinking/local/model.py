"""Models with a reward head: what the engine asks of one, and how transformers' are loaded and run.

Two heads are known, by the architecture that the model's configuration names:
- sequence classification: one score for the whole input
- token classification: a score for every token, of which the last token's is taken

One label is a reward: its logit is the raw score. With several, `label` says which one stands for good reasoning, and
the raw score is that label's log-odds, so that a sigmoid of it is the softmax over all labels. Without `label` a model
of several labels is refused: nobody says which is the reward.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from proctor.errors import ConfigurationError, ThinkingUnavailable
from proctor.thinking.local.prompt import Encoded, Prompts
from proctor.thinking.types import Thought

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
#: Tokens that a model reads at most where it does not say so itself.
WINDOW = 8192


class OutOfMemory(ThinkingUnavailable):
    """The batch does not fit the device; a smaller one may."""


class Model(Protocol):
    """A reward model. Raw scores, before normalisation."""

    def encode(self, thought: Thought) -> Encoded:
        """Tokens of a thought. Called from several threads."""

    def encode_text(self, text: str) -> Encoded:
        """Tokens of a text in which problem and reasoning are joined already."""

    def run(self, rows: Sequence[list[int]]) -> list[float]:
        """Raw scores, one per row, same order. Called from one thread at a time. Raises OutOfMemory."""

    def describe(self) -> dict[str, Any]:
        """Name, head, device, number type, window, template."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a model is loaded. window: tokens, None for the model's own. device: "auto" takes CUDA where it is."""

    device: str = "auto"
    dtype: Dtype = "auto"
    window: int | None = None
    template: str = "chat"
    label: str | None = None


def load(name: str, options: Options) -> Model:
    """A model by name or path. Raises ConfigurationError."""
    try:
        import torch
        import transformers
    except ImportError as error:
        needed = "a model in this process needs torch and transformers: pip install 'proctor-rewards[transformers]'"
        raise ConfigurationError(f"{needed} ({error})") from None
    device = _device(torch, options.device)
    dtype = _dtype(torch, options.dtype, device)
    try:
        config = transformers.AutoConfig.from_pretrained(name)
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        head, loader = _head(transformers, config)
        model = loader.from_pretrained(name, dtype=dtype).to(device).eval()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ConfigurationError(f"cannot load {name}: {error}") from None
    if not tokenizer.is_fast:
        raise ConfigurationError(f"{name} has no fast tokeniser: what stands where cannot be told")
    window = _window(config, tokenizer, options.window)
    prompts = Prompts(tokenizer, options.template, window)
    about = {
        "model": name,
        "head": head,
        "label": options.label,
        "device": str(device),
        "dtype": str(dtype).removeprefix("torch."),
        "window": window,
        "template": prompts.template,
    }
    return TransformersModel(torch, model, prompts, head, _label(config, options.label), _padding(tokenizer), about)


class TransformersModel:
    """A model of transformers, on one device."""

    def __init__(
        self, torch: Any, model: Any, prompts: Prompts, head: str, label: int, padding: int, about: dict[str, Any]
    ) -> None:
        self._torch = torch
        self._model = model
        self._prompts = prompts
        self._head = head
        self._label = label
        self._padding = padding
        self._about = about
        self.encode = prompts.encode
        self.encode_text = prompts.encode_text

    def run(self, rows: Sequence[list[int]]) -> list[float]:
        """See `Model.run`. Rows are padded on the right to the longest."""
        torch = self._torch
        longest = max(map(len, rows))
        padding = self._padding_for(rows)
        ids = torch.tensor([[*row, *[padding] * (longest - len(row))] for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        try:
            with torch.inference_mode():
                device = self._model.device
                logits = self._model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits.float()
                if self._head == "token":
                    last = torch.tensor([len(row) - 1 for row in rows], device=device)
                    logits = logits[torch.arange(len(rows), device=device), last]
                return [_raw(values, self._label) for values in logits.cpu().tolist()]
        except torch.OutOfMemoryError as error:
            with contextlib.suppress(Exception):
                torch.cuda.empty_cache()
            raise OutOfMemory(f"{len(rows)} rows of {longest} tokens: {str(error)[:200]}") from None

    def describe(self) -> dict[str, Any]:
        """See `Model.describe`."""
        return dict(self._about)

    def _padding_for(self, rows: Sequence[list[int]]) -> int:
        """The token to pad with. Decoders' heads look for the last token that is not padding: no row may end in it."""
        ends = {row[-1] for row in rows}
        padding = self._padding
        if padding in ends:
            padding = next(token for token in range(len(rows) + 1) if token not in ends)
        self._model.config.get_text_config().pad_token_id = padding
        self._model.config.pad_token_id = padding
        return padding


def _raw(logits: list[float], label: int) -> float:
    """The logit of a one-label head; else the label's log-odds against the others."""
    if len(logits) == 1:
        return logits[0]
    others = [value for at, value in enumerate(logits) if at != label]
    top = max(others)
    return logits[label] - top - math.log(math.fsum(math.exp(value - top) for value in others))


def _head(transformers: Any, config: Any) -> tuple[str, Any]:
    named = " ".join(config.architectures or [])
    if "ForTokenClassification" in named:
        return "token", transformers.AutoModelForTokenClassification
    if "ForSequenceClassification" in named or "ForSequenceRegression" in named:
        return "sequence", transformers.AutoModelForSequenceClassification
    raise ConfigurationError(f"{named or 'a model that names no architecture'} has no reward head that is known")


def _label(config: Any, label: str | None) -> int:
    """The place of the label that stands for good reasoning."""
    if label is None:
        if config.num_labels != 1:
            names = ", ".join(map(str, config.id2label.values()))
            raise ConfigurationError(f"the model has {config.num_labels} labels ({names}): say which is the reward's")
        return 0
    places = {str(name): int(place) for place, name in config.id2label.items()}
    if label in places:
        return places[label]
    if label.isascii() and label.isdigit() and int(label) < config.num_labels:
        return int(label)
    raise ConfigurationError(f"the model has no label {label!r}: {', '.join(places)}")


def _window(config: Any, tokenizer: Any, asked: int | None) -> int:
    """Tokens that the model reads at most: its own limit, the tokeniser's, and what was asked."""
    own = getattr(config.get_text_config(), "max_position_embeddings", None)
    if own is not None and config.model_type in ("roberta", "xlm-roberta", "camembert", "longformer", "mpnet"):
        own -= 2  # their positions begin after the padding token
    named = tokenizer.model_max_length if tokenizer.model_max_length < 10**9 else None
    limits = [limit for limit in (own, named) if limit]
    if asked is not None:
        limits.append(asked)
    return int(min(limits, default=WINDOW))


def _padding(tokenizer: Any) -> int:
    for token in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if token is not None:
            return int(token)
    return 0


def _device(torch: Any, asked: str) -> Any:
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise ConfigurationError(f"no such device: {error}") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigurationError(f"no {asked} here: CUDA is not available")
    return device


def _dtype(torch: Any, asked: Dtype, device: Any) -> Any:
    if asked == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    return getattr(torch, asked)
