"""Builds the pocket: a teacher, a student with a trained-in misconception, and the training and test questions.

`zppo pocket build --out DIR --seed S` makes the content of `assets/` from random weights. The examples come from
`zppo.pocket.curriculum`; this module sets steps and learning rates, and measures and saves the result. It uses one
thread, so that equal seeds give equal weights.
"""

from __future__ import annotations

import json
import random
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import Qwen3_5ForConditionalGeneration

from zppo.pocket.card import model_card
from zppo.pocket.chats import Chats
from zppo.pocket.curriculum import TEMPLATES, Curriculum
from zppo.pocket.measure import Table, measure, show
from zppo.pocket.models import build_processor, new_model
from zppo.pocket.problems import Problem, balanced
from zppo.pocket.sampling import sampled_rates
from zppo.pocket.tokenizer import build_tokenizer
from zppo.pocket.trainer import fit

TRAIN_ROWS = 6000
TEST_ROWS = 448
POOL = 600
"""Number of different pictures of bars, of shapes, and of videos, for the rows on disk."""


@dataclass(frozen=True)
class Phase:
    """Steps, examples of each and the peak learning rate of one phase of the curriculum."""

    name: str
    steps: int
    batch: int
    peak: float


BASE = Phase("base", 800, 128, 3e-3)
BRANCHES = {
    "teacher": (Phase("teacher", 250, 128, 1.5e-3),),
    "student": (Phase("student", 600, 64, 1.5e-3), Phase("misconception", 400, 64, 2e-3)),
}


@contextmanager
def one_thread():
    """Use a single compute thread within the block: reproducible, and as fast as two at this size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def run_phase(model: Qwen3_5ForConditionalGeneration, chats: Chats, phase: Phase, seed: int) -> None:
    """Train the model in place through one phase."""
    fit(model, chats, Curriculum(phase.name, seed), phase.steps, phase.peak, phase.batch, label=phase.name)


def write_rows(out: Path, name: str, problems: list[Problem]) -> None:
    """Write `NAME.jsonl`, one JSON object per line, and the pictures it names."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / f"{name}.jsonl").write_text("".join(json.dumps(problem.row()) + "\n" for problem in problems))
    for picture in {p for problem in problems for scene in problem.scenes for p in scene.pictures}:
        picture.draw().save(out / "images" / f"{picture.name}.png")


def draw_rows(seed: int) -> dict[str, list[Problem]]:
    """The training and test questions."""
    rng = random.Random(f"rows {seed}")
    sizes = {"train": TRAIN_ROWS, "test": TEST_ROWS}
    return {name: balanced(rng, rows, name == "test", pool=POOL) for name, rows in sizes.items()}


def write_model(folder: Path, model: Qwen3_5ForConditionalGeneration, chats: Chats, results: Table) -> None:
    """Write a checkpoint of transformers, its processor, and the model card."""
    model.save_pretrained(folder)
    chats.processor.save_pretrained(folder)
    (folder / "README.md").write_text(model_card(folder.name, results))


def build_pocket(out: Path, seed: int = 0) -> dict:
    """Build and measure the pair and write all files under `out`; returns the content of `build.json`."""
    started = time.process_time()
    rows = draw_rows(seed)
    for name, problems in rows.items():
        write_rows(out, name, problems)
    tokenizer = build_tokenizer(path.read_text() for path in sorted(TEMPLATES.glob("*.txt")))
    chats = Chats(build_processor(tokenizer))
    report: dict = {"seed": seed, "accuracy": {}}
    with one_thread():
        base, models = new_model(tokenizer, seed), {}
        run_phase(base, chats, BASE, seed)
        for name, phases in BRANCHES.items():
            model = new_model(tokenizer, seed)
            model.load_state_dict(base.state_dict())
            for phase in phases:
                run_phase(model, chats, phase, seed)
            results = report["accuracy"][name] = measure(model, chats, rows["test"])
            print(f"{name}\n{show(results)}", flush=True)
            write_model(out / name, model, chats, results)
            models[name] = model
        report["sampled"] = sampled_rates(models["student"], models["teacher"], chats, rows["test"], seed)
        print(report["sampled"], flush=True)
    report |= {"parameters": base.num_parameters(), "cpu_seconds": round(time.process_time() - started)}
    (out / "build.json").write_text(json.dumps(report, indent=2) + "\n")
    return report
