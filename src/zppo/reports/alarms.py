"""The alarms of a run as lines of a report."""

from dataclasses import dataclass

from zppo.run.directory import RunDirectory


@dataclass(frozen=True)
class AlarmLine:
    """An alarm from its `first` to its `last` step; it held in `steps` of them, and in the last as `sentence` says."""

    name: str
    first: int
    last: int
    steps: int
    sentence: str


def alarm_lines(run: RunDirectory) -> list[AlarmLine]:
    """One line for each alarm that ever held, in order of their first steps."""
    lines: dict[str, AlarmLine] = {}
    for row in run.alarms():
        name, step = row["alarm"], row["step"]
        before = lines.get(name, AlarmLine(name, step, step, 0, ""))
        lines[name] = AlarmLine(name, before.first, step, before.steps + 1, row["sentence"])
    return list(lines.values())
