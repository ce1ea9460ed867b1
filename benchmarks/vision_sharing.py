"""What it saves that the vision tower runs once per question instead of once per rollout.

One gradient update on questions with an image each, in a process of its own per measurement: with the tower shared (as
the trainer does it), and with a tower pass per rollout (as a batch of rows is usually made). The two alternate, after a
warm-up update of each; peak memory is what the process grew by during its updates. Loss and gradient norm are checked
to be equal.

    python benchmarks/vision_sharing.py            # prints the table
    python benchmarks/vision_sharing.py --write    # also writes benchmarks/results/vision_sharing.md
"""

import argparse
import multiprocessing
import platform
import random
import resource
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import torch
import transformers
from PIL import Image

from zppo import SamplingConfig, UpdateConfig
from zppo.models.loading import load_processing
from zppo.models.renderer import Renderer
from zppo.models.vision import Vision
from zppo.pocket import ASSETS
from zppo.training.update import PolicyUpdate
from zppo.types import MEDIA_MARK, Group, Media, Minibatch, Prompt, Question, Rollout

RESULTS = Path(__file__).resolve().parent / "results/vision_sharing.md"
QUESTIONS, SIDE, RESPONSE = 4, 256, 48
TEXT = {"hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 6, "num_attention_heads": 8}
EYES = {"depth": 6, "hidden_size": 256, "intermediate_size": 768, "num_heads": 8, "out_hidden_size": 256}
MICROBATCH = 4096


@dataclass(frozen=True)
class Measured:
    """Seconds of one update, MiB the process grew by, loss and gradient norm."""

    seconds: float
    growth: float
    loss: float
    norm: float


class Unshared(Vision):
    """A pass of the tower for every row."""

    def __init__(self, renderer: Renderer) -> None:
        super().__init__(renderer)
        self._rows = 0

    @contextmanager
    def shared(self, model: Any, prompts: Iterable[Prompt]) -> Iterator[None]:
        yield

    def inputs(self, model: Any, prompts: Any, ids_BL: torch.Tensor) -> dict[str, Any]:
        pixels = [self._chat.pixels(prompt).tensors for prompt in prompts]
        assert self._chat.processor is not None
        kinds = torch.tensor(self._chat.processor.create_mm_token_type_ids(ids_BL.tolist()))
        return {k: torch.cat([p[k] for p in pixels]) for k in pixels[0]} | {"mm_token_type_ids": kinds}


def new_model(processor: Any) -> Any:
    torch.manual_seed(0)
    tokenizer = processor.tokenizer
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 2, 2], "partial_rotary_factor": 0.5}
    text = TEXT | {
        "vocab_size": len(tokenizer),
        "num_key_value_heads": 4,
        "head_dim": 32,
        "layer_types": ["full_attention"] * TEXT["num_hidden_layers"],
        "rope_parameters": rope,
    }
    patches = processor.image_processor
    eyes = EYES | {"patch_size": patches.patch_size, "spatial_merge_size": patches.merge_size}
    named = {f"{kind}_token_id": getattr(processor, f"{kind}_token_id") for kind in ("image", "video")}
    config = transformers.Qwen3_5Config(text_config=text, vision_config=eyes, tie_word_embeddings=False, **named)
    return transformers.Qwen3_5ForConditionalGeneration(config)


def new_minibatch(renderer: Renderer, group: int) -> Minibatch:
    rng, rows = random.Random(0), []
    for number in range(QUESTIONS):
        image = Image.frombytes("RGB", (SIDE, SIDE), rng.randbytes(3 * SIDE * SIDE))
        media = Media("image", f"{number}.png", lambda image=image: image)
        question = Question(str(number), f"{MEDIA_MARK}\nwhat is it?", "1", media=(media,))
        prompt = Prompt("plain", question, question.text)
        fed = renderer.read(prompt)
        for i in range(group):
            response = [rng.randrange(300, 600) for _ in range(rng.randint(RESPONSE // 2, RESPONSE))]
            rollout = Rollout(response, "", advantage=1.0 if i % 2 else -1.0)
            rows.append((Group(prompt, [rollout], fed), rollout))
    return rows


def measure(shared: bool, group: int, answers: Any) -> None:
    """One measurement in this process: a small update to warm up, then the one that counts."""
    torch.set_num_threads(1)
    processor = load_processing("student", str(ASSETS / "student"))
    for part in (processor.image_processor, processor.video_processor):
        part.size = {"shortest_edge": 32 * 32, "longest_edge": SIDE * SIDE}
    renderer, model = Renderer(processor), new_model(processor)
    vision = Vision(renderer) if shared else Unshared(renderer)
    update = PolicyUpdate(UpdateConfig(microbatch_tokens=MICROBATCH), SamplingConfig(RESPONSE), renderer.pad, vision)
    minibatch = new_minibatch(renderer, group)
    update.before_step(model, [minibatch])
    update.accumulate(model, minibatch[:1], torch.Tensor.backward)
    model.zero_grad()
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    loss = update.accumulate(model, minibatch, torch.Tensor.backward)
    seconds = time.perf_counter() - began
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    norm = float(torch.stack([p.grad.norm() for p in model.parameters() if p.grad is not None]).norm())
    answers.put(Measured(seconds, growth, float(loss), norm))


def apart(shared: bool, group: int) -> Measured:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    worker = context.Process(target=measure, args=(shared, group, answers))
    worker.start()
    found: Measured = answers.get()
    worker.join()
    return found


def table(repeats: int) -> str:
    lines = [
        "| rollouts per question | s per update, unshared | shared | ratio | MiB grown, unshared | shared |",
        "|---|---|---|---|---|---|",
    ]
    for group in (1, 4, 8):
        runs: dict[bool, list[Measured]] = {False: [], True: []}
        for _ in range(repeats):
            for shared in runs:
                runs[shared].append(apart(shared, group))
        same(runs[False][0], runs[True][0])
        plain, ours = runs[False], runs[True]
        ratio = median(p.seconds / o.seconds for p, o in zip(plain, ours, strict=True))
        seconds = [f"{median(r.seconds for r in each):.2f}" for each in (plain, ours)]
        growth = [f"{median(r.growth for r in each):.0f}" for each in (plain, ours)]
        lines.append(f"| {group} | {seconds[0]} | {seconds[1]} | {ratio:.2f}x | {growth[0]} | {growth[1]} |")
    return "\n".join(lines)


def same(plain: Measured, shared: Measured) -> None:
    if abs(plain.loss - shared.loss) > 1e-5 or abs(plain.norm / shared.norm - 1) > 1e-3:
        raise SystemExit(f"the two do different work: {plain} and {shared}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    tokens = (SIDE // 16) ** 2
    words, eyes = (f"{p[d]} layers of {p['hidden_size']}" for p, d in ((TEXT, "num_hidden_layers"), (EYES, "depth")))
    head = f"""# An update with the vision tower shared in a group

- Model: random Qwen3.5 of {words}, vision tower of {eyes}; fp32, CPU, one thread.
- One update: {QUESTIONS} questions with an image of {SIDE} x {SIDE} ({tokens} tokens, {4 * tokens} patches) each, \
responses of {RESPONSE // 2}-{RESPONSE} tokens, microbatches of at most {MICROBATCH} tokens.
- Medians of {options.repeats} processes each, alternating; MiB: what the process grew by during the update.
- Versions: torch {version("torch")}, transformers {version("transformers")}, Python {platform.python_version()}.
- Command: `python benchmarks/vision_sharing.py --write`
"""
    report = f"{head}\n{table(options.repeats)}\n"
    print(report)
    if options.write:
        RESULTS.write_text(report)


if __name__ == "__main__":
    main()
