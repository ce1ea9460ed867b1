"""`zppo eval MODEL --suite llm`: evaluation on the paper's benchmarks with its protocol, or on your own rows."""

import argparse
import importlib.util
import json
from collections.abc import Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zppo.cli.scoring import OPTIONS, add_rows, is_own
from zppo.cli.shown import add_quiet, shown
from zppo.config import EvalConfig, SamplingConfig
from zppo.errors import ConfigError, ZppoError
from zppo.evals.benchmark import Benchmark
from zppo.evals.engines import Served, judge, respondent
from zppo.evals.items import PIXELS, Extent
from zppo.evals.judging import load_templates
from zppo.evals.own_rows import accuracy_line
from zppo.evals.protocols import Protocols
from zppo.evals.respondent import DECODING, Respondent
from zppo.evals.runner import Runner
from zppo.evals.suites import SUITES, choose
from zppo.evals.summary import Label, as_table, paper_columns, write_summary
from zppo.judges.judge import MAX_TOKENS
from zppo.pocket import ASSETS
from zppo.reports.progress import Progress
from zppo.run.files import write_atomically
from zppo.types import THINKING, Sampling, Thinking
from zppo.zone.prompts import Templates

if TYPE_CHECKING:
    from zppo.cli.rows import OwnEvaluation

DESCRIPTION = (
    "Evaluates a model on the paper's benchmarks with the paper's decoding settings and scoring protocols, or with "
    "--data FILE alone on rows of your own, read and scored as in training. The same "
    "command continues what was interrupted: nothing is asked twice. A benchmark that cannot be evaluated (no access "
    "to its data, other columns than expected) is told and leaves the others."
)

PAPER = {
    **{"max_tokens": DECODING.max_tokens, "pixels": PIXELS, "video_frames": Extent.frames, "dtype": "bfloat16"},
    "judge_max_tokens": MAX_TOKENS,
}
CALLS = {"concurrency": Served.concurrency, "timeout": Served.timeout, "api_key_env": Served.api_key_env}


def add_eval(commands: Any) -> None:
    command = commands.add_parser(
        "eval",
        help="evaluate a model on the paper's benchmarks or your own rows",
        description=DESCRIPTION,
        allow_abbrev=False,
    )
    command.add_argument("model", metavar="MODEL", help="folder or Hub name; `pocket` is the student that ships")
    _add_choice(command.add_argument_group("what is evaluated"))
    add_rows(command.add_argument_group("rows of your own"))
    _add_engine(command.add_argument_group("the model"))
    _add_judge(command.add_argument_group("the judge"))
    _add_decoding(command.add_argument_group("decoding (default: the paper's; shorter for the pocket suite)"))
    _add_output(command.add_argument_group("what is written"))
    add_quiet(command)
    command.set_defaults(run=_eval)


def _add_choice(group: Any) -> None:
    group.add_argument("--suite", choices=SUITES, help="pocket: generated data in the form of real benchmarks, offline")
    group.add_argument("--benchmarks", default="", metavar="A,B", help="some of the suite, or of all, by name")
    data = "read DIR/BENCHMARK/... instead of the Hub; without --suite and --benchmarks rows of your own, as data.train"
    group.add_argument("--data", metavar="DIR|FILE", help=data)
    harness = "run the benchmarks that lm-evaluation-harness has through it too, and print both scores"
    group.add_argument("--harness", choices=("lm-eval",), help=harness)
    group.add_argument("--limit", type=int, metavar="N", help="items per benchmark (default: all)")


def _add_engine(group: Any) -> None:
    group.add_argument("--engine", choices=("transformers", "endpoint", "vllm"), default="transformers")
    group.add_argument("--url", help="base URL of a server (--engine endpoint); MODEL is the name it serves")
    group.add_argument(
        "--dtype", choices=("bfloat16", "float16", "float32"), help="of weights loaded here (default: bfloat16)"
    )
    templates = "folder of own prompt templates, closer.txt or plain.txt (default: the paper's closer)"
    group.add_argument("--templates", type=Path, metavar="DIR", help=templates)
    group.add_argument("--batch", type=int, metavar="N", help="items asked at once (default: by engine)")
    calls = f"calls of a server at once (default: {Served.concurrency})"
    group.add_argument("--concurrency", type=int, metavar="N", help=calls)
    timeout = f"seconds per call of a server (default: {Served.timeout:g})"
    group.add_argument("--timeout", type=float, metavar="S", help=timeout)
    key = f"environment variable with the API key, of the judge's server too (default: {Served.api_key_env})"
    group.add_argument("--api-key-env", metavar="NAME", help=key)
    group.add_argument("--vllm-python", metavar="PATH", help="Python of an environment with vLLM (--engine vllm)")
    vllm = "further arguments of the vLLM server, such as --vllm-args='--tensor-parallel-size 2'"
    group.add_argument("--vllm-args", metavar="ARGS", help=vllm)


def _add_judge(group: Any) -> None:
    group.add_argument("--judge", metavar="URL_OR_MODEL", help="base URL of a server, or a model to load here")
    group.add_argument("--judge-model", metavar="NAME", help="the name under which it is served")
    cap = f"most tokens of a reply (default: {MAX_TOKENS})"
    group.add_argument("--judge-max-tokens", type=int, metavar="N", help=cap)
    group.add_argument("--judge-templates", type=Path, metavar="DIR", help="folder of own judge prompts, NAME.txt")


def _add_decoding(group: Any) -> None:
    group.add_argument("--max-tokens", type=int, help=f"of a response (default: {DECODING.max_tokens})")
    thoughts = (
        "whether responses begin with thoughts, if the chat template has a switch (default: on; endpoint: its own)"
    )
    group.add_argument("--thinking", choices=THINKING, help=thoughts)
    for name in ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "repetition_penalty"):
        default = getattr(DECODING, name)
        group.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    pixels = "fewest and most pixels of an image (default: 256*32*32 and 1280*32*32)"
    group.add_argument("--pixels", type=int, nargs=2, metavar=("MIN", "MAX"), help=pixels)
    frames = f"most frames of a video, evenly spread (default: {Extent.frames})"
    group.add_argument("--video-frames", type=int, metavar="N", help=frames)
    fps = f"most frames per second of a video (default: {Extent.fps:g})"
    group.add_argument("--video-fps", type=float, default=Extent.fps, metavar="N", help=fps)
    group.add_argument("--seed", type=int, default=0)


def _add_output(group: Any) -> None:
    group.add_argument("--out", type=Path, metavar="DIR", help="default: runs/eval-MODEL")
    group.add_argument("--student", metavar="NAME", help="in results.csv (default: last part of MODEL)")
    group.add_argument("--method", default="own", metavar="NAME", help="in results.csv (default: own)")
    beside = "lay the paper's numbers beside, such as 0.8B or 0.8B/zppo"
    group.add_argument("--compare-paper", metavar="STUDENT[/METHOD]", help=beside)


def _eval(options: argparse.Namespace, rest: Sequence[str]) -> int:
    out: Path = options.out or Path(f"runs/eval-{Path(options.model).name}")
    given = {name for name, value in vars(options).items() if value is not None}
    benchmarks = _benchmarks(options, out)
    own = None if benchmarks else _own(options)
    _refuse_idle(options, given, own is not None)
    _check(options)
    if own:
        benchmarks = [own.benchmark]
    paper = paper_columns(options.compare_paper) if options.compare_paper else {}
    prompts, verdicts = Templates.load(options.templates), load_templates(options.judge_templates)
    settings = {"model": options.model, "engine": options.engine}
    if options.engine == "transformers":
        settings["dtype"] = options.dtype
    folder = None if own or options.data is None else Path(options.data)
    extent = Extent(folder, options.limit, tuple(options.pixels), options.video_frames, options.video_fps)
    with (
        shown(options.quiet) as progress,
        _respondent(options, out, progress) as student,
        judge(_judge(options), verdicts, options.judge_max_tokens) as judging,
    ):
        protocols = own.protocol(judging, prompts) if own else Protocols(judging)
        runner = Runner(student, protocols, out, extent, settings, prompts, progress)
        errors = runner.run(benchmarks)
        outcomes, label = runner.outcomes(), Label(options.student or Path(options.model).name, options.method)
        write_summary(out, outcomes, errors, label, settings, paper)
        second = _second_opinion(student, benchmarks, runner) if options.harness else ""
    print(as_table(outcomes, paper))
    print(second, end="")
    if own:
        own.close()
        print(*("\n" + accuracy_line(o) for o in outcomes if o.slug in (b.slug for b in benchmarks)), sep="")
    for slug, error in errors.items():
        print(f"not evaluated: {slug}: {error}")
    print(f"\n{out / 'results.csv'}, {out / 'summary.json'}, {out / 'results'}")
    return 1 if len(errors) == len(benchmarks) else 0


def _respondent(options: argparse.Namespace, out: Path, progress: Progress) -> AbstractContextManager[Respondent]:
    progress.phase(f"{'loading' if options.engine == 'transformers' else 'reaching'} {options.model}")
    return respondent(_model(options), out / "server.log", _sampling(options), options.batch)


def _own(options: argparse.Namespace) -> "OwnEvaluation":
    from zppo.cli.rows import OwnEvaluation  # loads `datasets` for seconds, after options are checked

    return OwnEvaluation(options)


def _second_opinion(student: Respondent, benchmarks: Sequence[Benchmark], runner: Runner) -> str:
    """Table of lm-eval's scores beside our own, and the benchmarks that it does not score."""
    from zppo.evals.lm_eval_bridge import TASKS, Check, cross_check, side_by_side

    checks: list[Check] = []
    silent = [f"not among lm-eval's tasks: {b.slug}" for b in benchmarks if b.slug not in TASKS]
    for benchmark in benchmarks:
        try:
            checks += (
                cross_check(student, benchmark, runner.extent.data, runner.extent.limit)
                if benchmark.slug in TASKS
                else []
            )
        except ZppoError as error:
            silent.append(f"not evaluated by lm-eval: {benchmark.slug}: {error}")
    write_atomically(runner.out / "lm_eval.json", json.dumps([asdict(check) for check in checks], indent=1) + "\n")
    return "\n".join(["", side_by_side(checks, runner.outcomes()), *silent, ""])


def _benchmarks(options: argparse.Namespace, out: Path) -> list[Benchmark]:
    """The chosen benchmarks, none for own rows. Fills in their defaults: the paper's or the pocket's."""
    # Imported late: `--help` does not need the 31 benchmarks.
    from zppo.evals.benchmarks import BENCHMARKS

    names = [name for name in options.benchmarks.split(",") if name]
    _fill(options, CALLS)
    if options.model == "pocket":
        options.model = str(ASSETS / "student")
    if options.suite != "pocket":
        _fill(options, PAPER)
        if is_own(options, BENCHMARKS):
            return []
        return choose(BENCHMARKS, options.suite, names)
    if importlib.util.find_spec("av") is None:
        raise ConfigError("--suite pocket writes videos, with a package that is not there; pip install 'zppo[vision]'")
    from zppo.evals.pocket_suite import OPTIONS as POCKET
    from zppo.evals.pocket_suite import SUITE, write_suite

    _fill(options, POCKET)
    chosen = choose(SUITE, "all", names)
    options.data = options.data or str(write_suite(out / "data"))
    return chosen


def _fill(options: argparse.Namespace, defaults: Mapping[str, Any]) -> None:
    for name, default in defaults.items():
        if getattr(options, name) is None:
            setattr(options, name, default)


def _refuse_idle(options: argparse.Namespace, given: Set[str], own: bool) -> None:
    """Raises ConfigError for an option that was set and would do nothing."""
    served_judge = bool(options.judge) and _is_url(options.judge)
    loads = options.engine == "transformers" or (options.judge and not served_judge)
    server = (
        options.engine != "transformers" or served_judge,
        "calls of a server (--engine endpoint or vllm, --judge URL)",
    )
    vllm, judged = (options.engine == "vllm", "--engine vllm"), (bool(options.judge), "--judge, which says who judges")
    belongs = {
        "dtype": (loads, "a model that is loaded here (--engine transformers, --judge MODEL); vLLM has --vllm-args"),
        **dict.fromkeys(CALLS, server),
        **dict.fromkeys(("vllm_python", "vllm_args"), vllm),
        **dict.fromkeys(("judge_model", "judge_max_tokens", "judge_templates"), judged),
        **dict.fromkeys(OPTIONS, (own, "rows of your own (--data without --suite and --benchmarks)")),
        **dict.fromkeys(
            ("harness", "compare_paper", "judge_templates") if own else (), (False, "benchmarks (--suite)")
        ),
    }
    for name, (used, owner) in belongs.items():
        if name in given and not used:
            raise ConfigError(f"--{name.replace('_', '-')} belongs to {owner}")


def _check(options: argparse.Namespace) -> None:
    _judge(options)
    if options.limit is not None and options.limit < 1:
        raise ConfigError(f"--limit is {options.limit}; at least one item must be asked")
    if not 0 <= options.pixels[0] <= options.pixels[1]:
        raise ConfigError(f"--pixels {options.pixels[0]} {options.pixels[1]}: the fewest and then the most pixels")
    if options.judge_max_tokens < 1:
        raise ConfigError(f"--judge-max-tokens is {options.judge_max_tokens}; a judge must say something")
    if options.harness and importlib.util.find_spec("lm_eval") is None:
        raise ConfigError("--harness lm-eval: lm-evaluation-harness is not installed; pip install 'zppo[eval]'")
    if options.video_frames < 1 or not options.video_fps > 0:
        raise ConfigError("--video-frames and --video-fps: at least one frame must be shown")


def _sampling(options: argparse.Namespace) -> Sampling:
    checked = EvalConfig(
        max_tokens=options.max_tokens, temperature=options.temperature, top_p=options.top_p, top_k=options.top_k
    )
    # A server may not have the switch: its default is used unless the option is set.
    default: Thinking = "template" if options.engine == "endpoint" else "on"
    return replace(
        checked.at(options.seed, SamplingConfig(thinking=options.thinking or default)),
        min_p=options.min_p,
        presence_penalty=options.presence_penalty,
        repetition_penalty=options.repetition_penalty,
    )


def _model(options: argparse.Namespace) -> Served:
    return Served(
        options.model,
        options.engine,
        options.url,
        options.dtype,
        options.concurrency,
        options.timeout,
        options.api_key_env,
        switches_thinking=options.engine == "vllm" or options.thinking is not None,
        python=options.vllm_python,
        arguments=tuple((options.vllm_args or "").split()),
    )


def _judge(options: argparse.Namespace) -> Served | None:
    if not options.judge:
        return None
    if _is_url(options.judge):
        server = {name: getattr(options, name) for name in CALLS}
        return Served(options.judge_model or "", "endpoint", options.judge, **server)
    if options.judge_model:
        raise ConfigError(f"--judge-model is the name of a served model, and --judge {options.judge} is not a URL")
    return Served(options.judge, dtype=options.dtype)


def _is_url(judge: str) -> bool:
    return judge.startswith(("http://", "https://"))
