"""Measurement of a pocket model: exact probabilities for tuning, sampled accuracies for the record.

The probability of one particular response costs a single forward pass and has no sampling noise. Since the pocket's
right answers have one canonical derivation, it is a good estimate of the success rate, even at 0.5 %.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from statistics import mean

import torch
from transformers import Qwen3_5ForConditionalGeneration

from zppo.pocket.chats import Chats
from zppo.pocket.curriculum import TEMPLATES, Example, as_candidate, response_text
from zppo.pocket.problems import ALL, Problem
from zppo.pocket.trainer import encode, micro_batches, spot_logits
from zppo.zone.prompts import Templates

Table = dict[str, dict[str, float]]  # kind of prompt -> cluster (or "all") -> rate


@torch.no_grad()
def probabilities(
    model: Qwen3_5ForConditionalGeneration, chats: Chats, examples: list[Example]
) -> list[tuple[float, float]]:
    """Probability of each example's response, and of its numbers alone given the program."""
    rows = encode(chats, examples)
    equals, box = chats.tokenizer.convert_tokens_to_ids(["=", "\\boxed{"])
    found: dict[int, tuple[float, float]] = {}
    for part in micro_batches(rows):
        logits, targets = spot_logits(model, chats, part)
        gains = logits.log_softmax(-1).gather(1, targets[:, None])[:, 0]
        for row, scores in zip(part, gains.split([len(row.spots) for row in part]), strict=True):
            result = torch.tensor([row.ids[spot - 1] in (equals, box) for spot in row.spots])
            found[id(row)] = (scores.sum().exp().item(), scores[result].sum().exp().item())
    return [found[id(row)] for row in rows]


def probes(problems: Iterable[Problem], seed: int = 0) -> list[tuple[Problem, Example]]:
    """Plain, BCQ and NCQ examples with the right response; the wrong rollouts are those of the misconception."""
    rng, templates, made = random.Random(seed), Templates.load(TEMPLATES), []
    for problem in problems:
        question = problem.question()
        wrong = as_candidate(problem.wrong, False)
        pair = [as_candidate(problem.right, True), wrong]
        rng.shuffle(pair)
        texts = {
            "plain": templates.plain(question),
            "bcq": templates.bcq(question, pair),
            "ncq": templates.ncq(question, [wrong] * 8),
        }
        for kind, text in texts.items():
            response = response_text(problem.right)
            made.append((problem, Example(f"{kind} {problem.level}", text, response, problem.scenes)))
    return made


def measure(model: Qwen3_5ForConditionalGeneration, chats: Chats, problems: Iterable[Problem]) -> Table:
    """Mean probability of the right response by kind and cluster; `numbers`: of its numbers given the program."""
    made = probes(problems)
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    results = probabilities(model, chats, [example for _, example in made])
    for (problem, example), (whole, numbers) in zip(made, results, strict=True):
        for cluster in (problem.cluster, problem.modality, "all"):
            scores[example.kind][cluster].append(whole)
            if example.kind.startswith("plain"):
                scores[f"numbers {problem.level}"][cluster].append(numbers)
    order = ("all", "words", "image", "video", *ALL)
    return {kind: {c: round(mean(row[c]), 4) for c in order if c in row} for kind, row in sorted(scores.items())}


def show(results: Table) -> str:
    """The table as text, one kind a line."""
    clusters = list(next(iter(results.values())))
    head = " " * 14 + "".join(f"{cluster[:9]:>10}" for cluster in clusters)
    return "\n".join([head, *(f"{k:14}" + "".join(f"{row[c]:10.4f}" for c in clusters) for k, row in results.items())])
