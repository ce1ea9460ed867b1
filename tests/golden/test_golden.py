"""Golden traces: each YAML file beside this one is a scripted run with its complete outcome, reasoned from the method.

A file holds the settings, the buffer before the run, what student and teacher say in each step (by group id), and under
`expect` the outcome of each step. A bare number among the responses stands for `\\boxed{number}`. Prompts use the short
wording below unless the file says `wording: shipped`. Metrics whose value is 0, times and token counts are left out.

Where the method leaves an outcome to chance (draws, ties, order of a BCQ's candidates, minibatches) the file pins the
one of its seed, and a comment says so.

Changed the algorithm on purpose? Print the outcome of a file, compare it with its `expect`, and reason the difference:

    python tests/golden/test_golden.py tests/golden/NAME.yaml
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.base import Rewriter
from zppo.engines.local import LocalText
from zppo.engines.scripted import ByteRenderer, ScriptedEngine
from zppo.methods import Method, parse_method
from zppo.rewards.boxed import last_boxed
from zppo.rollout.worker import Parts
from zppo.step import rollout_step
from zppo.teacher.compression import teacher_compression
from zppo.teacher.hints import cut_hints, teacher_hints
from zppo.teacher.model import ModelTeacher
from zppo.teacher.rewriting import keep_whole
from zppo.types import Group, Question, Sampling, StepBatch
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer, Refresh
from zppo.zone.streams import Streams

FILES = sorted(Path(__file__).parent.glob("*.yaml"))
BYTES = ByteRenderer()
SHORT_WORDING = {
    "closer": "[box it]",
    "plain": "{question} {closer}",
    "bcq": "{question} One right, one wrong:\n{candidates}\n{closer}",
    "ncq": "{question} All wrong: {wrong_answers}\n{candidates}\n{closer}",
    "hint": "{question} {hint} {closer}",
    "compress": "{response}",
    "write_hint": "{response}",
}


class RecordingBuffer(PromptReplayBuffer):
    """Remembers what its latest refresh changed."""

    latest = Refresh((), (), ())

    def refresh(self, plain: Any, tau: float) -> Refresh:
        self.latest = super().refresh(plain, tau)
        return self.latest


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_golden_trace(file: Path) -> None:
    scenario = yaml.safe_load(file.read_text("utf-8"))
    found = list(differences(scenario["expect"], play(scenario)))
    hint = f"print the actual outcome with: python tests/golden/test_golden.py {file}"
    assert not found, "\n".join([f"{file.name}: {scenario['about'].strip()}", *found, hint])


def test_a_changed_number_is_a_difference() -> None:
    scenario = yaml.safe_load(FILES[0].read_text("utf-8"))
    actual = play(scenario)
    actual[0]["groups"][0]["advantages"][0] += 1e-9
    assert [line.split(":")[0] for line in differences(scenario["expect"], actual)] == ["[0].groups[0].advantages[0]"]


def play(scenario: dict[str, Any]) -> list[dict[str, Any]]:
    """The outcome of every step, in the shape of `expect`."""
    questions = {i: Question(i, **_question(i, q)) for i, q in scenario["questions"].items()}
    zone = ZoneConfig(**scenario["zone"], new_questions=len(scenario["steps"][0]["new"]))
    buffer = RecordingBuffer(zone.buffer_size)
    _fill(buffer, [(questions[e["id"]], e["entry"]) for e in scenario.get("buffer", [])])
    speakers = ["student", "teacher"] + ["second teacher"] * any("second teacher" in s for s in scenario["steps"])
    student, *teachers = engines = [_engine(scenario["steps"], who) for who in speakers]
    parts = _parts(scenario, student, teachers)
    outcome = []
    for number, step in enumerate(scenario["steps"]):
        buffer.latest = Refresh((), (), ())
        new, streams = [questions[i] for i in step["new"]], Streams(scenario["seed"], number)
        batch = rollout_step(new, buffer, parts, zone, SamplingConfig(), streams)
        outcome.append(_outcome(batch, buffer))
    for name, engine in zip(speakers, engines, strict=True):
        scripted = Counter(uid for step in scenario["steps"] for uid in step.get(name, ()))
        asked = Counter(p.uid if name == "student" else p.question.id for p in engine.prompts)
        assert asked == scripted, f"scripted for the {name}, but never asked for: {sorted(scripted - asked)}"
    return outcome


def differences(expected: Any, actual: Any, at: str = "") -> Iterator[str]:
    """One line for each place where the outcome is another one; floats may differ by 1e-12."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in dict.fromkeys([*expected, *actual]):
            yield from differences(expected.get(key, "(absent)"), actual.get(key, "(absent)"), f"{at}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for i, (e, a) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(e, a, f"{at}[{i}]")
    elif isinstance(expected, int | float) and isinstance(actual, int | float):
        if abs(expected - actual) > 1e-12:
            yield f"{at}: expected {expected}, got {actual}"
    elif expected != actual:
        yield f"{at}: expected {expected!r}, got {actual!r}"


def _question(question_id: str, given: Any) -> dict[str, str]:
    return given if isinstance(given, dict) else {"text": f"{question_id}?", "answer": str(given)}


def _fill(buffer: PromptReplayBuffer, entries: Sequence[tuple[Question, float]]) -> None:
    state = buffer.state_dict()
    for question, accuracy in entries:
        row = {"id": question.id, "text": question.text, "entry_accuracy": accuracy, "entry_step": 0, "outcomes": []}
        state["entries"].append(row)
    buffer.load_state_dict(state, {question.id: question for question, _ in entries}.get)


def _engine(steps: list[dict[str, Any]], who: str) -> ScriptedEngine:
    """The script by group id; the visits of a group id are the steps that mention it. The teacher is asked plainly."""
    table: dict[str, list[list[str]]] = defaultdict(list)
    for step in steps:
        for uid, responses in step.get(who, {}).items():
            key = uid if who == "student" else f"{uid}/plain"
            table[key].append([r if isinstance(r, str) else f"\\boxed{{{r}}}" for r in responses])
    return ScriptedEngine.from_table(table)


def _parts(scenario: dict[str, Any], student: ScriptedEngine, teachers: list[ScriptedEngine]) -> Parts:
    shipped = scenario.get("wording") == "shipped"
    templates = Templates.load() if shipped else Templates(SHORT_WORDING)
    method = parse_method(scenario["method"])
    rewriter = _rewriter(scenario, method, templates)
    models = [ModelTeacher(LocalText(teacher, BYTES), templates) for teacher in teachers]
    return Parts(method, student, BYTES, verdict, models, rewriter, templates)


def _rewriter(scenario: dict[str, Any], method: Method, templates: Templates) -> Rewriter:
    """`written` lists what the teacher writes for each text, try by try."""
    hints = method.writes == "hints"
    if "written" not in scenario:
        return cut_hints if hints else keep_whole
    tries = {text: iter(written) for text, written in scenario["written"].items()}
    writer = ScriptedEngine(lambda prompt, n, visit: [next(tries[prompt.text])])
    return (teacher_hints if hints else teacher_compression)(LocalText(writer, BYTES), templates, Sampling())


def verdict(questions: Iterable[Question], responses: Iterable[str]) -> list[float | None]:
    pairs = zip(questions, responses, strict=True)
    return [None if "[unscored]" in r else float(last_boxed(r) == q.answer) for q, r in pairs]


def _outcome(batch: StepBatch, buffer: RecordingBuffer) -> dict[str, Any]:
    place = {id(r): f"{g.prompt.uid}.{i}" for g in batch.groups for i, r in enumerate(g.rollouts)}
    for taught in {id(g): g for minibatch in batch.minibatches for g, _ in minibatch}.values():
        for i, r in enumerate(taught.rollouts):
            place.setdefault(id(r), f"{taught.prompt.uid} teacher.{i}")
    shown = ("zone/", "accuracy/", "buffer/", "audit/")
    return {
        "groups": [_group(g) for g in batch.groups],
        "minibatches": [[place[id(r)] for _, r in minibatch] for minibatch in batch.minibatches],
        "buffer": [
            {"id": e.question.id, "entry": e.entry_accuracy, "step": e.entry_step, "visits": list(e.outcomes)}
            for e in buffer
        ],
        "admitted": list(buffer.latest.admitted),
        "graduated": list(buffer.latest.graduated),
        "evicted": list(buffer.latest.evicted),
        "metrics": {k: v for k, v in sorted(batch.metrics.items()) if k.startswith(shown) and v},
    }


def _group(group: Group) -> dict[str, Any]:
    """`fed` and `sampled` split a response that was begun by a prefix; `injected` lists inserted responses."""
    shown: dict[str, Any] = {
        "uid": group.prompt.uid,
        "prompt": group.prompt.text,
        "rewards": [r.reward for r in group.rollouts],
        "advantages": [r.advantage for r in group.rollouts],
    }
    if group.prompt.prefix:
        shown["fed"] = bytes(token - 1 for token in group.prompt_ids).decode()
        shown["sampled"] = [bytes(token - 1 for token in r.token_ids[:-1]).decode() for r in group.rollouts]
    taught = {i: r.text for i, r in enumerate(group.rollouts) if r.injected}
    return shown | ({"injected": taught} if taught else {})


class _Dumper(yaml.SafeDumper):
    """Several lines of text stand as they are, flat lists on one line."""


_Dumper.add_representer(
    str, lambda d, text: d.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)


def main(path: str) -> None:
    outcome = play(yaml.safe_load(Path(path).read_text("utf-8")))
    print(yaml.dump({"expect": outcome}, Dumper=_Dumper, default_flow_style=None, sort_keys=False, width=100))


if __name__ == "__main__":
    main(sys.argv[1])
