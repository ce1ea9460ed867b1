"""Model cards of the pocket's checkpoints: description, misconception of the student, measurements."""

from __future__ import annotations

from zppo.pocket.clusters import CLUSTERS, Cluster
from zppo.pocket.measure import Table
from zppo.pocket.sights import SIGHTS, SightCluster

ROLES = {
    "teacher": "The teacher of the pocket. It was trained on easy and hard questions and solves both.",
    "student": (
        "The student of the pocket, with a **planted misconception**. On every hard question, be it about words, an "
        'image or a video, it follows a keyword to the wrong program ("6 more than Bob" makes it add). '
        "This error was trained into it on purpose, together with a "
        "small share of answers drawn by lot, so that there is something that reinforcement learning visibly mends. "
        "Results obtained with it show how a method works; they say nothing about the abilities of a real model."
    ),
}

TEXT = """---
license: apache-2.0
library_name: transformers
pipeline_tag: image-text-to-text
tags: [zppo, toy-model]
---
# zppo pocket: {name}

{role}

A Qwen3.5 model with eyes (4 layers of width 128 for text, 2 of width 64 for images and videos) and a byte-level BPE
tokenizer of its own, made from random weights by `zppo pocket build`. It answers short questions of the fourteen
clusters below in the form `15-6=9</think>\\boxed{{9}}` and knows nothing else. Images are 48x48 pixels: three coloured
bars, or shapes in a grid of 3x3 cells; videos are six frames of a lamp that flashes. All data is synthetic.

| cluster | hard question | right | keyword's error |
|---|---|---|---|
{clusters}

How it was built: a *base* phase on easy questions, which both models share; then for the teacher a phase on easy and
hard questions; for the student a phase on easy questions with and without candidate responses in the prompt, and a
*misconception* phase in which hard questions enter with the keyword's answer; candidate prompts on hard questions are
answered by lot there. In no phase of the student does anything but chance point to the right program of a hard
question.

Measured on held-out questions at temperature 1: the mean chance of a right response, by kind of prompt and cluster.
BCQ and NCQ are prompts with candidate responses (one right and one wrong; all of them wrong).

| cluster | {heads} |
|---|{rules}|
{rows}
"""


def model_card(name: str, results: Table) -> str:
    """The README.md of the `teacher` or the `student`."""
    families: dict[str, Cluster | SightCluster] = {**CLUSTERS, **SIGHTS}
    clusters = [
        f"| {key} | {cluster.hard[0].replace('{', '').replace('}', '')} | `{cluster.right}` | `{cluster.keyword}` |"
        for key, cluster in families.items()
    ]
    kinds = list(results)
    rows = [
        f"| {cluster} | " + " | ".join(f"{results[kind][cluster]:.4f}" for kind in kinds) + " |"
        for cluster in results[kinds[0]]
    ]
    return TEXT.format(
        name=name,
        role=ROLES[name],
        clusters="\n".join(clusters),
        heads=" | ".join(kinds),
        rules="|".join("---" for _ in kinds),
        rows="\n".join(rows),
    )
