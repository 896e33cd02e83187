"""A model that learns in a minute on a CPU, made on the spot: no hub, no GPU.

Its vocabulary is whole programs, one a token, so that a random model of one layer has something to find: one of them
passes the tests, the others fail them in their own ways.
"""

from __future__ import annotations

from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, set_seed

PROGRAMS = [
    "print(int(input())**2)",  # right
    "print(int(input())*2)",  # wrong
    "print(input())",  # wrong
    "print(0)",  # wrong
    "print(1/0)",  # fails
    "def(",  # does not compile
    "while(1):pass",  # too slow
    "exit(3)",  # fails
]
PROMPTS = ["square", "the_square", "n*n", "power_two"]
TESTS = '{"kind": "stdio", "cases": [{"stdin": "3\\n", "stdout": "9\\n"}, {"stdin": "5\\n", "stdout": "25\\n"}]}'


def tokenizer() -> PreTrainedTokenizerFast:
    """A word-level tokenizer over the programs and prompts."""
    words = ["<pad>", "<eos>", *PROGRAMS, *PROMPTS]
    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<pad>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>")


def model(words: PreTrainedTokenizerFast, seed: int = 0) -> Qwen2ForCausalLM:
    """A random model of some thousand parameters."""
    set_seed(seed)
    config = Qwen2Config(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
        pad_token_id=words.pad_token_id,
        eos_token_id=words.eos_token_id,
        bos_token_id=None,
    )
    return Qwen2ForCausalLM(config)


def dataset(rows: int = 512) -> Dataset:
    """Prompts, and the tests of each as JSON: a column of texts survives Arrow as it is."""
    return Dataset.from_list([{"prompt": PROMPTS[i % len(PROMPTS)], "tests": TESTS} for i in range(rows)])
