"""The smallest student there is: a byte-level tokenizer and random two-layer models, made once per session."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

AMBIENT = ("HF_", "HUGGING", "TRANSFORMERS_", "OPENAI_")
for name in list(os.environ):
    # What somebody's shell says about the Hub, keys and proxies is no part of a test, nor of the processes it starts.
    # Libraries read it when they are imported, so that a fixture would come too late.
    if name.startswith(AMBIENT) or name.upper().endswith("_PROXY"):
        del os.environ[name]

# A busy machine is no failure: examples have no deadline.
settings.register_profile("zppo", deadline=None)
settings.load_profile("zppo")

ENDS = ("<|im_end|>", "<|stop|>")
SPECIAL = ("<|pad|>", "<|im_start|>", *ENDS, "<|image_pad|>")
CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """Byte-level BPE with two end tokens, trained on the shipped templates so that prompts are short."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    from zppo.zone.prompts import Templates

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=448, initial_alphabet=alphabet, special_tokens=list(SPECIAL), show_progress=False
    )
    core.train_from_iterator([*Templates.load().texts.values()] * 2, trainer)
    made = PreTrainedTokenizerFast(tokenizer_object=core, pad_token=SPECIAL[0], eos_token=ENDS[0])
    made.chat_template = CHAT_TEMPLATE
    return made


@pytest.fixture(scope="session")
def new_model(tokenizer: Any) -> Callable[..., Any]:
    """`new_model(seed, layers)`: weights so far from zero that what a model says depends on all of its input."""
    import torch
    from transformers import GenerationConfig, Qwen3_5ForCausalLM, Qwen3_5TextConfig

    torch.set_num_threads(1)

    def make(seed: int = 0, layers: Sequence[str] = ("full_attention",) * 2) -> Any:
        ends = {"eos_token_id": tokenizer.convert_tokens_to_ids(list(ENDS)), "pad_token_id": tokenizer.pad_token_id}
        config = Qwen3_5TextConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=len(layers),
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
            linear_num_key_heads=2,
            linear_num_value_heads=2,
            linear_key_head_dim=16,
            linear_value_head_dim=16,
            layer_types=list(layers),
            max_position_embeddings=1024,
            initializer_range=0.2,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5},
            **ends,
        )
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = Qwen3_5ForCausalLM(config).eval()
        model.generation_config = GenerationConfig(**ends)
        return model

    return make


@pytest.fixture(scope="session")
def student_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any, new_model: Callable[..., Any]) -> Path:
    """A checkpoint that serves as student and as teacher."""
    folder = tmp_path_factory.mktemp("tiny") / "student"
    new_model().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
