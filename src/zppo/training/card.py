"""The model card of a checkpoint: `README.md` with what a reader on the Hub must know of it."""

import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCardData

from zppo.masking import masked_urls
from zppo.run.state import RunState

PAPER = "arXiv:2606.18216"
_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")

_CARD = """---
{front}
---

# {title}

{parent} trained by `{method}` with zppo {zppo} ({steps} rollout steps, seed {seed}).
{about}
| | |
|---|---|
| parent model | {parent} |
| teacher | {teacher} |
| training data | {train} |
| held-out data | {eval} |
| rollout steps | {steps} of {planned} |
| student tokens sampled | {sampled:,} |
| tokens in the gradient | {gradient:,} |
| learning rate | {learning_rate} |
| versions | zppo {zppo}, transformers {transformers}, torch {torch} |

## Held-out accuracy

{accuracy}

## Use

```python
from transformers import pipeline

answer = pipeline("{task}", "PATH OR HUB NAME OF THIS FOLDER")
```

It answers in the style it was trained on: see the prompts and rewards of the run. The license of the parent model and
of the data apply; none is stated here.
"""
_ZPPO = """
Zone of Proximal Policy Optimization ({paper}): where a question was too hard for the student, candidate answers of a
frozen teacher were shown inside the prompt; nothing of the teacher entered the gradient.
"""


def model_card(config: Mapping[str, Any], state: RunState, checkpoint: Path) -> str:
    """Model card of the checkpoint in a folder, from the config (without secrets) and the state of its run."""
    sees = (checkpoint / "preprocessor_config.json").is_file() or (checkpoint / "processor_config.json").is_file()
    task = "image-text-to-text" if sees else "text-generation"
    method, student, data = config["method"], config["student"]["model"], config["data"]
    front = ModelCardData(
        base_model=student if _on_hub(student) else None,
        datasets=[data["train"]] if _on_hub(data["train"]) else None,
        library_name="transformers",
        pipeline_tag=task,
        tags=["zppo", "reinforcement-learning", f"method:{method}"],
    )
    return _CARD.format(
        front=front.to_yaml(),
        title=f"{_shown(student) or 'Student'}, {method}, step {state.step}",
        about=_ZPPO.format(paper=PAPER) if method == "zppo" else "",
        parent=_shown(student) or "a model that was given in Python",
        teacher=_teacher(config["teacher"]),
        train=_shown(data["train"]) or "rows that were given in Python",
        eval=_shown(data["eval"]) or "rows that were given in Python, or none",
        planned=config["rollout_steps"],
        steps=state.step,
        seed=config["seed"],
        method=method,
        sampled=state.student_tokens,
        gradient=state.gradient_tokens,
        learning_rate=config["training"].get("learning_rate", "1e-06 (default)"),
        accuracy=_accuracy(state),
        task=task,
        **{name: version(name) for name in ("zppo", "transformers", "torch")},
    )


def _teacher(section: Mapping[str, Any]) -> str:
    served = " on a server" if section["endpoint"] else ""
    return f"{_shown(section['model'])}{served}" if section["model"] or served else "none"


def _accuracy(state: RunState) -> str:
    """A row per evaluation."""
    if not state.evaluations:
        return "No held-out questions were asked."
    rows = [
        "| " + " | ".join([str(each["step"]), *(_percent(each[level]) for level in ("overall", "easy", "hard"))]) + " |"
        for each in state.evaluations
    ]
    head = ["| rollout step | overall | easy | hard |", "|---|---|---|---|"]
    split = "Easy and hard are the questions above and below the threshold before training."
    return "\n".join([*head, *rows, "", split])


def _percent(accuracy: float | None) -> str:
    return "-" if accuracy is None else f"{100 * accuracy:.1f} %"


def _on_hub(name: Any) -> bool:
    """A name that the Hub could know, and no folder or file of this machine."""
    return isinstance(name, str) and bool(_HUB_NAME.fullmatch(name)) and not Path(name).exists()


def _shown(name: Any) -> str:
    """A Hub name as it is; of a path the last part alone, as the folders of a machine are nobody's business."""
    if isinstance(name, list | tuple):
        return ", ".join(map(_shown, name))
    text = masked_urls(str(name or ""))
    return text if _on_hub(text) else Path(text).name
