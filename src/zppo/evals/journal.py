"""Journal of an evaluation: an append-only file per benchmark, from which a killed run resumes.

Every line is a batch: `{"responses": {id: ...}}` or `{"verdicts": {id: ...}}`, on disk before the next one is begun.
Responses of a server are lines of their own, in order of arrival. A line cut off by a kill is
removed, and its batch repeated. Of two verdicts the later one counts.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zppo.errors import CheckpointError
from zppo.evals.protocols import Verdict


@dataclass(frozen=True)
class Response:
    """A model's response to one item. `prompt` holds a mark in the place of each medium; `turns` precede it."""

    prompt: str
    text: str
    finish_reason: str
    tokens: int
    prompt_tokens: int
    turns: list[dict[str, str]] = field(default_factory=list)


class Journal:
    """File of responses and verdicts. Raises CheckpointError if it is not a journal, is damaged elsewhere than at its
    end, or is being written by another process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.responses: dict[str, Response] = {}
        self.verdicts: dict[str, Verdict] = {}
        whole = 0
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CheckpointError(f"{path}: another process is evaluating this benchmark here") from error
        self._file.seek(0)
        for number, line in enumerate(self._file, start=1):
            if not line.endswith(b"\n"):
                break
            self._take(line, number)
            whole += len(line)
        self._file.truncate(whole)

    def add_responses(self, responses: Mapping[str, Response]) -> None:
        self._append({"responses": {i: asdict(response) for i, response in responses.items()}})
        self.responses |= responses

    def add_verdicts(self, verdicts: Mapping[str, Verdict]) -> None:
        self._append({"verdicts": {i: asdict(verdict) for i, verdict in verdicts.items()}})
        self.verdicts |= verdicts

    def close(self) -> None:
        self._file.close()

    def _append(self, batch: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(batch).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _take(self, line: bytes, number: int) -> None:
        try:
            batch = json.loads(line)
            self.responses |= {i: Response(**values) for i, values in batch.get("responses", {}).items()}
            self.verdicts |= {i: Verdict(**values) for i, values in batch.get("verdicts", {}).items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise CheckpointError(
                f"{self.path}, line {number}: not a batch of this evaluation ({error}); take the file away to evaluate "
                "this benchmark anew"
            ) from error
