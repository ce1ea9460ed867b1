"""The smallest image-text students: random weights, a byte-level tokenizer and a real processor; and things to show."""

import random
from typing import Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessor,
    Qwen3_5Config,
    Qwen3_5ForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from zppo.types import MEDIA_MARK, Media, Prompt, Question, Video
from zppo.zone.prompts import Templates

SPECIAL = (
    "<|pad|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
CHAT_TEMPLATE = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' }}"
    "{%- if message.content is string %}{{- message.content }}{%- else %}{%- for part in message.content %}"
    "{%- if part.type == 'text' %}{{- part.text }}"
    "{%- else %}{{- '<|vision_start|><|' + part.type + '_pad|><|vision_end|>' }}{%- endif %}"
    "{%- endfor %}{%- endif %}{{- '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


LAYERS = {"qwen3_5": ["full_attention"] * 2, "qwen3_5_hybrid": ["linear_attention", "full_attention"]}
"""The second is what the checkpoints of Qwen3.5 are: most of their layers attend linearly."""
LINEAR = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 2,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
}


def new_processor() -> Any:
    """Patches of 4 pixels, 2x2 of which become one token; pictures keep their size between 8x8 and 64x64."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=448, initial_alphabet=alphabet, special_tokens=list(SPECIAL), show_progress=False
    )
    core.train_from_iterator([*Templates.load().texts.values()] * 2, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, pad_token=SPECIAL[0], eos_token="<|im_end|>")
    tokenizer.chat_template = CHAT_TEMPLATE
    patches = {"patch_size": 4, "merge_size": 2, "temporal_patch_size": 2}
    pictures = Qwen2VLImageProcessor(**patches, size={"shortest_edge": 8 * 8, "longest_edge": 64 * 64})
    films = Qwen3VLVideoProcessor(
        **patches, size={"shortest_edge": 2 * 8 * 8, "longest_edge": 8 * 64 * 64}, cap_pixels_per_frame=False
    )
    return Qwen3VLProcessor(pictures, tokenizer, films, chat_template=CHAT_TEMPLATE)


def new_sighted(processor: Any, family: str = "qwen3_5", seed: int = 0) -> Any:
    """Weights so far from zero that what a model says depends on all that it reads and sees."""
    tokenizer = processor.tokenizer
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    numbers = {
        "image_token_id": processor.image_token_id,
        "video_token_id": processor.video_token_id,
        "vision_start_token_id": processor.vision_start_token_id,
        "vision_end_token_id": processor.vision_end_token_id,
    }
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1], "mrope_interleaved": True}
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 2048,
        "initializer_range": 0.2,
        **ends,
    }
    eyes = {
        "depth": 2,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_heads": 2,
        "patch_size": 4,
        "temporal_patch_size": 2,
        "spatial_merge_size": 2,
        "out_hidden_size": 32,
        "num_position_embeddings": 64,
        "initializer_range": 0.2,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if family in LAYERS:
            rope["partial_rotary_factor"] = 0.5
            text |= {"head_dim": 16, "layer_types": LAYERS[family], "rope_parameters": rope, **LINEAR}
            config = Qwen3_5Config(text_config=text, vision_config=eyes, tie_word_embeddings=False, **numbers)
            model: Any = Qwen3_5ForConditionalGeneration(config)
        else:
            text |= {"head_dim": 8, "rope_parameters": rope}
            eyes |= {"deepstack_visual_indexes": [0, 1]}
            deep = Qwen3VLConfig(text_config=text, vision_config=eyes, tie_word_embeddings=False, **numbers)
            model = Qwen3VLForConditionalGeneration(deep)
    model.generation_config = GenerationConfig(**ends)
    return model.eval()


def plain_inputs(processor: Any, prompt: Prompt) -> Any:
    """Inputs of the model as transformers' own documentation makes them."""
    parts: list[dict[str, str]] = []
    images, videos = [], []
    for media, piece in zip((None, *prompt.media), prompt.text.split(MEDIA_MARK), strict=True):
        if media is not None:
            parts.append({"type": media.kind})
            (images if media.kind == "image" else videos).append(media.load())
        parts.append({"type": "text", "text": piece})
    text = processor.apply_chat_template([{"role": "user", "content": parts}], add_generation_prompt=True)
    frames = [np.stack([np.asarray(f) for f in v.frames]) for v in videos]
    about = [
        {"fps": 2.0, "total_num_frames": len(v.frames), "frames_indices": list(range(len(v.frames)))} for v in videos
    ]
    kwargs = {"videos_kwargs": {"do_sample_frames": False, "video_metadata": about}} if videos else {}
    return processor(text=[text], images=images or None, videos=frames or None, return_tensors="pt", **kwargs)


def picture(seed: int, width: int = 16, height: int = 16) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(3 * width * height))


def an_image(name: str, seed: int, width: int = 16, height: int = 16) -> Media:
    return Media("image", name, lambda: picture(seed, width, height))


def a_video(name: str, seed: int, frames: int = 4) -> Media:
    return Media("video", name, lambda: Video([picture(seed + i) for i in range(frames)], 2.0))


def shown(name: str, text: str, *media: Media) -> Question:
    """A question whose text begins with its media, the second after a few words."""
    return Question(name, " and ".join([MEDIA_MARK] * len(media)) + text, "1", media=media)
