"""`zppo eval MODEL --data rows.jsonl`: own rows, read and scored as in training."""

import argparse
import hashlib
import sys
from functools import partial
from typing import Any

import yaml

from zppo.cli.scoring import scoring
from zppo.config import DataConfig
from zppo.custom import digest, source
from zppo.data.dropped import counted
from zppo.data.filters import media_readable
from zppo.data.reader import read_questions
from zppo.errors import ConfigError
from zppo.evals.benchmark import Benchmark
from zppo.evals.judging import Judge as EvaluationJudge
from zppo.evals.own_rows import Grade, TrainingProtocol, own_benchmark
from zppo.judges.judge import Judge
from zppo.rewards.extraction import warn_of_boxes
from zppo.rewards.routing import RoutedScorer, is_free
from zppo.strict_yaml import load as load_yaml
from zppo.zone.prompts import Templates


class OwnEvaluation:
    """The rows at `--data` and their scoring. Raises ConfigError or DataError for invalid options or rows."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._extract, self._functions = scoring(options)
        self._options = options
        warn_of_boxes(Templates.load(options.templates).texts, self._extract.names)
        config = DataConfig(eval_columns=_columns(options.columns), eval_split=options.split)
        self.questions, dropped = read_questions(
            options.data, config, (media_readable("decode"),), "eval", answered=self._functions is None
        )
        if dropped:
            print(f"zppo: rows that are not asked: {counted(dropped)}, such as {dropped[0]}", file=sys.stderr)
        self._verdict = RoutedScorer(extract=self._extract)
        if self._functions is None:
            self._verdict.check(self.questions)
            free = next(filter(is_free, self.questions), None)
            if free is not None and not options.judge:
                raise ConfigError(f"question {free.id!r} has a free-form answer; pass --judge URL_OR_MODEL")

    @property
    def benchmark(self) -> Benchmark:
        return own_benchmark(self._options.data, self.questions, self._extract)

    def protocol(self, judge: EvaluationJudge | None, templates: Templates) -> TrainingProtocol:
        named = self._options.function or []
        code = [each for each in [*named, *self._extract.names] if ":" in each and not each.startswith("regex:")]
        files = [digest(source("--function", each.removeprefix("python:"))) for each in code]
        mark = repr((self._extract.names, named, files, judge.model if judge else None))
        grade: Grade = self._verdict.grade
        if self._functions is not None:
            grade = partial(self._functions.grade, extract=self._extract)
        else:
            self._verdict.judge = Judge(judge.engine, templates, judge.max_tokens) if judge else None
        return TrainingProtocol(grade, hashlib.sha256(mark.encode()).hexdigest())

    def close(self) -> None:
        self._verdict.close()
        if self._functions is not None:
            self._functions.close()


def _columns(text: str | None) -> Any:
    try:
        columns = load_yaml(text) if text else None
    except yaml.YAMLError as error:
        raise ConfigError(f"--columns: {text!r} is not valid YAML; quote it") from error
    if columns is not None and not isinstance(columns, dict):
        raise ConfigError(f"--columns is {text!r}; write a mapping such as '{{question: problem, answer: solution}}'")
    return columns
