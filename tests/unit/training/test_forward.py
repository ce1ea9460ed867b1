"""The mode in which a policy is trained: the one it samples in."""

from typing import Any

import pytest
import torch
from rows import assert_same_gradient, gradient
from transformers import OPTConfig, OPTForCausalLM

from zppo.training.forward import use_sampling_mode

IDS = torch.arange(5, 25).view(2, 10)


def new_opt(dropout: float) -> Any:
    """A model whose layers drop out themselves, beside what their attention does."""
    torch.manual_seed(0)
    size = {
        "hidden_size": 16,
        "ffn_dim": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "word_embed_proj_dim": 16,
    }
    return OPTForCausalLM(OPTConfig(vocab_size=40, dropout=dropout, attention_dropout=dropout, init_std=0.3, **size))


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing_enable` is deprecated")
@pytest.mark.parametrize("recomputes", [False, True])
def test_nothing_is_dropped_out_and_layers_still_recompute(recomputes: bool) -> None:
    passes, gradients = [], []
    for dropout in (0.1, 0.0):
        model = new_opt(dropout).train()
        if recomputes:
            model.gradient_checkpointing_enable()
        use_sampling_mode(model)
        model.model.decoder.layers[0].fc1.register_forward_hook(lambda *_: passes.append(1))
        gradients.append(gradient(model, lambda m=model: m(input_ids=IDS).logits.pow(2).mean().backward()))
    assert_same_gradient(*gradients)
    assert len(passes) == (4 if recomputes else 2)
