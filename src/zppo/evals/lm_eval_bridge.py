"""Cross-check of scores: the same model, sampled in the same way, on tasks of lm-evaluation-harness (`zppo[eval]`).

Its prompts, its data and its scoring; our engine and decoding. Only generative tasks are used: those
that compare likelihoods of options do not apply to a model that thinks first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lm_eval import simple_evaluate
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager
from lm_eval.tasks._factory import TaskFactory

from zppo.errors import DataError, EngineError
from zppo.evals.benchmark import Benchmark
from zppo.evals.outcome import Outcome
from zppo.evals.respondent import Respondent
from zppo.evals.table import aligned
from zppo.rewards.thoughts import after_thoughts
from zppo.types import Prompt, Question

TASKS = {
    "aime25": "aime25",
    "gpqa_diamond": "gpqa_diamond_cot_zeroshot",
    "mmlu": "mmlu_flan_cot_zeroshot",
    "mmlu_pro": "mmlu_pro",
    "mmlu_redux": "mmlu_redux_generative",
}
"""lm-eval's task for each benchmark. `ceval-valid` compares likelihoods; lm-eval lacks the other benchmarks."""


@dataclass(frozen=True)
class Check:
    """One number of lm-eval for a benchmark: `metric` with the filter that read the answers; `score` in 0..100."""

    slug: str
    task: str
    metric: str
    score: float
    items: int


class Bridge(LM):
    """Adapter from lm-eval's requests to a respondent. Thoughts are removed, and the text from a stop text on."""

    def __init__(self, respondent: Respondent) -> None:
        super().__init__()
        self._respondent = respondent

    def generate_until(self, requests: Sequence[Any]) -> list[str]:
        texts: list[str] = []
        for start in range(0, len(requests), self._respondent.batch):
            batch = requests[start : start + self._respondent.batch]
            groups = self._respondent.answer("lm-eval", [_prompt(r, start + i) for i, r in enumerate(batch)])
            if not all(group.rollouts for group in groups):
                raise EngineError("lm-eval: some responses never came; try again when the server is there")
            said = (after_thoughts(group.rollouts[0].whole) for group in groups)
            texts += [_cut(text, request.args[1]["until"]) for text, request in zip(said, batch, strict=True)]
        return texts

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        raise EngineError("lm-eval: a task that compares likelihoods cannot be asked of a respondent")

    def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[float]:
        raise EngineError("lm-eval: a task that measures likelihoods cannot be asked of a respondent")


def cross_check(
    respondent: Respondent, benchmark: Benchmark, data: Path | None = None, limit: int | None = None
) -> list[Check]:
    """Scores of lm-eval for a benchmark in `TASKS`.

    Its data come from the Hub; with `data`, from `data/lm_eval/<task>`, a folder that `datasets` can read, with the
    configs that the tasks of a group need. `limit` counts documents per task, of which a group has several. Raises
    DataError when the data cannot be read.
    """
    task = TASKS[benchmark.slug]
    folder = data / "lm_eval" / task if data else None
    if folder and not folder.is_dir():
        raise DataError(f"{folder} is not there; put the data of lm-eval's task {task} in it, or leave out --data")
    options: dict[str, Any] = {"limit": limit, "bootstrap_iters": 0, "log_samples": False}
    try:
        found = simple_evaluate(
            Bridge(respondent),
            tasks=[_reading(task, folder) if folder else task],
            task_manager=_task_manager(),
            **options,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"lm-eval's task {task} cannot be run ({error})") from error
    return _checks(benchmark.slug, task, found)


def side_by_side(checks: Sequence[Check], outcomes: Sequence[Outcome]) -> str:
    """One line per number of lm-eval, beside our own score."""
    ours = {outcome.slug: outcome for outcome in outcomes}
    rows = [["benchmark", "lm-eval's task and metric", "items", "lm-eval", "items", "ours"]]
    for check in checks:
        own = ours.get(check.slug)
        beside = [str(own.items), f"{own.score:.1f}"] if own else ["–", "–"]
        rows.append([check.slug, f"{check.task} {check.metric}", str(check.items), f"{check.score:.1f}", *beside])
    return aligned(rows, left=2)


@cache
def _task_manager() -> TaskManager:
    """The task index of lm-eval; reads thousands of files."""
    return TaskManager()


def _reading(task: str, folder: Path) -> Any:
    """A task, or a group with all its tasks, that reads `folder`: its own options can be changed for a task only."""
    index = _task_manager().task_index
    return TaskFactory().build(index[task], overrides={"dataset_path": str(folder)}, registry=index)


def _prompt(request: Any, number: int) -> Prompt:
    context: str = request.args[0]
    return Prompt("plain", Question(f"{request.task_name}/{number}", context, ""), context)


def _checks(slug: str, task: str, found: Any) -> list[Check]:
    """The mean over all items of each metric. Groups aggregate only some metrics, possibly not those of their tasks."""
    sizes = {name: counted["effective"] for name, counted in found["n-samples"].items()}
    values: dict[str, dict[str, float]] = {}
    for name in sizes:
        for metric, value in found["results"][name].items():
            if "," in metric and "_stderr" not in metric and isinstance(value, float | int):
                values.setdefault(metric, {})[name] = value
    return [
        Check(slug, task, metric.replace(",", " "), 100 * _mean(by_task, sizes), sum(sizes[name] for name in by_task))
        for metric, by_task in values.items()
    ]


def _mean(values: Mapping[str, float], sizes: Mapping[str, int]) -> float:
    return float(sum(value * sizes[name] for name, value in values.items()) / sum(sizes[name] for name in values))


def _cut(text: str, stops: Sequence[str] | str) -> str:
    """The text up to the first of the stop texts."""
    ends = [text.find(stop) for stop in ([stops] if isinstance(stops, str) else stops) if stop in text]
    return text[: min(ends)] if ends else text
