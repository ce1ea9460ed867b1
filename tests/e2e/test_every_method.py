"""Every method trains, stops and resumes as its users would run it, and says what it did."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tinyrun import differences, luck, result, rows, trainer, write_recipe
from transformers import TrainerCallback

from zppo import SamplingConfig, StudentConfig, TeacherConfig, UpdateConfig, ZoneConfig, ZPPOConfig, ZPPOTrainer
from zppo.errors import TeacherError
from zppo.types import Group, Prompt, Question, Rollout, Sampling

pytestmark = pytest.mark.slow

NEW = ("hint", "prefix", "grpo_teacher", "off_distill", "on_distill")
ZONE: dict[str, Any] = {
    "new_questions": 4,
    "group_size": 4,
    "teacher_samples": 2,
    "augment_fraction": 0.5,
    "updates": 2,
}
TEACHER = TeacherConfig(dtype="float32", compression="none", hints="cut")


def never(prompts: Sequence[str], completions: Sequence[str], **columns: Any) -> list[float]:
    return [0.0] * len(completions)


def run_of(folder: Path, student: Any, method: str, asked: Any = None, reward: Any = luck, **more: Any) -> Any:
    """A trainer of two rollout steps whose teacher, if not `asked`, is the student's checkpoint."""
    defaults: dict[str, Any] = {
        "rollout_steps": 2,
        "zone": ZoneConfig(**ZONE),
        "sampling": SamplingConfig(max_tokens=5),
        "student": StudentConfig(dtype="float32"),
        "teacher": TEACHER,
        "learning_rate": 1e-2,
    }
    defaults |= {"output_dir": str(folder / "run"), "method": method, "use_cpu": True, "disable_tqdm": True}
    args = ZPPOConfig(**defaults | more)
    return ZPPOTrainer(student, student if asked is None else asked, reward, rows(16), rows(2, 20), args)


def logged(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("method", [*NEW, *(f"{name}+replay" for name in NEW)])
def test_a_method_moves_the_student_and_not_the_teacher(
    method: str, student_folder: Path, new_model: Any, tmp_path: Path
) -> None:
    teacher = new_model(seed=9)
    teacher.name_or_path = str(student_folder)
    frozen = {n: p.clone() for n, p in teacher.named_parameters()}
    run = run_of(tmp_path, student_folder, method, asked=teacher)
    before = {n: p.clone() for n, p in run.model.named_parameters()}
    output = run.train()
    assert output.global_step == (2 if "distill" in method else 4)
    assert all(not torch.equal(p, before[n]) for n, p in run.model.named_parameters() if "norm" not in n)
    assert all(torch.equal(p, frozen[n]) for n, p in teacher.named_parameters())
    last = logged(tmp_path)[-1]
    assert (last["buffer/admitted_total"] > 0) == method.endswith("+replay")
    assert ("loss/jsd" in last) == ("distill" in method) and ("loss/policy" in last) != ("distill" in method)


@pytest.mark.parametrize("method", [f"{name}+replay" for name in NEW])
def test_a_stopped_run_of_any_method_goes_on_as_if_it_had_not_been(
    method: str, student_folder: Path, tmp_path: Path
) -> None:
    class Stop(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            control.should_training_stop = state.global_step == (3 if "distill" in method else 5)

    recipe = write_recipe(tmp_path, student_folder, method=method, teacher={"hints": "cut"})
    trainer(recipe, tmp_path / "straight").train()
    trainer(recipe, tmp_path / "stopped", callbacks=[Stop()]).train()
    trainer(recipe, tmp_path / "stopped").train(resume_from_checkpoint=True)
    straight, stopped = (result(tmp_path / name) for name in ("straight", "stopped"))
    assert differences(stopped, straight) == []


def test_a_student_that_is_its_own_teacher_has_nothing_to_distil(student_folder: Path, tmp_path: Path) -> None:
    run_of(tmp_path, student_folder, "on_distill").train()
    first = logged(tmp_path)[0]
    assert first["loss/jsd"] == pytest.approx(0, abs=1e-7) and first["loss/agreement"] == 1.0
    assert first["tokens/gradient"] == first["tokens/student"] > 0


def test_off_policy_distillation_without_a_right_response_trains_nothing(student_folder: Path, tmp_path: Path) -> None:
    run_of(tmp_path, student_folder, "off_distill", reward=never).train()
    for row in logged(tmp_path):
        assert (row["tokens/gradient"], row["loss/jsd"], row["loss/grad_norm"]) == (0, 0, 0)


def test_dynamic_sampling_survives_a_run_in_which_everything_is_wrong(student_folder: Path, tmp_path: Path) -> None:
    run_of(tmp_path, student_folder, "zppo", reward=never, zone=ZoneConfig(**ZONE, dynamic_sampling=True)).train()
    for row in logged(tmp_path):
        prompts = sum(row[f"zone/{kind}_prompts"] for kind in ("plain", "replayed", "bcq", "ncq"))
        assert row["zone/groups_left_out"] == prompts
        assert (row["tokens/gradient"], row["loss/grad_norm"]) == (0, 0)


@pytest.mark.parametrize("updates", [1, 4, 8, 16])
def test_a_step_feeds_as_many_updates_as_asked(updates: int, student_folder: Path, tmp_path: Path) -> None:
    zone = ZoneConfig(**ZONE | {"new_questions": 16, "updates": updates})
    output = run_of(tmp_path, student_folder, "grpo", rollout_steps=1, zone=zone).train()
    assert output.global_step == updates


@pytest.mark.parametrize("aggregation", ["token", "sequence", "constant"])
def test_the_loss_of_an_on_policy_step_is_the_chosen_mean(
    aggregation: Any, student_folder: Path, tmp_path: Path
) -> None:
    """Every ratio is 1, so the loss is minus a mean of the advantages."""
    zone = ZoneConfig(**ZONE | {"updates": 1})
    run_of(tmp_path, student_folder, "grpo", zone=zone, update=UpdateConfig(aggregation=aggregation)).train()
    for row in logged(tmp_path):
        dump = (tmp_path / "run" / "rollouts" / f"step-{row['step']:06d}.jsonl").read_text("utf-8").splitlines()
        rollouts = [(r["tokens"], r["advantage"]) for line in dump for r in json.loads(line)["rollouts"]]
        total = sum(advantage * (1 if aggregation == "sequence" else tokens) for tokens, advantage in rollouts)
        count = {
            "token": sum(tokens for tokens, _ in rollouts),
            "sequence": len(rollouts),
            "constant": 5 * len(rollouts),
        }
        assert row["loss/policy"] == pytest.approx(-total / count[aggregation], abs=1e-5)


class Fixed:
    """A teacher that says one thing."""

    def __init__(self, text: str) -> None:
        self.text, self.asked = text, []

    def respond(self, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
        self.asked.append([q.id for q in questions])
        return [Group(Prompt("plain", q, q.text), [Rollout([1], self.text) for _ in range(n)]) for q in questions]


def test_a_second_teacher_is_asked_what_the_first_did_not_solve(student_folder: Path, tmp_path: Path) -> None:
    def by_word(prompts: Sequence[str], completions: Sequence[str], **columns: Any) -> list[float]:
        return [float("good" in c or ("fair" in c and "2" in p)) for p, c in zip(prompts, completions, strict=True)]

    cheap, dear, never = Fixed("fair"), Fixed("good"), Fixed("unasked")
    run_of(tmp_path, student_folder, "zppo", asked=[cheap, dear, never], reward=by_word, rollout_steps=1).train()
    ((first,), (second,)) = cheap.asked, dear.asked
    assert len(first) == 4 and never.asked == []
    assert second == [q for q in first if "2" not in q]
    assert 0 < len(second) < len(first)


@pytest.mark.parametrize("method", ["on_distill", "off_distill+replay"])
def test_a_teacher_without_distributions_is_refused(method: str, student_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match=rf"method '{method[:3]}.*' needs token distributions, which Fixed has not"):
        run_of(tmp_path, student_folder, method, asked=Fixed("x"))


def test_a_teacher_that_only_talks_cannot_write_hints(student_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match=r"Fixed cannot rewrite responses; .* teacher\.hints to cut"):
        run_of(tmp_path, student_folder, "hint", asked=Fixed("x"), teacher=TeacherConfig(compression="none"))


def test_distillation_runs_in_mixed_precision(student_folder: Path, new_model: Any, tmp_path: Path) -> None:
    teacher = new_model(seed=9)
    teacher.name_or_path = str(student_folder)
    run_of(tmp_path, student_folder, "on_distill", asked=teacher, bf16=True).train()
    assert all(0 < row["loss/jsd"] < 0.7 for row in logged(tmp_path))


def test_imitation_shows_its_drift(student_folder: Path, new_model: Any, tmp_path: Path) -> None:
    def teacher_only(prompts: Sequence[str], completions: Sequence[str], **columns: Any) -> list[float]:
        return [0.0] * len(completions) if len(completions) == 16 else [1.0] * len(completions)

    teacher = new_model(seed=9)
    teacher.name_or_path = str(student_folder)
    run_of(tmp_path, student_folder, "grpo_teacher", asked=teacher, reward=teacher_only).train()
    first = logged(tmp_path)[0]
    assert first["imitation/rollouts"] == 4
    assert first["imitation/drift"] > 0 and first["imitation/surprise"] > first["loss/entropy"]
    assert 0 < first["imitation/off_policy"] <= 1 and first["imitation/ratio"] > 0


def test_flops_are_counted_by_what_was_read_sampled_and_trained(
    student_folder: Path, new_model: Any, tmp_path: Path
) -> None:
    teacher = new_model(seed=9, layers=("full_attention",) * 3)
    teacher.name_or_path = str(student_folder)
    run = run_of(tmp_path, student_folder, "off_distill+replay", asked=teacher)
    run.train()
    small, large = run.model.num_parameters(), teacher.num_parameters()
    total = 0.0
    for row in logged(tmp_path):
        sampled = row["tokens/student"] + row["tokens/student_prompt"]
        total += 2 * small * sampled + 6 * small * row["tokens/trained"]
        total += 2 * large * (row["tokens/teacher"] + row["tokens/teacher_prompt"] + row["tokens/teacher_forward"])
        assert row["tokens/trained"] == row["tokens/teacher_forward"] > row["tokens/gradient"] > 0
    assert small < large
    summary = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))
    assert summary["flops"] == pytest.approx(total)
    assert summary["evaluations"][0]["flops"] == 0 and summary["evaluations"][-1]["flops"] == summary["flops"]
    assert summary["evaluations"][-1]["admitted"] == summary["admitted"]
