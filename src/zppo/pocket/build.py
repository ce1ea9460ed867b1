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
from transformers import PreTrainedTokenizerFast, Qwen3_5ForCausalLM

from zppo.pocket.card import model_card
from zppo.pocket.curriculum import TEMPLATES, Curriculum
from zppo.pocket.measure import Table, measure, show
from zppo.pocket.models import new_model
from zppo.pocket.problems import Problem, balanced
from zppo.pocket.sampling import zone_rates
from zppo.pocket.tokenizer import build_tokenizer
from zppo.pocket.trainer import fit

TRAIN_ROWS = 6000
TEST_ROWS = 384


@dataclass(frozen=True)
class Phase:
    """Steps of 64 examples and the peak learning rate of one phase of the curriculum."""

    name: str
    steps: int
    peak: float


BASE = Phase("base", 700, 3e-3)
BRANCHES = {
    "teacher": (Phase("teacher", 350, 1.5e-3),),
    "student": (Phase("student", 500, 1.5e-3), Phase("misconception", 400, 2e-3)),
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


def run_phase(model: Qwen3_5ForCausalLM, tokenizer: PreTrainedTokenizerFast, phase: Phase, seed: int) -> None:
    """Train the model in place through one phase."""
    fit(model, tokenizer, Curriculum(phase.name, seed), phase.steps, phase.peak, label=phase.name)


def write_rows(path: Path, problems: list[Problem]) -> None:
    """One JSON object per line: id, prompt, answer, cluster, level."""
    path.write_text("".join(json.dumps(problem.row()) + "\n" for problem in problems))


def write_model(folder: Path, model: Qwen3_5ForCausalLM, tokenizer: PreTrainedTokenizerFast, results: Table) -> None:
    """A checkpoint as transformers writes it, its tokenizer, and the model card."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(model_card(folder.name, results))


def build_pocket(out: Path, seed: int = 0) -> dict:
    """Build and measure the pair, write everything under `out`; the content of `build.json`."""
    started = time.process_time()
    rng = random.Random(f"rows {seed}")
    train, test = (balanced(rng, rows, held_out) for rows, held_out in ((TRAIN_ROWS, False), (TEST_ROWS, True)))
    tokenizer = build_tokenizer(path.read_text() for path in sorted(TEMPLATES.glob("*.txt")))
    report: dict = {"seed": seed, "accuracy": {}}
    out.mkdir(parents=True, exist_ok=True)
    with one_thread():
        base, models = new_model(tokenizer, seed), {}
        run_phase(base, tokenizer, BASE, seed)
        for name, phases in BRANCHES.items():
            model = new_model(tokenizer, seed)
            model.load_state_dict(base.state_dict())
            for phase in phases:
                run_phase(model, tokenizer, phase, seed)
            results = report["accuracy"][name] = measure(model, tokenizer, test)
            print(f"{name}\n{show(results)}", flush=True)
            write_model(out / name, model, tokenizer, results)
            models[name] = model
        report["sampled"] = zone_rates(models["student"], models["teacher"], tokenizer, test, seed)
        print(report["sampled"], flush=True)
    write_rows(out / "train.jsonl", train)
    write_rows(out / "test.jsonl", test)
    report |= {"parameters": base.num_parameters(), "cpu_seconds": round(time.process_time() - started)}
    (out / "build.json").write_text(json.dumps(report, indent=2) + "\n")
    return report
