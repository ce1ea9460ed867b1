"""Rows and questions dropped from the data: listed in the run directory, counted and logged."""

import logging
from collections.abc import Mapping, Sequence

from zppo.data.dropped import Dropped, counted
from zppo.data.filters import readable
from zppo.run.directory import RunDirectory
from zppo.types import Question

logger = logging.getLogger(__name__)


class DropLog:
    """Rows dropped at the start, by part of the data (train, eval), and questions dropped in rollout steps."""

    def __init__(self, directory: RunDirectory, at_start: Mapping[str, Sequence[Dropped]]) -> None:
        self._directory, self._at_start = directory, at_start
        self._in_step: list[Dropped] = []

    def begin_run(self) -> None:
        """List and count the rows dropped at the start."""
        self._directory.write_dropped(
            [{"data": part, **each.as_json()} for part, dropped in self._at_start.items() for each in dropped]
        )
        for part, dropped in self._at_start.items():
            if dropped:
                told = f"{len(dropped)} rows of data.{part} are not asked ({counted(dropped)})"
                logger.warning("%s: see %s", told, self._directory.dropped_file)

    def begin_step(self, dropped: Sequence[Dropped]) -> None:
        """`dropped`: rows dropped while reading the step's new questions."""
        self._in_step = list(dropped)

    def readable(self, questions: Sequence[Question]) -> list[Question]:
        """The replayed questions whose media can still be decoded. The others stay in the buffer."""
        good, dropped = readable(questions)
        self._in_step += dropped
        return good

    def end_step(self, step: int) -> dict[str, float]:
        """List the rows that the step dropped and return their number as a metric."""
        if self._in_step:
            self._directory.log_dropped(step, [{"data": "train", **each.as_json()} for each in self._in_step])
            logger.warning("step %d: %s", step, "; ".join(map(str, self._in_step)))
        return {"data/dropped": len(self._in_step)}
