"""Builds the pocket: a teacher and a student with a planted misconception, and the questions to train and test on.

`zppo pocket build --out DIR --seed S` makes from random weights what ships in `assets/`. The recipe is
`zppo.pocket.curriculum`; here it meets steps and learning rates, and the result is measured and written down. One
thread, so that the same seed gives the same weights.
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
"""How many pictures of bars and of shapes, and how many videos, there are to choose from for the rows on disk."""


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
    """A single compute thread for the duration: reproducible, and as fast as two at this size."""
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
    """`NAME.jsonl`, one JSON object per line, and the pictures it names."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / f"{name}.jsonl").write_text("".join(json.dumps(problem.row()) + "\n" for problem in problems))
    for picture in {p for problem in problems for scene in problem.scenes for p in scene.pictures}:
        picture.draw().save(out / "images" / f"{picture.name}.png")


def draw_rows(seed: int) -> dict[str, list[Problem]]:
    """The questions to train and to test on."""
    rng = random.Random(f"rows {seed}")
    sizes = {"train": TRAIN_ROWS, "test": TEST_ROWS}
    return {name: balanced(rng, rows, name == "test", pool=POOL) for name, rows in sizes.items()}


def write_model(folder: Path, model: Qwen3_5ForConditionalGeneration, chats: Chats, results: Table) -> None:
    """A checkpoint as transformers writes it, its processor, and the model card."""
    model.save_pretrained(folder)
    chats.processor.save_pretrained(folder)
    (folder / "README.md").write_text(model_card(folder.name, results))


def build_pocket(out: Path, seed: int = 0) -> dict:
    """Build and measure the pair, write everything under `out`; the content of `build.json`."""
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
