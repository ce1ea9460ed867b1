"""`report.html`: a whole run on one self-contained page.

Questions, responses and every other text from outside are escaped by the template; only the figures, which hold no
such text, are inserted unescaped.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from zppo.errors import ConfigError
from zppo.methods import Method, parse_method
from zppo.reports.alarms import AlarmLine, alarm_lines
from zppo.reports.audit import audit_tables
from zppo.reports.charts import DARK, LIGHT, smoothing
from zppo.reports.examples import Example, worked_examples
from zppo.reports.fates import buffer_tables
from zppo.reports.figures import Picture, pictures
from zppo.reports.record import Record, read_record, thinned
from zppo.reports.table import comparisons, duration, percent, points
from zppo.run.checkpoints import shown_size
from zppo.run.directory import RunDirectory
from zppo.run.files import write_atomically
from zppo.zone.audit import COUNTS

EXAMPLES = 5


def write_report(run: RunDirectory) -> Path:
    """Write `report.html` of a finished or unfinished run and return its path.

    Raises CheckpointError when the directory holds no run, or none of its rollout steps is finished.
    """
    record = read_record(run)
    examples = worked_examples(run, record.tau, EXAMPLES)
    write_atomically(run.report_file, _page(record, examples, alarm_lines(run)))
    return run.report_file


def _page(record: Record, examples: list[Example], alarms: list[AlarmLine]) -> str:
    environment = Environment(
        loader=PackageLoader("zppo", "reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "points": points}
    return environment.get_template("report.html").render(
        record=record,
        config=record.config,
        config_text=yaml.safe_dump(dict(record.config), sort_keys=False, allow_unicode=True),
        light=LIGHT,
        dark=DARK,
        status=_status(record),
        outages=_outages(record),
        alarms=alarms,
        numbers=_numbers(record),
        comparisons=comparisons(record.summary),
        after="after" if record.finished else _step_of_last(record.summary["evaluations"]),
        figures=[_figure(picture) for picture in pictures(record)],
        drawing=_drawing(record),
        buffer_tables=buffer_tables(record.summary),
        audit_tables=audit_tables({"this run": {name: int(record.total(f"audit/{name}")) for name in COUNTS}}),
        examples=examples,
        examples_note=_examples_note(record, examples),
    )


def _figure(picture: Any) -> dict[str, Any]:
    if isinstance(picture, Picture):
        return {"plot": picture.plot, "svg": Markup(picture.svg), "description": picture.description}
    return {"plot": picture, "svg": None, "description": ""}


def _status(record: Record) -> str:
    """Remark on an unfinished run or one that ended early; '' for others."""
    planned, known = record.config.get("rollout_steps", "?"), record.summary["rollout_steps"]
    if record.finished:
        return f"This run ended early, at rollout step {known} of {planned}." if known != planned else ""
    source = f"are from the checkpoint of step {known}" if known else "wait for the first checkpoint"
    return (
        f"This run is not finished: {record.steps} of {planned} rollout steps are done. "
        f"The before/after table and the counts of the replay buffer {source}."
    )


def _outages(record: Record) -> str:
    """Remark on a teacher or judge that was unreachable; '' if there was none."""
    sentences = []
    steps = sum(bool(row.get("teacher/unreachable") or row.get("zone/candidates_unreachable")) for row in record.rows)
    if steps:
        missing, unwritten = (int(record.total(key)) for key in ("teacher/unreachable", "zone/candidates_unreachable"))
        sentences.append(
            f"The teacher could not be reached in {steps} of {record.steps} rollout steps: {missing:,} of its "
            f"responses never came, and {unwritten:,} candidates were not rewritten by it."
        )
    unjudged = int(record.total("judge/unreachable") + record.total("eval/judge_unreachable"))
    if unjudged:
        sentences.append(f"The judge could not be reached for {unjudged:,} comparisons, whose responses are unscored.")
    return " ".join(sentences)


def _step_of_last(evaluations: Sequence[Mapping[str, Any]]) -> str:
    return f"step {evaluations[-1]['step']}" if len(evaluations) > 1 else "later"


def _numbers(record: Record) -> list[tuple[str, str, str]]:
    """The key numbers: value, name and remark."""
    seconds = record.summary["seconds"] if record.finished else _time_spent(record)
    student, teacher = record.total("tokens/student"), record.total("tokens/teacher")
    trained = record.total("tokens/gradient")
    numbers = [
        (_big(student), "student tokens", f"{_big(trained)} tokens in the gradient"),
        (_big(teacher), "teacher tokens", _teacher_remark(record)),
        (duration(seconds), "wall-clock time", f"{seconds / record.steps:.1f} s per rollout step"),
    ]
    admitted, graduated = (int(record.last(f"buffer/{name}_total")) for name in ("admitted", "graduated"))
    if admitted:
        remark = f"{graduated / admitted:.0%} of the hard questions were solved unaided on a later visit"
        numbers.append((f"{graduated:,} / {admitted:,}", "graduated / admitted", remark))
    return numbers + _newest_checkpoint(record)


def _newest_checkpoint(record: Record) -> list[tuple[str, str, str]]:
    """Size of the newest checkpoint, and of the others."""
    sizes = [(shown_size(size), name) for name, size in record.checkpoints.items()]
    remark = ", ".join(f"{name}: {size}" for size, name in sizes[:-1])
    return [(*newest, remark or "the only one") for newest in sizes[-1:]]


def _teacher_remark(record: Record) -> str:
    """Remark on the use of the teacher's responses."""
    method = _method(record)
    if method is not None and method.loss == "distill_rollouts":
        return "the student follows its distributions"
    if not record.total("tokens/teacher"):
        return "not one response came" if record.total("teacher/unreachable") else "no teacher"
    if method is not None and (method.injects or method.loss != "policy"):
        return "its right responses are trained on"
    return "inside prompts only, never in the gradient"


def _method(record: Record) -> Method | None:
    """The method of the run; None if its name is unknown."""
    try:
        return parse_method(record.config["method"])
    except ConfigError:
        return None


def _time_spent(record: Record) -> float:
    return sum(value for row in record.rows for key, value in row.items() if key.startswith("time/"))


def _drawing(record: Record) -> str:
    """Remark on the smoothing of the figures."""
    window, (_, each) = smoothing(record), thinned(record.rows)
    sentences = []
    if each > 1:
        sentences.append(f"Every point is the mean of {each} rollout steps.")
    if window > 1:
        sentences.append(
            f"Accuracies and signal: the thin line is each {'point' if each > 1 else 'step'}, "
            f"the thick line the mean of {window} neighbours."
        )
    return " ".join(sentences) or "Every point is one rollout step; nothing is smoothed."


def _examples_note(record: Record, examples: list[Example]) -> str:
    """Reason for fewer than five examples, or for examples without aid; '' if neither."""
    if not examples:
        return "There is no hard question to show: none was below the threshold, or the rollout dumps are gone."
    notes = []
    if len(examples) < EXAMPLES:
        verb = "is only one such question" if len(examples) == 1 else f"are only {len(examples)} such questions"
        notes.append(f"There {verb} in this run.")
    method = _method(record)
    lacking = [] if method is None else [kind.upper() for kind in ("bcq", "ncq") if kind not in method.aids]
    if method is not None and lacking and not {"hint", "prefix"} & set(method.aids):
        notes.append(f"The method {method.name} asks no {' and no '.join(lacking)}.")
    return " ".join(notes)


def _big(count: float) -> str:
    """A count as text: 12,345 in full, larger counts in millions or billions."""
    for size, word in ((1e9, "B"), (1e6, "M")):
        if count >= size:
            return f"{count / size:.2f} {word}"
    return f"{count:,.0f}"


def _visible(value: Any) -> Any:
    """Make characters visible that a browser would drop or change: controls, lone surrogates."""
    if not isinstance(value, str):
        return value
    return value.translate(_PICTURES)


_PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"} | {0x7F: 0x2421}
_PICTURES |= {code: 0xFFFD for code in [*range(0x80, 0xA0), *range(0xD800, 0xE000)]}
