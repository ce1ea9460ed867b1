"""Runs benchmarks: items -> prompts -> responses -> verdicts -> scores. What is done once is never done again.

OUT/settings.json         what must not change when a run goes on
OUT/journal/<slug>.jsonl  every response and verdict, as they come
OUT/results/<slug>.json   what came out of a benchmark
OUT/results/<slug>.parquet  every prompt, response and verdict
OUT/summary.json, OUT/results.csv  all benchmarks of the folder put together
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from zppo.errors import CheckpointError, EngineError, ZppoError
from zppo.evals.benchmark import Benchmark, Item
from zppo.evals.items import ALL, Extent, Items
from zppo.evals.journal import Journal, Response
from zppo.evals.outcome import Outcome, outcome, write_record
from zppo.evals.protocols import Protocols
from zppo.evals.respondent import Respondent
from zppo.evals.rules import unbroken
from zppo.evals.source import open_rows
from zppo.reports.files import write_atomically
from zppo.reports.progress import Progress, Silent
from zppo.types import Group, Prompt, Question
from zppo.zone.prompts import Templates

logger = logging.getLogger(__name__)


class Runner:
    """`settings` describe the rest (model, seed, sampling, ...) in JSON values, for whoever goes on in `out`.

    Raises CheckpointError for a folder that holds an evaluation with other settings.
    """

    def __init__(
        self,
        respondent: Respondent,
        protocols: Protocols,
        out: Path,
        extent: Extent = ALL,
        settings: Mapping[str, Any] | None = None,
        templates: Templates | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._respondent = respondent
        self._protocols = protocols
        self.extent = extent
        self._templates = templates or Templates.load()
        self._progress = progress or Silent()
        self.out = out
        (out / "results").mkdir(parents=True, exist_ok=True)
        _keep(out / "settings.json", {**(settings or {}), **self._settings()})

    def run(self, benchmarks: Sequence[Benchmark]) -> dict[str, str]:
        """Evaluate all that can be; what went wrong, by slug. A benchmark that fails does not stop the others.

        One that was evaluated before keeps what came out then.
        """
        errors: dict[str, str] = {}
        self._progress.begin("benchmark", len(benchmarks))
        for number, benchmark in enumerate(benchmarks, start=1):
            path = self.out / "results" / f"{benchmark.slug}.json"
            try:
                write_atomically(path, json.dumps(asdict(self._evaluate(benchmark)), indent=1) + "\n")
            except Exception as error:  # data of others hold more than anybody foresees
                said = _what_went_wrong(error).removeprefix(f"{benchmark.slug}: ")
                errors[benchmark.slug] = f"{said} (its score is an earlier run's)" if path.is_file() else said
                logger.error("%s: %s", benchmark.slug, said, exc_info=not isinstance(error, ZppoError))
            self._progress.done(number)
        return errors

    def outcomes(self) -> list[Outcome]:
        """All that the folder holds, of earlier runs too, by slug."""
        paths = sorted((self.out / "results").glob("*.json"))
        return [Outcome(**json.loads(path.read_text("utf-8"))) for path in paths]

    def _evaluate(self, benchmark: Benchmark) -> Outcome:
        self._protocols.check(benchmark)
        source = open_rows(benchmark, self.extent.data, self.out / "unpacked" / benchmark.slug)
        items = Items(benchmark, source, self.extent)
        journal = Journal(self.out / "journal" / f"{benchmark.slug}.jsonl")
        try:
            done = self._work_off(benchmark, items, journal)
            found = outcome(benchmark, done, journal, items.rows, whole=self.extent.limit is None)
            write_record(self.out / "results" / f"{benchmark.slug}.parquet", done, journal)
            return found
        finally:
            journal.close()

    def _work_off(self, benchmark: Benchmark, items: Items, journal: Journal) -> list[Item]:
        """Batch by batch: responses, then verdicts. Gives the items, which no longer hold pixels."""
        done: list[Item] = []
        limit = self.extent.limit  # how many items all rows give is known when they are read
        expected, unit = (limit, "item") if limit else (benchmark.data.rows, "row")
        self._progress.phase(f"{benchmark.slug}: {unit}s", expected or 0)
        counted = 0
        for batch in _batches(items, self._respondent.batch):
            self._answer(benchmark, batch, journal)
            self._score(benchmark, batch, journal)
            done += map(_without_pixels, batch)
            before, counted = counted, len(done) if limit else items.rows
            self._progress.advance(counted - before)
        return done

    def _answer(self, benchmark: Benchmark, batch: Sequence[Item], journal: Journal) -> None:
        prompts = {item.question.id: self._prompt(item) for item in batch}
        for identity, prompt in prompts.items():
            known = journal.responses.get(identity)
            if known and (known.prompt, known.turns) != (prompt.text, _turns(prompt)):
                raise CheckpointError(
                    f"{benchmark.slug}, {identity!r}: the question is not the one that {journal.path} holds a response "
                    "to; the data have changed. Evaluate into another folder"
                )
        open_ = [prompt for identity, prompt in prompts.items() if identity not in journal.responses]
        if not open_:
            return
        self._respondent.answer(benchmark.slug, open_, partial(_keep_responses, journal))
        missing = sum(prompt.question.id not in journal.responses for prompt in open_)
        if missing:
            raise EngineError(f"{benchmark.slug}: {missing} responses never came; the same command goes on from here")

    def _score(self, benchmark: Benchmark, batch: Sequence[Item], journal: Journal) -> None:
        known = journal.verdicts
        stale = [item for item in batch if not self._protocols.holds(known.get(item.question.id), item)]
        if stale:
            answered = [(item, journal.responses[item.question.id].text) for item in stale]
            verdicts = self._protocols.score(benchmark, answered)
            journal.add_verdicts({item.question.id: v for item, v in zip(stale, verdicts, strict=True)})

    def _prompt(self, item: Item) -> Prompt:
        return Prompt(
            "plain", item.question, self._templates.plain(item.question), turns=(*item.question.turns, *item.turns)
        )

    def _settings(self) -> dict[str, Any]:
        return {
            "sampling": asdict(self._respondent.sampling),
            "prompt": self._templates.plain(Question("", "{question}", "")),
            "limit": self.extent.limit,
            "pixels": list(self.extent.pixels),
            "frames": self.extent.frames,
            "fps": self.extent.fps,
        }


def _keep(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings, or refuse others than those that are there."""
    mine = json.loads(json.dumps(settings))
    there = json.loads(path.read_text("utf-8")) if path.is_file() else mine
    for name in sorted({*mine, *there}):
        if mine.get(name) != there.get(name):
            raise CheckpointError(
                f"{path.parent} holds an evaluation with another {name}: there {there.get(name)!r}, here "
                f"{mine.get(name)!r}; evaluate into another folder (--out)"
            )
    write_atomically(path, json.dumps(mine, indent=1, sort_keys=True) + "\n")


def _what_went_wrong(error: Exception) -> str:
    return str(error) if isinstance(error, ZppoError) else f"{type(error).__name__}: {error}"


def _batches(items: Items, size: int) -> Iterator[list[Item]]:
    """Always the same ones, whatever is done already: a batch is sampled as a whole."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


def _keep_responses(journal: Journal, groups: Sequence[Group]) -> None:
    came = {group.question.id: _response(group) for group in groups if group.rollouts}
    if came:
        journal.add_responses(came)


def _response(group: Group) -> Response:
    said, prompt = group.rollouts[0], group.prompt
    text = unbroken(said.whole)
    return Response(prompt.text, text, said.finish_reason, said.tokens, group.prompt_tokens, _turns(prompt))


def _turns(prompt: Prompt) -> list[dict[str, str]]:
    return [dict(turn) for turn in prompt.turns]


def _without_pixels(item: Item) -> Item:
    """Names are kept, images go: a benchmark's do not fit into memory together."""
    media = tuple(replace(medium, load=_gone) for medium in item.question.media)
    return replace(item, question=replace(item.question, media=media))


def _gone() -> Any:
    raise EngineError("the media of an item that was asked are no longer there")
