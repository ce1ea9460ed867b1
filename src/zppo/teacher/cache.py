"""Cache of teacher responses on disk: a repeated or resumed run does not ask again.

A response belongs to model, question, prompt with its media, number of responses, sampling and visit. The seed of a
sampling differs from visit to visit, so that a question that comes back is answered afresh.
"""

import hashlib
import json
import logging
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zppo.engines.base import Priority, refuse_logprobs
from zppo.engines.endpoint import EndpointEngine
from zppo.errors import TeacherError
from zppo.models.messages import digest
from zppo.types import Group, Media, Prompt, Rollout, Sampling

TABLE = """CREATE TABLE IF NOT EXISTS responses (
    key TEXT PRIMARY KEY, model TEXT, prompt TEXT, rollouts TEXT, prompt_tokens INTEGER
)"""
COLUMNS = "key, model, prompt, rollouts, prompt_tokens"
PATIENCE = 30.0
"""Seconds for which a file that another run writes to is waited for."""
logger = logging.getLogger(__name__)
KEPT = ("token_ids", "text", "finish_reason", "reported_tokens", "opened")


class CachedEngine:
    """`engine`, asked only what the file at `path` does not hold. Groups that lack a response are not kept.

    The file is read and written in a thread of its own. What could not be written is told and counted: a run that is
    made again would ask for it.

    `offline`, the file is all there is, and what it lacks is missing like the responses of a dead server. `model` is
    the name whose responses are looked up: that under which the servers are asked. Safe from any thread. Raises
    TeacherError for a file that is no cache.
    """

    works_ahead = True

    def __init__(self, path: str | Path, engine: EndpointEngine, offline: bool = False) -> None:
        self.engine = engine
        self.parameters = engine.parameters
        self.model = engine.model
        self._path, self._offline = path, offline
        self._disk = ThreadPoolExecutor(1, "zppo-cache")  # one thread: reads come after the writes before them
        self._counts = {"hits": 0, "misses": 0, "unkept": 0}
        self._digests: dict[Media, str] = {}
        self._closed = False
        if offline and not Path(path).is_file():
            raise TeacherError(f"teacher.cache: {path} is not there, and teacher.offline lets nobody else be asked")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = self._disk.submit(_opened, path).result()
        except sqlite3.Error as error:
            raise TeacherError(f"teacher.cache: {path} is no cache of teacher responses ({error})") from error

    def check(self) -> None:
        """Settle on `model`. Raises EngineError if the teacher would have to be asked and cannot be.

        `offline`, raises TeacherError when it is not clear which of the models in the file is meant.
        """
        if self._offline:
            self.model = self._kept_model(self.engine.config.model)
        else:
            self.engine.check()
            self.model = self.engine.model

    def submit(self, prompt: Prompt, n: int, sampling: Sampling, priority: Priority | None = None) -> "Future[Group]":
        refuse_logprobs(sampling)
        key = self._key(prompt, n, sampling)
        found = self._read(key, prompt)
        self._counts["misses" if found is None else "hits"] += 1
        if found is None and not self._offline:
            asked = self.engine.submit(prompt, n, sampling, priority)
            asked.add_done_callback(lambda future: self._keep(key, n, future))
            return asked
        there: Future[Group] = Future()
        there.set_result(found or Group(prompt, []))
        return there

    def fits(self, prompt: Prompt, sampling: Sampling) -> bool:
        return self.engine.fits(prompt, sampling)

    def metrics(self) -> dict[str, float]:
        """Counts since the last call, and those of the engine."""
        counts, self._counts = self._counts, dict.fromkeys(self._counts, 0)
        return {f"cache/{name}": float(count) for name, count in counts.items()} | self.engine.metrics()

    def close(self) -> None:
        self.engine.close()
        if not self._closed:
            self._closed = True
            self._disk.submit(self._file.close)
        self._disk.shutdown()

    def _key(self, prompt: Prompt, n: int, sampling: Sampling) -> str:
        """Everything that a response depends on. Raises DataError for media that cannot be decoded."""
        parts: list[Any] = [self.model, prompt.question.id, prompt.text, n]
        parts += [self.engine.config.further_fields(sampling.thinking)]
        parts += [self._digest(media) for media in prompt.media]
        parts += [dict(turn) for turn in prompt.turns]
        drawn = {name: value for name, value in asdict(sampling).items() if name != "logprobs"}  # which are refused
        return hashlib.sha256(json.dumps([*parts, drawn], sort_keys=True).encode()).hexdigest()

    def _kept_model(self, wanted: str | None) -> str:
        """The wanted one, or the only one of the file: which a server that lists a single model was asked for too."""
        kept = sorted(model for (model,) in self._select("DISTINCT model FROM responses"))
        if wanted in kept:
            return str(wanted)
        if len(kept) != 1:
            what = ", ".join(kept) or "none"
            raise TeacherError(
                f"teacher.cache: {self._path} holds responses of these models: {what}; name the one that is meant"
            )
        return str(kept[0])

    def _digest(self, media: Media) -> str:
        """Digest of the content, which is read once."""
        if media not in self._digests:
            self._digests[media] = digest(media)
        return self._digests[media]

    def _read(self, key: str, prompt: Prompt) -> Group | None:
        rows = self._select("rollouts, prompt_tokens FROM responses WHERE key = ?", key)
        if not rows:
            return None
        ((rollouts, prompt_tokens),) = rows
        return Group(prompt, [Rollout(**kept) for kept in json.loads(rollouts)], reported_prompt_tokens=prompt_tokens)

    def _select(self, what: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            return self._disk.submit(lambda: self._file.execute(f"SELECT {what}", values).fetchall()).result()
        except sqlite3.Error as error:
            raise TeacherError(f"teacher.cache: {self._path} cannot be read ({error})") from error

    def _keep(self, key: str, n: int, asked: "Future[Group]") -> None:
        if asked.cancelled() or asked.exception() is not None or len(asked.result().rollouts) < n:
            return
        group = asked.result()
        rollouts = json.dumps([{name: getattr(rollout, name) for name in KEPT} for rollout in group.rollouts])
        row = (key, self.model, group.prompt.text, rollouts, group.prompt_tokens)
        self._disk.submit(self._write, row)

    def _write(self, row: tuple[Any, ...]) -> None:
        try:
            self._file.execute(f"INSERT OR REPLACE INTO responses ({COLUMNS}) VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            self._counts["unkept"] += 1
            logger.warning("teacher.cache: %s: a response could not be kept (%s)", self._path, error)


def _opened(path: str | Path) -> sqlite3.Connection:
    """To be used in the thread that opens it."""
    file = sqlite3.connect(path, PATIENCE, isolation_level=None)
    file.execute("PRAGMA journal_mode=WAL")
    file.execute(TABLE)
    file.execute(f"SELECT {COLUMNS} FROM responses LIMIT 0")  # fails where a table of that name is another one
    return file
