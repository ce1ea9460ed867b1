"""The pocket's tokenizer: byte-level BPE in the shape of Qwen3.5's, trained on the pocket's own questions.

Every word, tag and whole number of the pocket is one token, other text is encoded as bytes, and the chat template is
Qwen's: a generation prompt ends in an opened `<think>`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import islice

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3_5Tokenizer

from zppo.pocket.clusters import MAX_NUMBER
from zppo.pocket.pictures import COLOURS
from zppo.pocket.problems import NAMES, OBJECTS, PLACES, stream
from zppo.types import MEDIA_MARK

PAD, EOS = "<|endoftext|>", "<|im_end|>"
SPECIAL = (PAD, "<|im_start|>", EOS, "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
THINK = ("<think>", "</think>")

# A word may include the space before it, a number does not: 15 is the same token in a sentence and in an equation. The
# vocabulary is learned from these pieces. Loaded as a Qwen3.5 tokenizer, which always splits text by its own rule, the
# tokenizer splits by that rule too; pieces that the rule would split are added tokens.
PIECES = r"</?candidate|\\boxed\{| ?\p{L}+|\p{N}+|\s|[^\s\p{L}\p{N}]"

CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' }}"
    "{%- if message.content is string %}{{- message.content }}"
    "{%- else %}{%- for part in message.content %}"
    "{%- if part.type == 'image' %}{{- '<|vision_start|><|image_pad|><|vision_end|>' }}"
    "{%- elif part.type == 'video' %}{{- '<|vision_start|><|video_pad|><|vision_end|>' }}"
    "{%- else %}{{- part.text }}{%- endif %}"
    "{%- endfor %}{%- endif %}"
    "{{- '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>' }}{%- endif %}"
)


def corpus(templates: Iterable[str], questions: int = 4000) -> Iterator[str]:
    """Texts with all words, tags and numbers of the pocket."""
    problems = islice(stream(random.Random(0)), questions)
    yield from (problem.prompt.replace(MEDIA_MARK, "") for problem in problems)
    for colour in COLOURS:
        yield from [f" {colour}"] * 2
    for text in (
        *templates,
        "<candidate>\n</candidate>\n\\boxed{",
        "user",
        "assistant",
        "<0.2 seconds>",
        "Read it out.",
    ):
        yield from [text] * 2
    for word in (*NAMES, *OBJECTS, *PLACES):
        yield f" {word}"
    yield from NAMES
    for number in range(MAX_NUMBER + 1):
        yield from [str(number)] * 2


def build_tokenizer(templates: Iterable[str]) -> PreTrainedTokenizerFast:
    """Train the tokenizer; the vocabulary is complete when every piece of the corpus is one token."""
    core, qwen = Tokenizer(models.BPE()), Qwen3_5Tokenizer().backend_tokenizer
    split = pre_tokenizers.Split(Regex(PIECES), behavior="isolated")
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    core.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=4096, initial_alphabet=alphabet, special_tokens=list(SPECIAL), show_progress=False
    )
    core.train_from_iterator(corpus(templates), trainer)
    core.normalizer, core.pre_tokenizer = qwen.normalizer, qwen.pre_tokenizer
    whole = ("<candidate", "</candidate", "\\boxed{", *map(str, range(10, MAX_NUMBER + 1)))
    core.add_tokens([AddedToken(piece, normalized=False, special=False) for piece in (*THINK, *whole)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token=PAD, eos_token=EOS, model_max_length=1024, clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.padding_side = "left"
    return tokenizer
