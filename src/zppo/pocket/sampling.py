"""Sampled accuracies of a pocket pair as in a rollout step: plain groups, then the BCQ and NCQ made from them."""

from __future__ import annotations

import random
from statistics import mean

import torch
from transformers import Qwen3_5ForConditionalGeneration

from zppo.pocket.chats import Chats, Row
from zppo.pocket.curriculum import GROUP, TEMPLATES
from zppo.pocket.pictures import Scene
from zppo.pocket.problems import Problem
from zppo.types import Rollout
from zppo.zone.candidates import as_candidates, build_prompts, draft_bcq, draft_ncq
from zppo.zone.prompts import Templates

PROMPT_BATCH = 64
Asked = tuple[str, tuple[Scene, ...], str]  # user message, its scenes, gold answer


@torch.no_grad()
def sample(
    model: Qwen3_5ForConditionalGeneration, chats: Chats, asked: list[Asked], size: int = GROUP
) -> list[list[Rollout]]:
    """`size` scored responses to each message, at temperature 1."""
    groups: list[list[Rollout]] = []
    for start in range(0, len(asked), PROMPT_BATCH):
        part = asked[start : start + PROMPT_BATCH]
        heads = chats.heads((prompt, scenes) for prompt, scenes, _ in part)
        rows = [Row(head, scenes=scenes) for head, (_, scenes, _) in zip(heads, part, strict=True)]
        inputs = chats.inputs(rows, left=True)
        output = model.generate(
            **inputs, do_sample=True, temperature=1.0, top_k=0, max_new_tokens=32, num_return_sequences=size
        )
        texts = chats.tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        for index, (_, _, gold) in enumerate(part):
            groups.append([scored(text, gold) for text in texts[index * size : (index + 1) * size]])
    return groups


def scored(text: str, gold: str) -> Rollout:
    """The rollout of a response, with the content of its last box and its reward."""
    _, box, rest = text.rpartition("\\boxed{")
    answer = rest.split("}")[0] if box else None
    return Rollout([], text, reward=float(answer == gold), answer=answer)


def accuracy(groups: list[list[Rollout]]) -> float:
    """The mean reward of all rollouts."""
    return round(mean(rollout.reward or 0.0 for group in groups for rollout in group), 4) if groups else 0.0


def zone_rates(
    student: Qwen3_5ForConditionalGeneration,
    teacher: Qwen3_5ForConditionalGeneration,
    chats: Chats,
    problems: list[Problem],
    seed: int = 0,
) -> dict[str, float]:
    """Accuracies in a first rollout step: of both models on plain prompts, and of the student on its BCQ and NCQ."""
    torch.manual_seed(seed)
    rng, templates = random.Random(seed), Templates.load(TEMPLATES)
    rates: dict[str, float] = {}
    aided: dict[str, list[Asked]] = {"bcq": [], "ncq": []}
    for level in ("easy", "hard"):
        chosen = [problem for problem in problems if problem.level == level]
        asked = [(templates.plain(p.question()), p.scenes, p.answer) for p in chosen]
        plain, taught = sample(student, chats, asked), sample(teacher, chats, asked, GROUP // 2)
        rates |= {f"student {level}": accuracy(plain), f"teacher {level}": accuracy(taught)}
        for problem, own, given in zip(chosen, plain, taught, strict=True):
            right = [candidate for candidate in as_candidates(given) if candidate.is_right]
            wrong = [candidate for candidate in as_candidates(own) if not candidate.is_right]
            if level == "hard":
                question = problem.question()
                for draft in draft_bcq(question, right, wrong, rng) + draft_ncq(question, wrong):
                    prompts = build_prompts(draft, draft.candidates, templates, begin=lambda candidate: None)
                    aided[draft.kind] += [(prompt.text, problem.scenes, problem.answer) for prompt in prompts]
    return rates | {f"student {kind} hard": accuracy(sample(student, chats, rows)) for kind, rows in aided.items()}


def sampled_rates(
    student: Qwen3_5ForConditionalGeneration,
    teacher: Qwen3_5ForConditionalGeneration,
    chats: Chats,
    problems: list[Problem],
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """`zone_rates` of each modality."""
    modalities = ("words", "image", "video")
    return {m: zone_rates(student, teacher, chats, [p for p in problems if p.modality == m], seed) for m in modalities}
