"""Beginning a run or going on with one: where from, under which options, and what is made again."""

from pathlib import Path

from zppo.errors import CheckpointError
from zppo.reports.rundir import RunDirectory
from zppo.training.arguments import ZPPOConfig
from zppo.training.state import RunState
from zppo.zone.replay import Find, PromptReplayBuffer


def open_run(
    directory: RunDirectory,
    args: ZPPOConfig,
    resume: str | bool | None,
    now: RunState,
    buffer: PromptReplayBuffer,
    find: Find,
    trained: bool,
) -> tuple[Path | None, RunState]:
    """Claim the directory; the checkpoint to go on from, if there is any, and its state. Fills `buffer`.

    `resume` names the checkpoint, is True for the newest, or begins a run; `now` is the state of the trainer, which may
    have `trained` already. Raises CheckpointError for a run that cannot be begun or continued so.
    """
    if not resume:
        directory.start(args.effective())
        return None, now
    checkpoint = directory.resume(args.effective(), resume if isinstance(resume, str) else None)
    if checkpoint is None and trained:
        raise CheckpointError("this trainer has trained, but saved no checkpoint to return to; make a new one")
    state = now if checkpoint is None else RunState.load(checkpoint, buffer, find, now)
    if args.rollout_steps < state.step:
        finished = f"{state.step} rollout steps of {directory.path} are finished"
        raise CheckpointError(f"rollout_steps is {args.rollout_steps}, but {finished}; set it to more")
    directory.adopt(args.effective())
    directory.rewind(state.step)
    return checkpoint, state
