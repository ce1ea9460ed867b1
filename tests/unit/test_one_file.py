"""The method in one file and the package agree on everything, in random worlds."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from hypothesis import given
from hypothesis import settings as options
from worlds import MARKER, Run, Setting, play, say, settings, shorten, verdict

from zppo.rewards.boxed import last_boxed
from zppo.zone.prompts import Templates

FILE = Path(__file__).parents[2] / "examples" / "zppo_one_file.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zppo_one_file", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


one_file = load()
TEMPLATES = Templates({**one_file.WORDING, "compress": "{response}"})
WORLD = one_file.World(
    student=lambda prompts, n, seed: [say("student", p, n, seed) for p in prompts],
    teacher=lambda prompts, n, seed: [say("teacher", p, n, seed, MARKER) for p in prompts],
    verdict=lambda question, text: verdict([question], [text])[0],
    boxed=last_boxed,
    compress=lambda candidates, seed: [shorten(c.text, seed) for c in candidates],
    fallback=lambda candidate: f"the end of {candidate.text}",
)


def one_file_settings(setting: Setting) -> object:
    zone, method = setting.zone, setting.method
    return one_file.Settings(
        replay=method.replay,
        bcq="bcq" in method.aids,
        ncq="ncq" in method.aids,
        group_size=zone.group_size,
        teacher_samples=zone.teacher_samples,
        tau=zone.tau,
        rho_replay=zone.replay_fraction,
        rho_aug=zone.augment_fraction,
        buffer_size=zone.buffer_size,
        updates=zone.updates,
        advantage=zone.advantage,
    )


def groups_of_package(run: Run) -> list[list[tuple]]:
    return [
        [(g.prompt.uid, g.prompt.text, [(r.text, r.reward, r.advantage) for r in g.rollouts]) for g in batch.groups]
        for batch in run.batches
    ]


@given(settings)
@options(max_examples=150, deadline=None)
def test_the_one_file_version_agrees_with_the_package(setting: Setting) -> None:
    run = play(setting, templates=TEMPLATES)
    buffer = one_file.Buffer(setting.zone.buffer_size)
    groups, minibatches = [], []
    for step in range(setting.steps):
        new = [one_file.Question(q.id, q.text, q.answer) for q in setting.new_questions(step)]
        done, parts = one_file.rollout_step(new, buffer, WORLD, one_file_settings(setting), setting.seed, step)
        groups.append([(g.uid, g.prompt, [(r.text, r.reward, r.advantage) for r in g.rollouts]) for g in done])
        minibatches.append([[(g.uid, r.text) for g, r in part] for part in parts])

    assert groups == groups_of_package(run)
    assert minibatches == [[[(g.prompt.uid, r.text) for g, r in m] for m in b.minibatches] for b in run.batches]
    assert list(buffer.history.items()) == [(e.question.id, [e.entry_accuracy, *e.outcomes]) for e in run.buffer]
    assert buffer.left == [(d.question_id, d.fate) for d in run.buffer.departures]


def test_the_one_file_version_imports_nothing_of_the_package() -> None:
    code = f"import sys, runpy; runpy.run_path({str(FILE)!r}); print([m for m in sys.modules if m.startswith('zppo')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_toy_student_learns_and_graduates(capsys) -> None:
    buffer = one_file.toy_run()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    assert sum(fate == "graduated" for _, fate in buffer.left) >= 10
    assert not buffer.questions
