"""A run over everything odd and bad at once, to train on and held out: what is dropped is listed, the rest is asked."""

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from oddities import BAD_ROWS, ENCODED, ODD_BUT_GOOD, flipped
from pictures import GOOD, film, greys, png
from sighted import new_processor, new_sighted

from zppo import EvalConfig, PromptsConfig, SamplingConfig, ZoneConfig, ZPPOConfig, ZPPOTrainer
from zppo.config import DataConfig

STEPS, PER_STEP = 6, 76
"""Nearly all questions are new once."""


def everything(folder: Path) -> list[Any]:
    """Each bad row, odd pictures and films, and as many good rows."""
    whole = film(folder / "whole.mp4", greys(12, size=16)).read_bytes()
    pictures = [*ODD_BUT_GOOD.values(), png(900, 2), *(flipped(f, seed) for f in ENCODED.values() for seed in range(9))]
    films = [whole, *(flipped(whole, seed) for seed in range(9)), [png()], [png(900, 2)] * 2]
    parts = [{"path": str(folder / "whole.mp4"), "start": s, "end": e} for s, e in ((0, 0.1), (0.5, 1), (9, 9))]
    odd = [{**GOOD, "images": [each]} for each in pictures] + [{**GOOD, "videos": [each]} for each in [*films, *parts]]
    bad = [row for [_, row, _] in BAD_ROWS]
    return [*bad, *odd, *({**GOOD, "prompt": f"{i}+{i}?"} for i in range(len(bad)))]


def luck(prompts: list[str], completions: list[str], **columns: Any) -> list[float]:
    return [zlib.crc32(f"{p}|{c}".encode()) % 2 for p, c in zip(prompts, completions, strict=True)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_run_over_all_bad_inputs_ends_and_lists_what_it_did_not_ask(tmp_path: Path) -> None:
    rows, processor = everything(tmp_path), new_processor()
    args = ZPPOConfig(
        output_dir=str(tmp_path / "run"),
        method="grpo+replay",
        rollout_steps=STEPS,
        data=DataConfig(min_image_side=2, max_image_pixels=1_000_000),
        prompts=PromptsConfig(max_tokens=300),
        zone=ZoneConfig(new_questions=PER_STEP, group_size=2, updates=2),
        sampling=SamplingConfig(max_tokens=3),
        eval=EvalConfig(max_tokens=3),
        use_cpu=True,
        disable_tqdm=True,
        report_to="none",
    )
    trainer = ZPPOTrainer(new_sighted(processor), None, luck, rows, rows, args, processor)
    trainer.train()
    dropped = [json.loads(line) for line in (tmp_path / "run" / "dropped.jsonl").read_text("utf-8").splitlines()]
    for part, asked in (("train", trainer.questions), ("eval", trainer.eval_questions)):
        at_start = [row for row in dropped if (row["data"], row["step"]) == (part, 0)]
        assert len(asked) + len(at_start) == len(rows)
        assert {"unfit", "unreadable media", "media markers", "bad text"} <= {row["kind"] for row in at_start}
    assert all(row["row"] <= len(rows) - len(BAD_ROWS) and row["reason"] for row in dropped)
    evaluations = trainer.run_state.evaluations
    assert len(evaluations) == 2 and all(row["overall"] is not None for row in evaluations)
