"""`zppo compare` from its options to its files, with cells that are finished at once: no model is trained here."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cells import FakeRunner

from zppo.cli.main import main
from zppo.compare import run

Compare = Callable[..., int]


@pytest.fixture
def recipe(tmp_path: Path, student_folder: Path) -> Path:
    """A recipe that could be trained."""
    for name in ("train", "test"):
        (tmp_path / f"{name}.jsonl").write_text('{"prompt": "1+1?", "answer": "2"}\n', "utf-8")
    options = {
        "rollout_steps": 10,
        "student": {"model": str(student_folder)},
        "teacher": {"model": str(student_folder), "compression": "none"},
        "data": {"train": "train.jsonl", "eval": "test.jsonl"},
        "eval": {"every": 2},
        "training": {"use_cpu": True},
    }
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(options), "utf-8")
    return file


class Claiming(FakeRunner):
    """Cells that leave the config of their command, as a run does."""

    def __call__(self, cell: Any) -> Any:
        from zppo.cli.recipe import load_recipe, parse_overrides
        from zppo.training.arguments import ZPPOConfig

        recipe, _, folder, *options = cell.command[4:]
        if not cell.directory.config_file.exists():
            config = ZPPOConfig.from_recipe(load_recipe(recipe, parse_overrides(options)), folder)
            cell.directory.start(config.effective())
        return super().__call__(cell)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Claiming:
    runner = Claiming()
    monkeypatch.setattr("zppo.compare.run.start_process", runner)
    return runner


@pytest.fixture
def compare(recipe: Path, runner: Claiming) -> Compare:
    def compare(*more: str, methods: str = "grpo,zppo", seeds: str = "0,1") -> int:
        out = str(recipe.parent / "out")
        return main(["compare", str(recipe), "--methods", methods, "--seeds", seeds, "--out", out, *more])

    return compare


def found(recipe: Path) -> Any:
    return json.loads((recipe.parent / "out" / "comparison.json").read_text("utf-8"))


def test_all_cells_are_run_and_the_tables_are_printed(
    compare: Compare, recipe: Path, runner: Claiming, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare() == 0
    assert runner.started == ["grpo-0", "zppo-0", "grpo-1", "zppo-1"]
    assert capsys.readouterr().out == (recipe.parent / "out" / "comparison.md").read_text("utf-8")
    assert (found(recipe)["recipe"], found(recipe)["baseline"]) == (str(recipe), "grpo")


def test_another_matching_runs_nothing_again(compare: Compare, recipe: Path, runner: Claiming) -> None:
    assert compare() == 0
    steps = found(recipe)
    assert compare("--match", "both") == 0
    assert len(runner.started) == 4
    assert [cell for cell in found(recipe)["cells"] if cell["matching"] == "steps"] == steps["cells"]
    assert found(recipe)["budget_student_tokens"] == 1000


def test_comparisons_share_the_cells_of_one_folder(compare: Compare, recipe: Path, runner: Claiming) -> None:
    cells = ("--cells", str(recipe.parent / "shared"))
    assert compare(*cells) == 0
    assert compare(*cells, "--out", str(recipe.parent / "other"), methods="zppo,grpo+replay") == 0
    assert runner.started[4:] == ["grpo+replay-0", "grpo+replay-1"]
    assert (recipe.parent / "other" / "comparison.json").exists()


def test_varied_options_make_cells_of_their_own(compare: Compare, recipe: Path, runner: Claiming) -> None:
    label = "zppo zone.advantage=with_zero"
    assert compare("--vary", "zone.advantage=none,with_zero", "--baseline", label, methods="zppo", seeds="3") == 0
    assert runner.started == ["zppo-zone.advantage=none-3", "zppo-zone.advantage=with_zero-3"]
    assert [s["label"] for s in found(recipe)["summary"]] == ["zppo zone.advantage=none", label]
    config = yaml.safe_load((recipe.parent / "out/cells/zppo-zone.advantage=none-3/config.yaml").read_text())
    assert (config["zone"]["advantage"], config["seed"]) == ("none", 3)


def test_options_go_over_the_recipe_of_every_cell(compare: Compare, recipe: Path) -> None:
    assert compare("--zone.tau", "0.25", "--zone.group-size=4") == 0
    for name in ("grpo-0", "zppo-1"):
        zone = yaml.safe_load((recipe.parent / "out/cells" / name / "config.yaml").read_text())["zone"]
        assert (zone["tau"], zone["group_size"]) == (0.25, 4)


def test_a_cell_of_another_config_is_refused_before_anything_runs(
    compare: Compare, runner: Claiming, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(methods="zppo") == 0
    assert compare("--zone.tau", "0.25") == 2
    message = capsys.readouterr().err
    assert "zppo-0 was started with another config (zone.tau: there 0.5, here 0.25)" in message
    assert runner.started == ["zppo-0", "zppo-1"]


def test_failed_cells_are_named_and_nothing_is_compared(
    compare: Compare, recipe: Path, runner: Claiming, capsys: pytest.CaptureFixture[str]
) -> None:
    runner.broken = ["zppo-1"]
    assert compare() == 2
    assert f"zppo seed 1 (log: {recipe.parent / 'out/cells/zppo-1.log'})" in capsys.readouterr().err
    assert not (recipe.parent / "out" / "comparison.json").exists()
    runner.broken = []
    assert compare() == 0
    assert runner.started[4:] == ["zppo-1"]


def test_what_cannot_be_trained_is_refused_before_anything_runs(
    compare: Compare, recipe: Path, runner: Claiming, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare("--teacher.model", "null") == 2
    assert "set teacher.model" in capsys.readouterr().err
    assert compare("--vary", "training.learning_rat=1,2") == 2
    assert "there is no option training.learning_rat; did you mean 'learning_rate'?" in capsys.readouterr().err
    assert runner.started == []


def test_on_the_cpu_cells_have_one_thread_unless_the_user_says_otherwise(
    compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    class Looking(Claiming):
        def __call__(self, cell: Any) -> Any:
            threads.append(cell.environment.get("OMP_NUM_THREADS"))
            return super().__call__(cell)

    monkeypatch.setattr("zppo.compare.run.start_process", Looking())
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert compare(methods="grpo", seeds="0") == 0
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert compare(methods="grpo", seeds="1") == 0
    assert compare("--training.use_cpu", "false", methods="zppo", seeds="1") == 0
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert compare("--training.use_cpu", "false", methods="zppo", seeds="0") == 0
    assert threads == ["1", "3", "3", None]


@pytest.mark.parametrize(
    ("on_cpu", "cores", "seeds", "jobs"), [("true", 2, "0", 2), ("true", 8, "0", 2), ("false", 8, "0", 1)]
)
def test_on_the_cpu_one_cell_runs_per_core_else_one_at_a_time(
    on_cpu: str, cores: int, seeds: str, jobs: int, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    given = run.run_cells
    monkeypatch.setattr(run, "run_cells", lambda runs, jobs, *rest: (asked.append(jobs), given(runs, jobs, *rest)))
    monkeypatch.setattr("zppo.compare.plan.os.cpu_count", lambda: cores)
    assert compare("--training.use_cpu", on_cpu, seeds=seeds) == 0
    assert compare("--training.use_cpu", on_cpu, "--jobs", "5", seeds=seeds) == 0
    assert asked == [jobs, 5]


def test_ctrl_c_says_that_the_same_command_continues(
    compare: Compare, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("zppo.compare.run.run_cells", interrupt)
    assert compare() == 130
    assert "the same command continues" in capsys.readouterr().err


MISTAKES: list[tuple[list[str], str]] = [
    (["--methods", "grpo,zpo"], "there is no method 'zpo'; did you mean 'zppo'?"),
    (["--methods", ""], "--methods: '' has an empty place"),
    (["--seeds", "0,x"], "--seeds: 'x' is not a seed"),
    (["--seeds", "99999999999"], "seed is 99999999999"),
    (["--baseline", "zpo"], "--baseline: 'zpo' is not compared here; did you mean 'zppo'?"),
    (["--vary", "zone.tua=1,2"], "unknown option zone.tua; did you mean 'tau'?"),
    (["--vary", "zone.tau=1,2"], "zone.tau is 2"),
    (["--vary", "zone.tau"], "'zone.tau' does not look like OPTION=VALUE,VALUE"),
    (["--zone.tua", "1"], "unknown option zone.tua"),
    (["--seed", "3"], "--seed does not go with a comparison; use --seeds"),
    (["--resume"], "option --resume has no value"),
    (["--jobs", "0"], "--jobs is 0; at least one cell must run at a time"),
    (["--data.eval", "''"], "data.eval is missing"),
    (
        ["--match", "tokens", "--training.lr_scheduler_type", "cosine"],
        "equals a shorter run only under a constant learning rate, but training.lr_scheduler_type is 'cosine'",
    ),
    (["--match", "both", "--vary", "training.lr_scheduler_type=constant,linear"], "set it to constant, or use --match"),
    (
        ["--match", "tokens", "--eval.every", "0"],
        "it needs at least 3 of them, but eval.every is 0 in 10 rollout steps",
    ),
    (["--match", "tokens", "--eval.every", "5"], "set it to 1, or use --match steps"),
]


def test_mistakes_are_answered_in_one_line_and_before_torch_is_loaded(recipe: Path) -> None:
    code = (
        "import io, json, sys\nfrom contextlib import redirect_stderr\nfrom zppo.cli.main import main\nanswers = []\n"
        "for more in json.loads(sys.argv[2]):\n"
        "    with redirect_stderr(io.StringIO()) as errors:\n"
        "        status = main(['compare', sys.argv[1], '--methods', 'grpo,zppo', '--seeds', '0', *more])\n"
        "    answers.append((status, errors.getvalue(), 'torch' in sys.modules))\n"
        "print(json.dumps(answers))"
    )
    cases = json.dumps([more for more, _ in MISTAKES])
    done = subprocess.run([sys.executable, "-c", code, str(recipe), cases], capture_output=True, text=True, check=True)
    for (more, problem), (status, message, torch) in zip(MISTAKES, json.loads(done.stdout), strict=True):
        assert (more, status, torch) == (more, 2, False)
        assert message.startswith("zppo: ") and problem in message and message.count("\n") == 1


def test_at_equal_steps_any_schedule_will_do(compare: Compare) -> None:
    assert compare("--training.lr_scheduler_type", "cosine") == 0
