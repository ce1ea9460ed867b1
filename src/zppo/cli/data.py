"""`zppo data FILE`: a data set before training: layout, questions, prompts, lengths and dropped rows."""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from zppo.cli.grade import printable
from zppo.config import RunOptions
from zppo.config.data import ROLES
from zppo.errors import ConfigError
from zppo.recipe import load_options, parse_overrides
from zppo.types import MEDIA_MARK, Prompt, Question
from zppo.zone.prompts import Templates

if TYPE_CHECKING:  # these load torch or `datasets`; errors in the options are reported before that
    from zppo.data.dropped import Dropped
    from zppo.data.questions import Filter
    from zppo.data.reader import Data
    from zppo.models.renderer import Renderer

SHOWN = 3
"""Most prompts, and most dropped rows of each kind, that are shown."""
DESCRIPTION = (
    "Reads data as zppo train would, and shows the layout that was recognised, the columns, what was dropped and why, "
    "three prompts and, if a student is named, their lengths. FILE is anything that data.train may be. Of a recipe, "
    "data.train and data.eval are shown. Options such as --data.columns '{answer: solution}' are those of a recipe."
)


def add_data(commands: Any) -> None:
    data = commands.add_parser(
        "data",
        help="show what is read of data, before anything is trained",
        usage="zppo data FILE|RECIPE.yaml [--student MODEL] [--section.key value ...]",
        description=DESCRIPTION,
        allow_abbrev=False,
    )
    data.add_argument("source", metavar="FILE|RECIPE.yaml")
    student = "show prompts in its chat template, and count their tokens (as --student.model); its weights are not read"
    data.add_argument("--student", metavar="MODEL", help=student)
    data.set_defaults(run=_data)


def _data(arguments: argparse.Namespace, rest: Sequence[str]) -> int:
    overrides = parse_overrides(rest)
    if arguments.student is not None:
        overrides["student.model"] = json.dumps(arguments.student)
    is_recipe = Path(arguments.source).suffix in (".yaml", ".yml")
    if not is_recipe:
        overrides["data.train"] = json.dumps(arguments.source)
    options = load_options(arguments.source if is_recipe else None, overrides)
    if not options.data.train:
        raise ConfigError("data.train is missing; set it in the recipe")
    renderer = _renderer(options) if options.student.model else None
    print("\n".join(_lines("train", options, renderer)))
    if options.data.eval:
        print("\n" + "\n".join(_lines("eval", options, renderer)))
    return 0


def _renderer(options: RunOptions) -> "Renderer":
    from transformers.utils.logging import set_verbosity_error

    from zppo.models.loading import check_model, student_processing
    from zppo.models.renderer import Renderer

    set_verbosity_error()
    check_model("student.model", options.student.model)
    return Renderer(student_processing(options.student, options.student.model))


def _lines(part: Literal["train", "eval"], options: RunOptions, renderer: "Renderer | None") -> Iterator[str]:
    from zppo.data.questions import read
    from zppo.data.reader import open_data

    data = open_data(getattr(options.data, part), options.data, part, not options.rewards.functions)
    lengths: list[int] = []
    questions, dropped = read(data.rows, data.parser, _filters(part, options, renderer, lengths), data.name)
    yield f"data.{part} is {data.name}: {len(data.rows)} rows, {len(questions)} questions"
    yield from _layout(data)
    yield from _drops(dropped)
    if lengths:
        counted = f"min {min(lengths)}, median {median(lengths):g}, max {max(lengths)}"
        yield f"prompt tokens: {counted} (prompts.max_tokens is {options.prompts.max_tokens})"
    templates = Templates.load(options.prompts.templates)
    for question in questions[:SHOWN]:
        prompt = Prompt("plain", question, templates.plain(question), turns=question.turns)
        media = "".join(f", {medium.kind} {medium.name}" for medium in question.media)
        yield "\n" + printable(f"--- question {question.id!r}, answer {question.answer!r}{media}")
        shown = renderer.rendered(prompt, options.sampling.thinking) if renderer else _bare(prompt)
        yield "\n".join(map(printable, shown.split("\n")))


def _filters(
    part: Literal["train", "eval"], options: RunOptions, renderer: "Renderer | None", lengths: list[int]
) -> Sequence["Filter"]:
    """Filters as in training; they append the length of each prompt to `lengths`."""
    from zppo.data.filters import media_readable, within

    check = options.data.check_media if part == "train" else "decode"
    if renderer is None:
        return [media_readable(check)]
    from zppo.training.checks import media_filter
    from zppo.training.questions import prompt_length

    length = _noted(prompt_length(options, renderer), lengths)
    limit = options.prompts.max_tokens if part == "train" else float("inf")
    return [media_filter(options, options.student.model, ()), media_readable(check), within(limit, length)]


def _noted(length: Callable[[Question], int], lengths: list[int]) -> Callable[[Question], int]:
    def count(question: Question) -> int:
        lengths.append(length(question))
        return lengths[-1]

    return count


def _layout(data: "Data") -> Iterator[str]:
    columns = data.parser.columns
    row = next((row for row in islice(data.rows, SHOWN) if isinstance(row, Mapping)), None)
    if row is None:
        return
    found = {role: columns.name(row, role) for role in ROLES}
    if found["answer"] is None and columns.replies:
        found["answer"] = "the last turn"
    roles = ", ".join(f"{role}: {name}" for role, name in found.items() if name is not None)
    yield printable(f"layout: {data.layout.name} ({roles})")
    others = [str(name) for name in row if name not in found.values()]
    yield printable(f"other columns: {', '.join(others) or 'none'}")


def _drops(dropped: Sequence["Dropped"]) -> Iterator[str]:
    from zppo.data.dropped import counted

    yield f"dropped: {counted(dropped) or 'none'}"
    by_kind: dict[str, list[Dropped]] = defaultdict(list)
    for each in dropped:
        by_kind[each.kind].append(each)
    for several in by_kind.values():
        yield from (printable(f"  {each}") for each in several[:SHOWN])


def _bare(prompt: Prompt) -> str:
    """Turns and user message without a chat template; images and videos as markers."""
    texts = prompt.text.split(MEDIA_MARK)
    marked = "".join(f"<{medium.kind}>{text}" for medium, text in zip(prompt.media, texts[1:], strict=True))
    return "".join(f"[{turn['role']}] {turn['content']}\n" for turn in prompt.turns) + texts[0] + marked
