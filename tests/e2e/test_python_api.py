"""The trainer as a library: few lines to train, every metric there, and numbers that the dump confirms."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import torch
from datasets import Dataset
from texts import Offline
from tinyrun import STEPS, UPDATES, luck, rows, trainer, write_recipe
from transformers import TrainerCallback

from zppo import JudgeConfig, SamplingConfig, StudentConfig, TeacherConfig, ZoneConfig, ZPPOConfig, ZPPOTrainer
from zppo.errors import ConfigError, DataError, RewardError, TeacherError
from zppo.rewards.judge import Judge
from zppo.rewards.routing import RoutedVerdict
from zppo.training.update import PolicyUpdate
from zppo.zone.prompts import Templates

pytestmark = pytest.mark.slow

PER_STEP = [
    *[f"accuracy/{kind}" for kind in ("plain", "replayed", "bcq", "ncq", "teacher")],
    *[f"zone/{kind}_prompts" for kind in ("plain", "replayed", "bcq", "ncq")],
    *[f"zone/{name}" for name in ("hard_fraction", "bcq_eligible", "ncq_eligible", "trivial_groups")],
    *[f"zone/{name}" for name in ("positive_advantages", "unscored", "compressions_failed")],
    *[f"loss/{name}" for name in ("policy", "clip_low", "clip_high", "clip_dual", "entropy", "grad_norm")],
    "loss/learning_rate",
    *[f"response/{name}" for name in ("tokens_mean", "tokens_max", "truncated")],
    *[f"buffer/{name}" for name in ("size", "admitted", "graduated", "evicted")],
    *[f"buffer/{name}_total" for name in ("admitted", "graduated", "evicted")],
    *[f"time/{name}" for name in ("rollout", "teacher", "verdict", "update")],
    *[f"tokens/{name}" for name in ("student", "teacher", "gradient", "student_total")],
]
"""Method section 9, "per step"."""


def small(folder: Path, **options: Any) -> ZPPOConfig:
    defaults: dict[str, Any] = {
        "rollout_steps": 2,
        "zone": ZoneConfig(new_questions=4, group_size=4, teacher_samples=2, augment_fraction=0.5, updates=2),
        "sampling": SamplingConfig(max_tokens=5),
        "student": StudentConfig(dtype="float32"),
        "teacher": TeacherConfig(dtype="float32", compression="none"),
    }
    return ZPPOConfig(output_dir=str(folder / "run"), use_cpu=True, disable_tqdm=True, **defaults | options)


def dump(run: Path, step: int) -> list[dict[str, Any]]:
    text = (run / "rollouts" / f"step-{step:06d}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def metrics(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]


class Record(TrainerCallback):
    """What a tracker such as TensorBoard would be given."""

    def __init__(self) -> None:
        self.logs: list[dict[str, Any]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        self.logs.append(dict(logs))


def test_ten_lines_train_a_student(student_folder: Path, tmp_path: Path) -> None:
    record = Record()
    run = ZPPOTrainer(
        model=student_folder,
        teacher=str(student_folder),
        reward_funcs=luck,
        train_dataset=Dataset.from_list(rows(8)),
        eval_dataset=rows(2, 20),
        args=small(tmp_path),
        callbacks=[record],
    )
    before = {n: p.clone() for n, p in run.model.named_parameters()}
    output = run.train()
    assert output.global_step == 4
    assert all(not torch.equal(p, before[n]) for n, p in run.model.named_parameters() if "norm" not in n)
    logged = metrics(tmp_path / "run")
    assert [row.pop("step") for row in logged] == [1, 2]
    assert "<html" in (tmp_path / "run" / "report.html").read_text("utf-8")
    told = [log for log in record.logs if "loss/policy" in log]
    assert [{k: v for k, v in log.items() if k in row} for log, row in zip(told, logged, strict=True)] == logged


def test_a_loaded_model_is_trained_itself(
    student_folder: Path, new_model: Callable[..., Any], tokenizer: Any, tmp_path: Path
) -> None:
    model = new_model(seed=4)
    weights = model.lm_head.weight.clone()
    run = ZPPOTrainer(
        model=model,
        teacher=student_folder,
        reward_funcs=[luck],
        train_dataset=rows(4),
        args=small(tmp_path, rollout_steps=1),
        processing_class=tokenizer,
    )
    run.train()
    assert run.model is model and not torch.equal(model.lm_head.weight, weights)


def test_the_teacher_is_read_once_and_never_trained(student_folder: Path, new_model: Any, tmp_path: Path) -> None:
    teacher = new_model(seed=9)
    teacher.name_or_path = str(student_folder)
    before = {n: p.clone() for n, p in teacher.named_parameters()}
    run = ZPPOTrainer(student_folder, teacher, luck, rows(4), args=small(tmp_path, learning_rate=1e-2))
    assert run.parts.teachers[0].engine.engine.model is teacher  # type: ignore[attr-defined]
    run.train()
    assert all(torch.equal(p, before[n]) and not p.requires_grad for n, p in teacher.named_parameters())


def test_a_reward_function_sees_token_ids_and_the_state_of_the_trainer_and_may_log(
    student_folder: Path, tmp_path: Path
) -> None:
    steps = []

    def talkative(
        prompts: Any,
        completions: Any,
        completion_ids: Any,
        trainer_state: Any,
        log_extra: Any,
        log_metric: Any,
        **_: Any,
    ) -> list[float | None]:
        steps.append(trainer_state.global_step)
        log_extra("ids", [len(ids) for ids in completion_ids])
        log_metric("half", 0.5)
        return luck(prompts, completions)

    ZPPOTrainer(student_folder, student_folder, talkative, rows(4), args=small(tmp_path)).train()
    assert set(steps) == {0, 2}, "two updates a step"
    for row in (row for step in (1, 2) for row in dump(tmp_path / "run", step)):
        assert all(rollout["notes"] == {"ids": rollout["tokens"]} for rollout in row["rollouts"])
    assert [row["reward/half"] for row in metrics(tmp_path / "run")] == [0.5, 0.5]


def test_a_teacher_may_be_anything_that_responds(student_folder: Path, tmp_path: Path) -> None:
    lender = trainer(write_recipe(tmp_path, student_folder), tmp_path / "other")
    calls = []

    class Spy:
        def respond(self, questions: Any, n: int, sampling: Any) -> Any:
            calls.append(len(questions))
            asked = [lender.parts.teachers[0].submit(question, n, sampling) for question in questions]
            return [future.result() for future in asked]

    ZPPOTrainer(student_folder, Spy(), luck, rows(4), args=small(tmp_path, rollout_steps=1)).train()
    assert len(calls) == 1
    with pytest.raises(TeacherError, match=r"Spy cannot rewrite responses; set teacher\.compression"):
        ZPPOTrainer(student_folder, Spy(), luck, rows(4), args=small(tmp_path, teacher=TeacherConfig()))


def test_unscored_rollouts_have_no_part_in_means_and_advantages(student_folder: Path, tmp_path: Path) -> None:
    def reward(prompts: list[str], completions: list[str], **columns: Any) -> list[float | None]:
        return [None if i % 3 == 0 else float(i % 2) for i in range(len(completions))]

    args = small(tmp_path, method="grpo", rollout_steps=1)
    ZPPOTrainer(student_folder, None, reward, rows(4), args=args).train()
    rollouts = [r for g in dump(tmp_path / "run", 1) for r in g["rollouts"]]
    assert metrics(tmp_path / "run")[0]["zone/unscored"] == sum(r["reward"] is None for r in rollouts) == 6
    assert all(r["advantage"] == 0 for r in rollouts if r["reward"] is None)
    for group in dump(tmp_path / "run", 1):
        scored = [r["reward"] for r in group["rollouts"] if r["reward"] is not None]
        assert group["accuracy"] == pytest.approx(fmean(scored))


@pytest.mark.parametrize("own", [False, True])
def test_free_form_answers_are_put_to_a_judge_which_may_be_the_teacher(
    own: bool, student_folder: Path, tmp_path: Path
) -> None:
    options = {"judge": JudgeConfig(model=str(student_folder), max_tokens=4)} if own else {}
    args = small(tmp_path, method="grpo", rollout_steps=1, **options)
    questions = [row | {"answer_type": "free"} for row in rows(4)]
    trained = ZPPOTrainer(student_folder, None if own else student_folder, None, questions, args=args)
    trained.train()
    [row] = metrics(tmp_path / "run")
    assert row["judge/calls"] == row["judge/malformed"] > 0, "the tiny model speaks no JSON"
    assert row["judge/cut_off"] > 0, "and does not come to an end"
    assert row["judge/unreachable"] == row["grader/calls"] == row["zone/unscored"] == 0
    assert bool(trained.parts.teachers) is not own
    assert row["judge/tokens"] > 0 and row["judge/prompt_tokens"] > 0
    size = sum(p.numel() for p in trained.model.parameters())
    assert row["flops/judge"] == 2 * size * (row["judge/tokens"] + row["judge/prompt_tokens"])


def test_rollouts_whose_judge_cannot_be_reached_are_unscored_and_counted(student_folder: Path, tmp_path: Path) -> None:
    verdict = RoutedVerdict(judge=Judge(Offline(), Templates.load()))
    questions = [row | {"answer_type": "free"} for row in rows(4)]
    args = small(tmp_path, method="grpo", rollout_steps=1, seed=1)  # with it no response is empty, which needs no judge
    ZPPOTrainer(student_folder, None, verdict, questions, questions[:2], args=args).train()
    [row] = metrics(tmp_path / "run")
    assert 0 < row["judge/unreachable"] <= row["zone/unscored"] <= 16 and row["eval/judge_unreachable"] > 0
    assert row["eval/unscored"] == 2 and "eval/overall" not in row
    summary = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))
    assert summary["accuracy_after"]["overall"] is None and summary["judge_tokens"] == 0
    assert "accuracy/plain" not in row and row["zone/hard_fraction"] == 0
    assert not any(r["advantage"] for g in dump(tmp_path / "run", 1) for r in g["rollouts"])


def test_a_reward_function_that_breaks_its_contract_is_named(student_folder: Path, tmp_path: Path) -> None:
    def too_short(prompts: list[str], completions: list[str], **columns: Any) -> list[float]:
        return [1.0]

    with pytest.raises(RewardError, match="too_short"):
        ZPPOTrainer(student_folder, None, too_short, rows(4), args=small(tmp_path, method="grpo")).train()


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"train_dataset": []}, DataError, "train_dataset: there are no rows"),
        ({"train_dataset": rows(3)}, DataError, "there are 3 training questions"),
        (
            {"train_dataset": [{"prompt": "?", "answer": ""}], "reward_funcs": None},
            DataError,
            "train_dataset, row 1: there is no answer",
        ),
        ({"train_dataset": None}, DataError, "there is no training data; pass train_dataset=... or set data.train"),
        ({"model": None}, ConfigError, "there is no student; pass model=... or set student.model"),
        ({"teacher": None}, TeacherError, "set teacher.model"),
        ({"model": 5}, ConfigError, "student.model: a folder, a Hub name or a loaded model is needed, not int"),
        ({"reward_funcs": "luck"}, ConfigError, "a reward function must be callable, not 'luck'"),
    ],
)
def test_what_cannot_work_is_refused_before_weights_are_read(
    options: dict[str, Any],
    error: type[Exception],
    problem: str,
    student_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("zppo.training.trainer.load_model", lambda *a: pytest.fail("weights were read"))
    good = {"model": student_folder, "teacher": student_folder, "reward_funcs": luck, "train_dataset": rows(4)}
    with pytest.raises(error, match=re.escape(problem)):
        ZPPOTrainer(**good | options, args=small(tmp_path))  # type: ignore[arg-type]


def test_a_second_run_in_the_same_directory_is_refused(student_folder: Path, tmp_path: Path) -> None:
    args = small(tmp_path, method="grpo", rollout_steps=1)
    ZPPOTrainer(student_folder, None, luck, rows(4), args=args).train()
    before = metrics(tmp_path / "run")
    with pytest.raises(Exception, match="already holds a run of this config"):
        ZPPOTrainer(student_folder, None, luck, rows(4), args=args).train()
    assert metrics(tmp_path / "run") == before


@pytest.mark.parametrize("updates", [1, 2, 4])
def test_logprobs_of_the_sampling_policy_are_computed_for_later_minibatches_only(
    updates: int, student_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered, trained = [], []
    remember, accumulate = PolicyUpdate.remember_policy, PolicyUpdate.accumulate

    def spy_remember(self: Any, model: Any, minibatch: Any) -> None:
        remembered.append(minibatch)
        remember(self, model, minibatch)

    def spy_accumulate(self: Any, model: Any, minibatch: Any, backward: Any) -> Any:
        trained.append((minibatch, {self.old.known(r) is not None for _, r in minibatch if r.advantage}))
        return accumulate(self, model, minibatch, backward)

    monkeypatch.setattr(PolicyUpdate, "remember_policy", spy_remember)
    monkeypatch.setattr(PolicyUpdate, "accumulate", spy_accumulate)
    zone = ZoneConfig(new_questions=4, group_size=4, updates=updates)
    args = small(tmp_path, method="grpo", rollout_steps=1, zone=zone)
    ZPPOTrainer(student_folder, None, luck, rows(4), args=args).train()
    assert [minibatch for minibatch, _ in trained[1:]] == remembered
    assert trained[0][1] <= {False} and all(known <= {True} for _, known in trained[1:])
    assert any(known for _, known in trained)


def test_an_update_without_signal_decays_and_remembers_like_a_zero_gradient(
    student_folder: Path, tmp_path: Path
) -> None:
    """All rewards equal from the second step on: AdamW goes on with momentum and weight decay."""
    calls = []

    def reward(prompts: list[str], completions: list[str], **columns: Any) -> list[float]:
        calls.append(len(completions))
        return [float(i % 2) if len(calls) == 1 else 1.0 for i in range(len(completions))]

    snapshots: list[dict[str, torch.Tensor]] = []

    class Snap(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
            snapshots.append({n: p.detach().clone() for n, p in model.named_parameters()})

    zone = ZoneConfig(new_questions=4, group_size=4, updates=1)
    args = small(
        tmp_path, method="grpo", zone=zone, learning_rate=1e-2, weight_decay=0.5, optim="adamw_torch", max_grad_norm=0.0
    )
    run = ZPPOTrainer(student_folder, None, reward, rows(4), args=args, callbacks=[Snap()])
    gradients: dict[str, torch.Tensor] = {}
    for name, parameter in run.model.named_parameters():
        parameter.register_post_accumulate_grad_hook(
            lambda p, n=name: gradients.update({n: p.grad.clone()})  # the last call holds the whole gradient
        )
    start = {n: p.detach().clone() for n, p in run.model.named_parameters()}
    run.train()
    decayed = set(run.get_decay_parameter_names(run.model))
    copies = {n: torch.nn.Parameter(p.clone()) for n, p in start.items()}
    groups = [
        {"params": [p for n, p in copies.items() if n in decayed], "weight_decay": 0.5},
        {"params": [p for n, p in copies.items() if n not in decayed], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-2)
    for step in range(2):
        for name, parameter in copies.items():
            parameter.grad = gradients[name] if step == 0 else torch.zeros_like(parameter)
        optimizer.step()
        for name, parameter in copies.items():
            torch.testing.assert_close(snapshots[step][name], parameter.detach(), atol=1e-6, rtol=1e-5)
    assert not torch.equal(snapshots[1]["lm_head.weight"], snapshots[0]["lm_head.weight"])
    rows_logged = metrics(tmp_path / "run")
    assert [row["loss/grad_norm"] > 0 for row in rows_logged] == [True, False]
    assert rows_logged[1]["zone/trivial_groups"] == 1.0


def test_every_metric_of_the_method_is_in_every_row(straight_run: Path) -> None:
    logged = metrics(straight_run)
    assert len(logged) == STEPS
    always = [name for name in PER_STEP if name not in ("accuracy/replayed", "accuracy/bcq", "accuracy/ncq")]
    for row in logged:
        assert [name for name in always if name not in row] == []
        for kind in ("replayed", "bcq", "ncq"):
            assert (f"accuracy/{kind}" in row) == bool(row[f"zone/{kind}_prompts"])
    assert {name for row in logged for name in row} >= set(PER_STEP)
    assert [row["step"] for row in logged if "eval/overall" in row] == [2, 4, 5]


def test_metrics_agree_with_the_dumped_rollouts(straight_run: Path) -> None:
    total = 0
    for row in metrics(straight_run):
        groups = dump(straight_run, row["step"])
        rollouts = [r for g in groups for r in g["rollouts"]]
        for kind in ("plain", "replayed", "bcq", "ncq"):
            of_kind = [g for g in groups if g["kind"] == kind]
            assert row[f"zone/{kind}_prompts"] == len(of_kind)
            if of_kind:
                scored = [[r["reward"] for r in g["rollouts"] if r["reward"] is not None] for g in of_kind]
                assert row[f"accuracy/{kind}"] == pytest.approx(fmean(fmean(rewards) for rewards in scored if rewards))
        plain = [g for g in groups if g["kind"] in ("plain", "replayed")]
        assert row["zone/hard_fraction"] == pytest.approx(fmean(g["accuracy"] < 0.5 for g in plain))
        trivial = [len({r["reward"] for r in g["rollouts"]} - {None}) < 2 for g in groups]
        assert row["zone/trivial_groups"] == pytest.approx(fmean(trivial))
        assert row["zone/positive_advantages"] == pytest.approx(fmean(r["advantage"] > 0 for r in rollouts))
        assert row["response/tokens_mean"] == pytest.approx(fmean(r["tokens"] for r in rollouts))
        assert row["response/truncated"] == pytest.approx(fmean(r["finish_reason"] == "length" for r in rollouts))
        assert row["tokens/student"] == sum(r["tokens"] for r in rollouts)
        assert row["tokens/gradient"] == sum(r["tokens"] for r in rollouts if r["advantage"])
        total += row["tokens/student"]
        assert row["tokens/student_total"] == total


def test_the_reported_loss_is_that_of_an_on_policy_step(student_folder: Path, tmp_path: Path) -> None:
    """With one update per step every ratio is 1: the loss is minus the token mean of the advantages."""
    zone = ZoneConfig(new_questions=4, group_size=4, updates=1)
    args = small(tmp_path, method="grpo", zone=zone, learning_rate=1e-2)
    ZPPOTrainer(student_folder, None, luck, rows(8), args=args).train()
    for row in metrics(tmp_path / "run"):
        rollouts = [r for g in dump(tmp_path / "run", row["step"]) for r in g["rollouts"]]
        mean = sum(r["tokens"] * r["advantage"] for r in rollouts) / sum(r["tokens"] for r in rollouts)
        assert row["loss/policy"] == pytest.approx(-mean, abs=1e-5)


def test_summary_adds_up(straight_run: Path) -> None:
    summary = json.loads((straight_run / "summary.json").read_text("utf-8"))
    logged = metrics(straight_run)
    assert summary["rollout_steps"] == STEPS and summary["method"] == "zppo"
    assert summary["student_tokens"] == sum(row["tokens/student"] for row in logged)
    assert summary["gradient_tokens"] == sum(row["tokens/gradient"] for row in logged)
    assert summary["buffer_size"] == logged[-1]["buffer/size"]
    assert sum(summary["graduated"].values()) == logged[-1]["buffer/graduated_total"]
    assert summary["accuracy_after"]["overall"] == logged[-1]["eval/overall"]
    assert summary["evaluations"][-1]["step"] == STEPS
    checkpoint = straight_run / "checkpoints" / f"checkpoint-{STEPS}"
    assert json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))["global_step"] == STEPS * UPDATES


def test_rows_without_answers_are_scored_by_reward_functions_alone(student_folder: Path, tmp_path: Path) -> None:
    unanswered = [{"prompt": row["prompt"], "style": "short"} for row in rows(8)]

    def brevity(completions: list[str], style: list[str], **columns: Any) -> list[float]:
        assert set(style) == {"short"}
        return [float(len(said) < 8) for said in completions]

    given: dict[str, Any] = {"model": str(student_folder), "train_dataset": unanswered, "eval_dataset": unanswered}
    trainer = ZPPOTrainer(**given, reward_funcs=brevity, args=small(tmp_path, method="grpo+replay", rollout_steps=1))
    trainer.train()
    assert metrics(tmp_path / "run")[-1]["reward/brevity"] > 0
    with pytest.raises(DataError, match="no row has a column `answer` or `ground_truth` or `solution`"):
        ZPPOTrainer(**given, args=small(tmp_path, method="grpo"))
