"""`zppo train` refuses what cannot work: exit status 2, one line that says what, and no weights read."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from zppo.cli.main import main
from zppo.cli.recipe import load_recipe, parse_overrides
from zppo.config.options import sections
from zppo.errors import ConfigError

Edit = Callable[[dict[str, Any], Path], Any]


@pytest.fixture
def recipe(tmp_path: Path, student_folder: Path) -> Path:
    """A recipe that would train, with its data."""
    rows = [{"prompt": f"{i}+1?", "answer": str(i + 1)} for i in range(8)]
    for name in ("train", "test"):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    options = {
        "method": "zppo",
        "rollout_steps": 1,
        "student": {"model": str(student_folder)},
        "teacher": {"model": str(student_folder)},
        "data": {"train": "train.jsonl", "eval": "test.jsonl"},
        "zone": {"new_questions": 4, "updates": 2, "group_size": 2},
        "sampling": {"max_tokens": 8},
        "training": {"use_cpu": True},
    }
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(options), "utf-8")
    return file


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading weights fails the test."""
    from transformers import AutoModelForCausalLM

    def refuse(*args: Any, **kwargs: Any) -> None:
        pytest.fail("weights were read")

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", refuse)


def train(recipe: Path, *more: str) -> int:
    return main(["train", str(recipe), "--run-dir", str(recipe.parent / "run"), *more])


def edited(recipe: Path, edit: Edit) -> None:
    options = yaml.safe_load(recipe.read_text("utf-8"))
    edit(options, recipe.parent)
    recipe.write_text(yaml.safe_dump(options), "utf-8")


RECIPE_ERRORS: list[tuple[list[str], str]] = [
    (["--zone.tua", "0.4"], "unknown option zone.tua; did you mean 'tau'?"),
    (["--zome.tau", "0.4"], "unknown option zome; did you mean 'zone'?"),
    (["--rollout-step", "4"], "unknown option rollout_step; did you mean 'rollout_steps'?"),
    (["--zone.tau", "high"], "zone.tau is 'high': input should be a valid number"),
    (["--zone.updates", "1.5"], "zone.updates is 1.5: input should be a valid integer"),
    (["--student.dtype", "int8"], "student.dtype is 'int8': input should be 'float32', 'bfloat16' or 'float16'"),
    (["--zone.tau", "0"], "zone.tau is 0"),
    (["--zone.tau=1.5"], "zone.tau is 1.5"),
    (["--zone.replay_fraction", "-0.5"], "zone.replay_fraction is -0.5"),
    (["--zone.new-questions", "5"], "zone.new_questions (5) is not a multiple of zone.updates (2)"),
    (["--method", "zpo"], "there is no method 'zpo'; did you mean 'zppo'?"),
    (["--method", "grpo+replai"], "there is no switch 'replai'; did you mean 'replay'?"),
    (["--method", "on_distil"], "there is no method 'on_distil'; did you mean 'on_distill'?"),
    (["--method", "hint+bcq"], "bcq goes with grpo only; hint takes only replay"),
    (["--zone.prefix_fraction", "1"], "zone.prefix_fraction is 1"),
    (["--update.aggregation", "mean"], "aggregation is 'mean': input should be 'token', 'sequence' or 'constant'"),
    (["--student.model", "''"], "student.model is missing"),
    (["--data.train", "null"], "data.train is None"),
    (["--data.train", "[a"], "--data.train: '[a' is not valid YAML"),
    (["--zone", "3"], "zone is a section"),
    (["--seed.more", "3"], "--seed.more: 'seed' is not a section"),
    (["--seed"], "option --seed has no value"),
    (["--seed", "-1"], "seed is -1"),
    (["more.yaml"], "'more.yaml' is not an option"),
]


def test_errors_of_the_recipe_are_answered_by_name_and_before_torch_is_loaded(recipe: Path) -> None:
    edited(recipe, lambda options, folder: options.update(seed=0))
    code = (
        "import io, json, sys\nfrom contextlib import redirect_stderr\nfrom zppo.cli.main import main\nanswers = []\n"
        "for more in json.loads(sys.argv[2]):\n"
        "    with redirect_stderr(io.StringIO()) as errors:\n"
        "        status = main(['train', sys.argv[1], *more])\n"
        "    answers.append((status, errors.getvalue(), 'torch' in sys.modules))\n"
        "print(json.dumps(answers))"
    )
    cases = json.dumps([more for more, _ in RECIPE_ERRORS])
    done = subprocess.run([sys.executable, "-c", code, str(recipe), cases], capture_output=True, text=True, check=True)
    for (more, problem), (status, message, torch) in zip(RECIPE_ERRORS, json.loads(done.stdout), strict=True):
        assert (more, status, torch) == (more, 2, False)
        assert message.startswith("zppo: ") and problem in message and message.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"zone: [", "is not valid YAML"), (b"- zone", "a recipe is a mapping"), (b"", "a recipe is a mapping"),
     (b"method: \xff", "is not valid YAML"),
     (b"zone: {tau: 0.5}\nseed: 1\nzone: {tau: 0.4}", "'zone' stands twice, in lines 1 and 3"),
     (b"zone:\n  tau: 0.5\n  tau: 0.5", "'tau' stands twice, in lines 2 and 3"),
     (b"zone:\n  tau: !!python/name:os.system", "is not valid YAML")],
)  # fmt: skip
def test_a_file_that_is_no_recipe_is_refused(
    content: bytes, problem: str, recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe.write_bytes(content)
    assert train(recipe) == 2
    assert problem in capsys.readouterr().err


def test_a_missing_recipe_is_refused(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(recipe.with_name("other.yaml")) == 2
    assert "other.yaml: there is no such recipe" in capsys.readouterr().err


def test_options_go_over_the_recipe_and_paths_are_relative_to_it(recipe: Path) -> None:
    got = load_recipe(recipe, parse_overrides(["--zone.tau", "0.25", "--seed=3", "--training.learning_rate", "1e-4"]))
    assert (got.zone.tau, got.seed, got.zone.new_questions) == (0.25, 3, 4)
    assert got.data.train == str(recipe.parent / "train.jsonl")


def test_a_pattern_of_data_files_is_relative_to_the_recipe_and_a_hub_name_to_nothing(recipe: Path) -> None:
    edited(recipe, lambda options, folder: options["data"].update(train="t*.jsonl", eval="org/name"))
    data = load_recipe(recipe, {"data.columns.question": "prompt", "data.columns.images": "[left, right]"}).data
    assert (data.train, data.eval) == (str(recipe.parent / "t*.jsonl"), "org/name")
    assert data.columns == {"question": "prompt", "images": ("left", "right")}


def test_a_path_on_the_command_line_is_relative_to_the_caller(recipe: Path) -> None:
    assert load_recipe(recipe, parse_overrides(["--data.train", "mine.jsonl"])).data.train == "mine.jsonl"


def model_folder(folder: Path, **config: Any) -> str:
    """A folder with a config and no weights."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return str(folder)


def without_chat_template(source: str, folder: Path) -> str:
    """The checkpoint at `source` with a tokenizer that has no chat template."""
    from transformers import AutoTokenizer

    folder.mkdir()
    tokenizer = AutoTokenizer.from_pretrained(source)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(folder)
    for file in ("config.json", "model.safetensors", "generation_config.json"):
        (folder / file).write_bytes((Path(source) / file).read_bytes())
    return str(folder)


def with_another_token(source: str, folder: Path) -> str:
    """The checkpoint at `source` with one more token, and without weights."""
    from transformers import AutoTokenizer

    folder.mkdir()
    tokenizer = AutoTokenizer.from_pretrained(source)
    tokenizer.add_tokens(["novel"])
    tokenizer.save_pretrained(folder)
    (folder / "config.json").write_bytes((Path(source) / "config.json").read_bytes())
    return str(folder)


def with_a_window(folder: Path, tokens: int) -> str:
    """The student's checkpoint, without weights, made for prompts and responses of so many tokens."""
    options = yaml.safe_load((folder / "recipe.yaml").read_text("utf-8"))
    narrow, source = folder / "narrow", Path(options["student"]["model"])
    narrow.mkdir()
    for file in source.iterdir():
        if file.suffix != ".safetensors":
            (narrow / file.name).write_bytes(file.read_bytes())
    config = json.loads((source / "config.json").read_text("utf-8"))
    (narrow / "config.json").write_text(json.dumps(config | {"max_position_embeddings": tokens}), "utf-8")
    return str(narrow)


def set_option(section: str, option: str, value: Any) -> Edit:
    return lambda options, folder: options[section].update({option: value(folder) if callable(value) else value})


T5 = {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]}
BERT_LIKE = {"model_type": "distilbert", "architectures": ["DistilBertForMaskedLM"]}


def with_a_question(folder: Path, **fields: str) -> None:
    """One more row of training data."""
    with (folder / "train.jsonl").open("a", encoding="utf-8") as rows:
        rows.write(json.dumps({"prompt": "9+1?", "answer": "10", **fields}) + "\n")


BAD_SETTINGS: dict[str, tuple[Edit, str]] = {
    "missing data": (set_option("data", "train", "nowhere.jsonl"), "nowhere.jsonl: there is no such data file"),
    "missing held-out data": (set_option("data", "eval", "nowhere.jsonl"), "nowhere.jsonl: there is no such data"),
    "bad row": (
        lambda options, folder: (folder / "train.jsonl").write_text('{"prompt": "?"}\n', "utf-8"),
        "train.jsonl: no row has a column `answer` or `ground_truth` or `solution`; its columns are prompt",
    ),
    "too few questions": (
        lambda options, folder: options["zone"].update(new_questions=10),
        "zone.new_questions is 10, but there are 8 training questions; set zone.new_questions to 8 or less",
    ),
    "too long questions": (
        lambda options, folder: options.update(prompts={"max_tokens": 3}),
        "8 of 8 rows are dropped for this reason, `long prompt`",
    ),
    "owned training option": (
        set_option("training", "max_steps", 4),
        "training.max_steps has no effect here; instead use rollout_steps and zone.updates",
    ),
    "unknown training option": (
        set_option("training", "learning_rat", 1.0),
        "there is no option training.learning_rat; did you mean 'learning_rate'?",
    ),
    "training option that is no number": (
        set_option("training", "learning_rate", "fast"),
        "training.learning_rate is 'fast', which is not a number",
    ),
    "no teacher": (lambda options, folder: options.pop("teacher"), "asks a teacher for responses; set teacher.model"),
    "no teacher to compress": (
        lambda options, folder: (options.pop("teacher"), options.update(method="grpo+ncq")),
        "(or set teacher.compression to truncate or none); set teacher.model",
    ),
    **{
        f"no teacher for {method}": (
            lambda options, folder, method=method: (options.pop("teacher"), options.update(method=method)),
            f"method {method!r} {reason}; set teacher.model",
        )
        for method, reason in {
            "hint": "asks a teacher for responses",
            "prefix+replay": "asks a teacher for responses",
            "grpo_teacher": "asks a teacher for responses",
            "off_distill+replay": "follows the distributions of a teacher",
            "on_distill": "follows the distributions of a teacher",
        }.items()
    },
    "a teacher with another vocabulary": (
        lambda options, folder: (
            options["teacher"].update(model=with_another_token(options["teacher"]["model"], folder / "wider")),
            options.update(method="on_distill"),
        ),
        "token 'novel' is none of the student's and number 448 of the teacher's",
    ),
    "several teachers to follow": (
        lambda options, folder: (
            options["teacher"].update(fallbacks=[options["teacher"]["model"]]),
            options.update(method="off_distill"),
        ),
        "method 'off_distill' follows one teacher, not 2; leave out teacher.fallbacks",
    ),
    "a fallback without a teacher": (
        lambda options, folder: options.update(teacher={"fallbacks": ["a"]}),
        "teacher.fallbacks are asked after teacher.model, which is missing",
    ),
    "a fallback with an option that is none": (
        set_option("teacher", "fallbacks", [{"endpoint": "http://h/v1", "modl": "m"}]),
        "unknown option teacher.fallbacks.0.modl; did you mean 'model'?",
    ),
    "a fallback that is nowhere": (
        set_option("teacher", "fallbacks", ["nowhere"]),
        "teacher.fallbacks: 'nowhere' is neither a checkpoint folder nor",
    ),
    "dynamic sampling without rewards": (
        lambda options, folder: (
            options["zone"].update(dynamic_sampling=True),
            options.update(method="on_distill"),
        ),
        "zone.dynamic_sampling drops groups whose rewards are all equal, but method 'on_distill'",
    ),
    "teacher of another kind": (
        set_option("teacher", "model", lambda folder: model_folder(folder / "t5", **T5)),
        "is of kind 't5', not a causal or image-text language model",
    ),
    "student of another kind": (
        set_option("student", "model", lambda folder: model_folder(folder / "bert", **BERT_LIKE)),
        "is of kind 'distilbert', not a causal or image-text language model",
    ),
    "student folder without anything": (
        set_option("student", "model", lambda folder: str(folder)),
        "is neither a checkpoint folder nor a model that can be fetched",
    ),
    "student with two padding tokens": (
        set_option(
            "student", "model", lambda folder: model_folder(folder / "m", model_type="qwen2", pad_token_id=[1, 2])
        ),
        "has an entry to be corrected: Validation error for field 'pad_token_id'",
    ),
    "teacher folder without anything": (
        set_option("teacher", "model", lambda folder: str(folder)),
        "teacher.model: ",
    ),
    "student without chat template": (
        lambda options, folder: options["student"].update(
            model=without_chat_template(options["student"]["model"], folder / "bare")
        ),
        "has no chat template",
    ),
    "teacher without chat template": (
        lambda options, folder: options["teacher"].update(
            model=without_chat_template(options["teacher"]["model"], folder / "bare")
        ),
        "has no chat template",
    ),
    "no room for responses": (
        set_option("sampling", "max_tokens", 1000),
        "with responses of sampling.max_tokens (1000) it exceeds the context window of student.model, 1024 tokens",
    ),
    "no room for held-out responses": (
        lambda options, folder: options.update(eval={"max_tokens": 1000}),
        "with responses of eval.max_tokens (1000) it exceeds the context window of student.model, 1024 tokens",
    ),
    "no room for responses of the teacher": (
        set_option("teacher", "model", lambda folder: with_a_window(folder, 40)),
        "with responses of sampling.max_tokens (8) it exceeds the context window of teacher.model, 40 tokens",
    ),
    "an unknown answer type": (
        lambda options, folder: with_a_question(folder, answer_type="maths"),
        "question '9': unknown answer_type 'maths'; did you mean 'math'",
    ),
    "a choice without options": (
        lambda options, folder: with_a_question(folder, answer_type="choice"),
        "question '9': a choice needs a column `options`",
    ),
    "a free-form answer without a judge": (
        lambda options, folder: (
            with_a_question(folder, answer_type="free"),
            options.pop("teacher"),
            options.update(method="grpo"),
        ),
        "question '9' has a free-form answer (answer_type: free), which a judge must compare, and there is none",
    ),
    "a judge that is nowhere": (
        lambda options, folder: (with_a_question(folder, answer_type="free"), options.update(judge={"model": "none"})),
        "judge.model: 'none' is neither a checkpoint folder nor",
    ),
    "missing template folder": (
        lambda options, folder: options.update(prompts={"templates": "nowhere"}),
        "prompts.templates: nowhere is not a folder",
    ),
    "unknown placeholder": (
        lambda options, folder: (
            (folder / "t").mkdir(),
            (folder / "t" / "bcq.txt").write_text("{question} {candidate} {closer}", "utf-8"),
            options.update(prompts={"templates": "t"}),
        ),
        "template 'bcq': unknown placeholder {candidate}; did you mean 'candidates'?",
    ),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_what_cannot_be_trained_is_refused_before_weights_are_read(
    case: str, recipe: Path, no_weights: None, capsys: pytest.CaptureFixture[str]
) -> None:
    edit, problem = BAD_SETTINGS[case]
    edited(recipe, edit)
    assert train(recipe) == 2
    message = capsys.readouterr().err
    assert problem in message and message.splitlines()[-1].startswith("zppo: ")
    assert not (recipe.parent / "run" / "config.yaml").exists()


@pytest.mark.parametrize("who", ["student", "teacher"])
def test_a_checkpoint_without_weights_is_named(
    who: str, recipe: Path, student_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = recipe.parent / "empty"
    folder.mkdir()
    for file in student_folder.iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    assert train(recipe, f"--{who}.model", str(folder)) == 2
    assert f"{who}.model: {str(folder)!r} has no weights that can be read" in capsys.readouterr().err


def claim(recipe: Path, *more: str) -> None:
    """Leave a run directory as a killed run leaves it."""
    from zppo.reports.rundir import RunDirectory
    from zppo.training.arguments import ZPPOConfig

    run = recipe.parent / "run"
    config = ZPPOConfig.from_recipe(load_recipe(recipe, parse_overrides(more)), str(run))
    RunDirectory(run).start(config.effective())


@pytest.mark.parametrize(
    ("claimed", "more", "problem"),
    [
        ([], [], "already holds a run of this config (--resume continues it); choose another run directory"),
        (["--zone.tau", "0.25"], [], "already holds a run of another config (zone.tau: there 0.25, here 0.5)"),
        (["--seed", "3"], ["--resume"], "was started with another config (seed: there 3, here 0); use the same"),
        (["--training.max_grad_norm", "2"], ["--resume"], "(training.max_grad_norm: there 2, here the default)"),
        (None, ["--resume"], "holds no run to resume; leave out --resume to start one"),
    ],
)
def test_a_run_directory_that_does_not_fit_is_refused_before_weights_are_read(
    claimed: list[str] | None,
    more: list[str],
    problem: str,
    recipe: Path,
    no_weights: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if claimed is not None:
        claim(recipe, *claimed)
    assert train(recipe, *more) == 2
    assert problem in capsys.readouterr().err


def test_another_command_refuses_options_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "somewhere", "--zone.tau", "1"]) == 2
    assert "unknown argument '--zone.tau'" in capsys.readouterr().err


def test_ctrl_c_says_how_to_go_on(
    recipe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("zppo.cli.main.load_recipe", interrupt)
    assert train(recipe) == 130
    assert "--resume" in capsys.readouterr().err


def test_mistakes_raise_the_same_errors_in_python(recipe: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'tau'"):
        load_recipe(recipe, {"zone.tua": "1"})


def test_help_lists_every_option_with_default_type_and_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0 and "--resume" in shown and "\x1b" not in shown, "colours are for terminals"
    assert "--zone.tau 0.5  number\n      A question is hard while its plain accuracy is below this" in shown
    assert "--eval.temperature null  number | null\n      None means as `sampling.temperature`" in shown
    assert "--student.dtype float32  float32 | bfloat16 | float16" in shown
    assert all(f"--{o.name} {o.default}" in shown for s in sections() for o in s.options if s.name)


def test_help_is_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert "\x1b[36m--zone.tau\x1b[0m 0.5" in capsys.readouterr().out


def test_quiet_is_said_of_progress_and_not_of_errors(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(recipe, "--student.model", "/nowhere") == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "loading torch and transformers ..." and told[-1].startswith("zppo: student.model: '/nowhere'")
    assert train(recipe, "--student.model", "/nowhere", "--quiet") == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert error == told[-1]


def test_a_tracker_that_is_not_installed_is_named_with_the_extra_that_has_it(
    recipe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("zppo.training.trackers.find_spec", lambda name: None)
    assert train(recipe, "--training.report_to", "[trackio]") == 2
    assert "training.report_to: trackio is not installed; pip install 'zppo[trackio]'" in capsys.readouterr().err
    assert train(recipe, "--training.report_to", "wandbb") == 2
    assert "training.report_to: there is no tracker 'wandbb'; did you mean 'wandb'?" in capsys.readouterr().err


TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + ': ' + m.content + '<|im_end|>' }}{% endfor %}"
    "{{ '<|im_start|>assistant: ' }}"
)


def test_a_student_without_a_chat_template_trains_with_one_from_a_file(recipe: Path) -> None:
    """Checkpoints have it too, so that they chat in plain transformers."""
    from transformers import AutoTokenizer

    def edit(options: dict[str, Any], folder: Path) -> None:
        bare = without_chat_template(options["student"]["model"], folder / "bare")
        options |= {"method": "grpo", "eval": {"max_tokens": 8}}
        options |= {"student": {"model": bare, "chat_template": "mine.jinja"}}

    edited(recipe, edit)
    (recipe.parent / "mine.jinja").write_text(TEMPLATE, "utf-8")
    assert train(recipe) == 0
    [file] = (recipe.parent / "run").rglob("chat_template.jinja")
    assert AutoTokenizer.from_pretrained(file.parent).chat_template == TEMPLATE


def test_a_chat_template_that_no_teacher_would_use_is_refused(recipe: Path) -> None:
    for name, value in (("endpoint", "http://localhost:1/v1"), ("model", "python:a.py:Teacher")):
        with pytest.raises(ConfigError, match=r"teacher\.chat_template is for local models"):
            load_recipe(recipe, {"teacher.chat_template": "mine.jinja", f"teacher.{name}": value})


def test_a_teacher_whose_template_refuses_the_system_turn_is_refused_before_weights_are_read(
    recipe: Path, no_weights: None, capsys: pytest.CaptureFixture[str]
) -> None:
    system = {"role": "system", "content": "Be brief."}
    rows = [{"prompt": [system, {"role": "user", "content": f"{i}?"}], "answer": "1"} for i in range(8)]
    (recipe.parent / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    refusing = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TEMPLATE
    (recipe.parent / "mine.jinja").write_text(refusing, "utf-8")
    edited(recipe, lambda options, folder: options["teacher"].update(chat_template="mine.jinja"))
    assert train(recipe) == 2
    message = capsys.readouterr().err
    assert "refuses messages of system, user (no system)" in message and "teacher.chat_template" in message
