"""`ZPPOTrainer`: transformers' Trainer fed by rollout steps.

The overridden hooks are few: the train dataloader yields minibatches of rollouts, `training_step` makes one gradient
update, and the end of a rollout step logs, evaluates and checkpoints.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PrinterCallback, ProgressCallback, Trainer
from transformers.trainer_utils import TrainOutput

from zppo.data.filters import readable
from zppo.data.order import Batch, epochs
from zppo.models.chat_template import Processing
from zppo.models.loading import called, load_model
from zppo.reports.html import write_report
from zppo.reports.progress import Progress, new_progress
from zppo.rewards.functions import RewardFunctions
from zppo.run.directory import RunDirectory
from zppo.run.drops import DropLog
from zppo.run.flops import step_flops
from zppo.run.lock import locked
from zppo.run.state import RunState
from zppo.run.summary import run_summary
from zppo.step import rollout_step
from zppo.training.arguments import ZPPOConfig
from zppo.training.evaluation import evaluate
from zppo.training.forward import fill_gradients, use_sampling_mode
from zppo.training.guard import UpdateGuard, finite
from zppo.training.loader import StepLoader, UpdateInput
from zppo.training.parts import build_parts, build_update, embedded_student, use_weights
from zppo.training.reliance import HelpReliance
from zppo.training.reopening import open_run
from zppo.training.resolve import resolve
from zppo.training.saving import publish, saving, writing
from zppo.training.stopping import EarlyStopping
from zppo.training.trackers import RolloutTables
from zppo.training.watch import AlarmLog
from zppo.training.watched import WatchedEngine, held_out_numbers, step_numbers, watched
from zppo.types import StepBatch
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.streams import Streams

logger = logging.getLogger(__name__)


class ZPPOTrainer(Trainer):
    """Trains `model` on `train_dataset` by the method named in `args`.

    Args:
        model: folder, Hub name, or a loaded causal or image-text model; None takes `args.student.model`.
        teacher: folder, Hub name, loaded model, anything with `respond`, or a list of them in order of cost; None takes
            `args.teacher.model` and its fallbacks.
        reward_funcs: one or several functions in TRL's signature; None takes `args.rewards.functions`, and without
            any scores the final answer (`args.rewards.extract`) against `answer`.
        train_dataset, eval_dataset: a `datasets.Dataset`, rows or `Question`s, or a path or Hub name (docs/data.md).
        args: the options; the run directory is `args.output_dir`.
        processing_class: the student's tokenizer or processor, if it is not beside the model.
        progress: where progress is shown; None means bars on a terminal, lines elsewhere, nothing with `disable_tqdm`.

    Raises ConfigError, DataError or TeacherError before any weights are read, if something does not fit.
    """

    args: ZPPOConfig

    def __init__(
        self,
        model: str | Path | PreTrainedModel | None = None,
        teacher: Any = None,
        reward_funcs: Any = None,
        train_dataset: Any = None,
        eval_dataset: Any = None,
        args: ZPPOConfig | None = None,
        processing_class: Processing | None = None,
        progress: Progress | None = None,
        **trainer_options: Any,
    ) -> None:
        args = args if args is not None else ZPPOConfig()
        self.progress = progress or new_progress(quiet=bool(args.disable_tqdm))
        given = model, teacher, reward_funcs, train_dataset, eval_dataset, processing_class
        run = resolve(args, self.progress, *given)
        self.scorer, self.questions, self.eval_questions = run.scorer, run.questions, run.eval_questions
        self.stopping = EarlyStopping(args.eval, len(self.eval_questions))
        self.progress.phase(f"loading student {called(run.model)}")
        student = load_model("student.model", run.model, args.student.dtype)
        uses_cache = getattr(student.config, "use_cache", None)
        super().__init__(student, args, processing_class=run.processing, **trainer_options)
        if uses_cache is not None:
            student.config.use_cache = uses_cache  # which the trainer has changed: checkpoints are for generation too
        if isinstance(self.scorer, RewardFunctions):
            self.scorer.trainer_state = lambda: self.state
        self.remove_callback(ProgressCallback)
        self.remove_callback(PrinterCallback)

        self.run_directory = RunDirectory(str(args.output_dir))
        self.drops = DropLog(self.run_directory, run.dropped)
        self.alarms = AlarmLog(args, self.run_directory)
        self.tables = RolloutTables(args.reports.rollouts_every, lambda: self.callback_handler.callbacks)
        parts = build_parts(args, student, run, self.progress)
        self.parts = replace(parts, readable=self.drops.readable)
        self._watched = watched(self.parts, self.progress)
        self.buffer = PromptReplayBuffer(args.zone.buffer_size)
        self.run_state = RunState(data=self.questions.identity, given=run.given)
        self.guard = UpdateGuard(args.learning_rate, self.run_directory.complete_checkpoints)
        self.update = build_update(args, self.parts)
        self.reliance = HelpReliance(args, embedded_student(self.parts), self.accelerator.autocast)
        self._parameters = student.num_parameters()
        self._current: StepBatch | None = None
        self._end = self.run_state.position
        self._update_began = 0.0
        self._save_wanted = False

    def train(self, resume_from_checkpoint: str | bool | None = None, **options: Any) -> TrainOutput:
        """Run all rollout steps, then write `summary.json` and `report.html` into the run directory.

        Raises BlindError instead, after a checkpoint, where `alarms.stop_when_blind` ends it.
        `resume_from_checkpoint=True` continues the run in `args.output_dir` from its newest checkpoint (from the start
        if there is none yet); a path continues from that checkpoint. Without it, the directory must not hold a run.
        """
        with self.progress, writing(self.run_directory), locked(self.run_directory.lock_file):
            return self._run(self._open(resume_from_checkpoint), **options)

    def _run(self, checkpoint: Path | None, **options: Any) -> TrainOutput:
        if checkpoint is None:
            for name, result in held_out_numbers(self._evaluate_held_out()).items():
                self.progress.show(name, result)
        else:
            step, steps = self.run_state.step + 1, self.args.rollout_steps
            self.progress.note(f"continuing from {checkpoint.name} with rollout step {step} of {steps}")
        began, before = time.perf_counter(), self.run_state.seconds
        self._clock = lambda: before + time.perf_counter() - began
        self.progress.begin("step", self.args.rollout_steps, self.run_state.step)
        output = super().train(resume_from_checkpoint=str(checkpoint) if checkpoint else None, **options)
        self._teacher_metrics({})  # what came after the last step has its price too
        if not self.alarms.ends:
            summary = run_summary(self.args.method, self.args.seed, self.run_state, self.buffer)
            self.run_directory.write_summary(summary)
        if self.run_state.step:
            self.progress.phase("writing the report")
            write_report(self.run_directory)
        self.alarms.check()
        return output

    def get_train_dataloader(self) -> StepLoader:
        args, done = self.args, self.run_state.step
        batches = epochs(self.questions, args.zone.new_questions, args.seed, readable, self.run_state.position)
        return StepLoader(
            partial(self._make_step, batches, deque()),
            args.rollout_steps - done,
            args.rollout_steps * args.updates_per_step,
        )

    def training_step(self, model: Any, inputs: dict[str, UpdateInput], num_items_in_batch: Any = None) -> torch.Tensor:
        """One gradient update's forward and backward passes."""
        use_sampling_mode(model)
        update = inputs["update"]
        with self.accelerator.autocast():  # for what a loss asks of the model beside its forward pass
            if update.index == 0:
                self.progress.phase("updates", len(update.step.minibatches), brief=True)
                self.update.before_step(model, update.step.minibatches)
            loss = self.update.accumulate(model, update.minibatch, self.accelerator.backward)
        self.guard.loss = float(loss)
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.scale(loss)  # which begins to scale, in case that no backward pass did
        fill_gradients(model, update.minibatch)
        self.progress.advance()
        return loss

    def floating_point_ops(self, inputs: dict[str, UpdateInput]) -> int:
        """6 N per trained token (forward and backward)."""
        trained = self.update.trained(inputs["update"].minibatch)
        return 6 * self._parameters * sum(len(g.prompt_ids) + len(r.token_ids) for g, r in trained)

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        """Called at every gradient update, clipped or not, before the weights move."""
        norm, scaler = super()._get_grad_norm(model, grad_norm=grad_norm), self.accelerator.scaler
        self.guard.admit(float(norm), model, self.run_state, None if scaler is None else scaler.get_scale())
        return norm

    def _maybe_log_save_evaluate(self, *args: Any, **kwargs: Any) -> None:
        """Called after every gradient update; at the last one of a rollout step, that step is finished first.

        A checkpoint that a callback asks for within a rollout step is taken at the end of that step.
        """
        self.guard.check_weights(self.model, self.run_state)
        self.state.epoch = self.state.global_step / self.state.max_steps  # of the whole run, also after a resume
        self._save_wanted |= self.control.should_save
        self.control.should_save = False
        if self.state.global_step % self.args.updates_per_step == 0:
            if self._current is not None:
                self._finish_step(self._current)
                self._current = None
            if self.alarms.ends or self.stopping.ends:
                self._save_wanted = self.control.should_training_stop = True
            self.control.should_save, self._save_wanted = self._save_wanted, False
        super()._maybe_log_save_evaluate(*args, **kwargs)

    def _get_output_dir(self, trial: Any) -> str:
        return str(self.run_directory.partial)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write the checkpoint aside, then publish it under its rollout step with one rename."""
        with saving(self.run_directory):
            super()._save_checkpoint(model, trial)
            written = self.run_directory.partial / f"checkpoint-{self.state.global_step}"
            publish(written, self.run_directory, self.args, self.run_state, self.buffer, self.stopping.kept)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """The options are saved beside the weights, without secrets."""
        given, self.args = self.args, self.args.without_secrets()
        try:
            super()._save(output_dir, state_dict)
        finally:
            self.args = given

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Read the weights through `from_pretrained`: models with experts are stored under other names than they use.

        In fp32, which holds every value exactly; a name that is missing is an error.
        """
        if not isinstance(self.model, PreTrainedModel):
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        saved = type(self.model).from_pretrained(resume_from_checkpoint, dtype=torch.float32)
        self.model.load_state_dict(saved.state_dict())

    def _open(self, resume: str | bool | None) -> Path | None:
        """Claim or reopen the run directory; the checkpoint to start from, if any."""
        given = self.run_directory, self.args, resume, self.run_state, self.buffer, self.questions.find
        checkpoint, self.run_state = open_run(*given, trained=bool(self.state.global_step or self.buffer.steps))
        self.drops.begin_run()
        return checkpoint

    def _make_step(self, batches: Iterator[Batch], upcoming: deque[Batch]) -> StepBatch:
        """The rollout step on the next batch of questions."""
        args, step = self.args, self.run_state.step
        upcoming.extend(islice(batches, 1 + max(args.teacher.ahead, 1) - len(upcoming)))
        for part in (self.update, self.guard, self.scorer):
            part.metrics()  # drops what a step that was stopped half-way has left
        new, streams = upcoming.popleft(), Streams(args.seed, step)
        self.drops.begin_step(new.dropped)
        use_weights(self.parts.student, self.model, step)
        later = [batch.questions for batch in islice(upcoming, args.rollout_steps - step - 1)]
        with self.guard.naming(self.run_state):
            batch = rollout_step(new.questions, self.buffer, self._watched, args.zone, args.sampling, streams, later)
        batch.metrics |= self.reliance.measure(batch.groups, streams.rng("reliance"))
        self._current, self._end = batch, new.end
        self._update_began = time.perf_counter()
        return batch

    def _finish_step(self, batch: StepBatch) -> None:
        """Count, log, dump, evaluate. The checkpoint, if due, follows at once."""
        state, metrics = self.run_state, batch.metrics
        metrics |= self.update.metrics() | self.guard.metrics() | self.scorer.metrics()
        metrics |= self._teacher_metrics(metrics)
        metrics["loss/learning_rate"] = self._get_learning_rate()
        metrics["time/update"] = time.perf_counter() - self._update_began
        spent = sum(metrics.get(f"time/{phase}", 0) for phase in ("rollout", "teacher", "scoring", "update"))
        metrics["time/teacher_share"] = metrics.get("time/teacher", 0) / spent
        state.step, state.position = state.step + 1, self._end
        metrics |= self.drops.end_step(state.step)
        size = next((teacher.parameters or 0 for teacher in self.parts.teachers), 0)
        state.count_step(metrics, step_flops(metrics, self._parameters, size))
        state.count_judge(metrics)
        state.seconds = self._clock()
        metrics["tokens/student_total"] = state.student_tokens
        every = self.args.eval.every
        if state.step == self.args.rollout_steps or (every and state.step % every == 0):
            metrics |= self._evaluate_held_out()
        self._save_wanted |= self.stopping.observe(state)
        metrics |= self.alarms.observe(state, batch)
        metrics = finite(metrics)
        self.run_directory.log_rollouts(state.step, batch)
        self.run_directory.log_metrics({"step": state.step, **metrics})
        self.log(dict(metrics))
        self.tables.log(state.step, self.state.global_step, batch, Streams(self.args.seed, state.step).rng("tables"))
        self.progress.done(state.step, step_numbers(batch))

    def _teacher_metrics(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """Metrics of served teachers. An outage is logged, and training continues."""
        total = Counter(self._watched.queue.metrics())
        for teacher in self.parts.teachers:
            total.update(teacher.metrics())
        missing, unwritten = int(total["teacher/unreachable"]), int(metrics.get("zone/candidates_unreachable", 0))
        self.run_state.count_teachers(total)
        if missing or unwritten:
            outage = f"{missing} responses never came and {unwritten} candidates were not rewritten"
            logger.warning("step %d: the teacher could not be reached: %s", self.run_state.step + 1, outage)
        return dict(total)

    def _evaluate_held_out(self) -> dict[str, float]:
        use_weights(self.parts.student, self.model, self.run_state.step)
        engine = WatchedEngine(self.parts.student, self.progress, "held-out evaluation", brief=False)
        parts = replace(self.parts, student=engine)
        with self.guard.naming(self.run_state):
            return evaluate(self.eval_questions, parts, self.scorer, self.args, self.run_state, self.buffer)
