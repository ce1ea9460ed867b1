"""The pocket's model: Qwen3.5's text architecture, small enough for a CPU."""

from __future__ import annotations

import torch
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen3_5ForCausalLM, Qwen3_5TextConfig

LAYERS = 4


def new_model(tokenizer: PreTrainedTokenizerFast, seed: int, intermediate: int = 192) -> Qwen3_5ForCausalLM:
    """A model with random weights. Full attention throughout: linear attention is slower on a CPU at this size."""
    torch.manual_seed(seed)
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    config = Qwen3_5TextConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=intermediate,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        layer_types=["full_attention"] * LAYERS,
        tie_word_embeddings=False,
        max_position_embeddings=1024,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5},
        **ends,
    )
    model = Qwen3_5ForCausalLM(config)
    model.generation_config = GenerationConfig(do_sample=True, temperature=1.0, max_new_tokens=64, **ends)
    return model
