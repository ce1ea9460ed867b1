"""Supervised training of the pocket's models: a small loop, fast on one CPU core.

Only response tokens carry loss, so the output head runs only on their positions. A batch is split into micro-batches of
similar length, which need little padding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from itertools import islice

import torch
from torch.nn.functional import cross_entropy
from transformers import Qwen3_5ForConditionalGeneration

from zppo.pocket.chats import Chats, Row
from zppo.pocket.curriculum import DRILL, Example

MICRO_TOKENS = 6144
WARMUP = 60


def encode(chats: Chats, examples: Iterable[Example]) -> list[Row]:
    """Rows of examples, chat template and end token included. In a drill only the results carry loss."""
    examples, tokenizer = list(examples), chats.tokenizer
    heads = chats.heads((example.prompt, example.scenes) for example in examples)
    tails = tokenizer([e.response + tokenizer.eos_token for e in examples], add_special_tokens=False)["input_ids"]
    equals = tokenizer.convert_tokens_to_ids("=")
    rows = []
    for example, head, tail in zip(examples, heads, tails, strict=True):
        ids, spots = head + tail, range(len(head), len(head) + len(tail))
        counted = [i for i in spots if example.kind != DRILL or ids[i - 1] == equals]
        rows.append(Row(ids, counted, example.scenes))
    return rows


def micro_batches(rows: list[Row]) -> list[list[Row]]:
    """Rows sorted by length, split so that the padded size is at most MICRO_TOKENS."""
    batches: list[list[Row]] = [[]]
    for row in sorted(rows, key=lambda row: len(row.ids)):
        if batches[-1] and (len(batches[-1]) + 1) * len(row.ids) > MICRO_TOKENS:
            batches.append([])
        batches[-1].append(row)
    return batches


def spot_logits(
    model: Qwen3_5ForConditionalGeneration, chats: Chats, rows: list[Row]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits that predict the loss-carrying tokens of all rows, in order, and these tokens."""
    inputs = chats.inputs(rows)
    ids, width = inputs["input_ids"], inputs["input_ids"].shape[1]
    spots = torch.tensor([index * width + spot for index, row in enumerate(rows) for spot in row.spots])
    # right padding is invisible to causal attention: no mask is needed
    hidden = model.model(**inputs, use_cache=False).last_hidden_state
    return model.lm_head(hidden.flatten(0, 1)[spots - 1]), ids.flatten()[spots]


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Linear warm-up, then a cosine down to 2 % of the peak."""
    if step < WARMUP:
        return peak * (step + 1) / WARMUP
    return peak * (0.02 + 0.49 * (1 + math.cos(math.pi * (step - WARMUP) / max(1, steps - WARMUP))))


def fit(
    model: Qwen3_5ForConditionalGeneration,
    chats: Chats,
    examples: Iterable[Example],
    steps: int,
    peak: float,
    batch: int = 128,
    label: str = "",
) -> float:
    """Train in place on `steps` batches of examples; returns the last reported loss."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, betas=(0.9, 0.98), weight_decay=0.01)
    source, started = iter(examples), time.perf_counter()
    losses: list[float] = []
    model.train()
    for step in range(steps):
        rows = encode(chats, islice(source, batch))
        total, loss = sum(len(row.spots) for row in rows), 0.0
        for part in micro_batches(rows):
            logits, targets = spot_logits(model, chats, part)
            partial = cross_entropy(logits, targets, reduction="sum") / total
            partial.backward()
            loss += partial.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, peak)
        optimizer.step()
        optimizer.zero_grad()
        losses = [*losses, loss][-50:]
        if (step + 1) % 100 == 0 or step + 1 == steps:
            seconds = time.perf_counter() - started
            print(f"{label} step {step + 1}/{steps} loss {sum(losses) / len(losses):.4f} {seconds:.0f}s", flush=True)
    model.eval()
    return sum(losses) / len(losses)
