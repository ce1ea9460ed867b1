"""The pocket's model and processor: Qwen3.5's architecture with vision, small enough for a CPU."""

from __future__ import annotations

import torch
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessorPil,
    Qwen3_5Config,
    Qwen3_5ForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from zppo.pocket.pictures import CELL, FPS, FRAMES, PATCH, SIZE

LAYERS = 4
PATCHES = {"patch_size": PATCH, "temporal_patch_size": 2, "merge_size": CELL // PATCH}
NORM = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}


def build_processor(tokenizer: PreTrainedTokenizerFast) -> Qwen3VLProcessor:
    """Qwen3.5's processor, with patches and pixel bounds for small pictures."""
    bounds = {"shortest_edge": CELL * CELL, "longest_edge": 4 * SIZE * SIZE}
    images = Qwen2VLImageProcessorPil(size=bounds, **PATCHES, **NORM)
    bounds = {"shortest_edge": 2 * CELL * CELL, "longest_edge": 4 * FRAMES * SIZE * SIZE}
    videos = Qwen3VLVideoProcessor(
        size=bounds, fps=FPS, min_frames=2, max_frames=4 * FRAMES, cap_pixels_per_frame=False, **PATCHES, **NORM
    )
    return Qwen3VLProcessor(images, tokenizer, videos, chat_template=tokenizer.chat_template)


def new_model(
    tokenizer: PreTrainedTokenizerFast, seed: int, intermediate: int = 192
) -> Qwen3_5ForConditionalGeneration:
    """A model with random weights. Full attention throughout: linear attention is slower on a CPU at this size."""
    torch.manual_seed(seed)
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    names = {"image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>"}
    names |= {"vision_start_token_id": "<|vision_start|>", "vision_end_token_id": "<|vision_end|>"}
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 128,
        "intermediate_size": intermediate,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "layer_types": ["full_attention"] * LAYERS,
        "tie_word_embeddings": False,
        "max_position_embeddings": 1024,
        # half of each head's 32 dimensions rotate: 8 frequencies, divided among time, height and width
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "partial_rotary_factor": 0.5,
            "mrope_section": [4, 2, 2],
            "mrope_interleaved": True,
        },
        **ends,
    }
    vision = {
        "depth": 2,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_heads": 4,
        "patch_size": PATCH,
        "temporal_patch_size": 2,
        "spatial_merge_size": CELL // PATCH,
        "out_hidden_size": 128,
        "num_position_embeddings": (SIZE // PATCH) ** 2,
    }
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in names.items()}
    config = Qwen3_5Config(text_config=text, vision_config=vision, tie_word_embeddings=False, **ids)
    model = Qwen3_5ForConditionalGeneration(config)
    model.generation_config = GenerationConfig(do_sample=True, temperature=1.0, max_new_tokens=64, **ends)
    return model
