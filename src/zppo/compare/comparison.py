"""Results of a comparison: every cell read at every matching, and summaries of each label over its seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zppo.compare.grid import Cell, Grid, Matching
from zppo.compare.reading import LEVELS, Reading, Row, read_cell, token_budget
from zppo.compare.statistics import Difference, Spread, paired_difference, resamples, spread


@dataclass(frozen=True)
class LabelSummary:
    """All seeds of a label at one matching. `difference` is that of the average hard accuracy to the baseline's.

    Values are None if there are no such questions.
    """

    label: str
    matching: Matching
    accuracy: dict[str, Spread | None]
    average: dict[str, Spread | None]
    difference: Difference | None


@dataclass(frozen=True)
class Comparison:
    """`whole` has every cell read at its end, `readings` every cell at each matching; `budget` in student tokens."""

    grid: Grid
    baseline: str
    matchings: Sequence[Matching]
    budget: int | None
    whole: Sequence[Reading]
    readings: Sequence[Reading]
    summaries: Sequence[LabelSummary]

    def at(self, matching: Matching) -> dict[str, list[Reading]]:
        """The readings at `matching` by label, in the order of the seeds."""
        return by_label(self.grid, [reading for reading in self.readings if reading.matching == matching])


def compared(grid: Grid, baseline: str, matchings: Sequence[Matching], summaries: Mapping[Cell, Row]) -> Comparison:
    """Read the summaries of all cells. Raises CompareError if there is no budget for equal tokens."""
    budget = token_budget(summaries) if "tokens" in matchings else None
    cells = sorted(grid.cells, key=lambda cell: grid.labels.index(cell.label))
    whole = [read_cell(cell, summaries[cell]) for cell in cells]
    readings, labels = [], []
    for matching in matchings:
        read = whole if matching == "steps" else [read_cell(cell, summaries[cell], budget) for cell in cells]
        readings += read
        labels += _label_summaries(by_label(grid, read), baseline, matching)
    return Comparison(grid, baseline, matchings, budget, whole, readings, labels)


def by_label(grid: Grid, readings: Sequence[Reading]) -> dict[str, list[Reading]]:
    """The readings of each label, in the order of the seeds."""
    return {label: [reading for reading in readings if reading.label == label] for label in grid.labels}


def _label_summaries(readings: Mapping[str, list[Reading]], baseline: str, matching: Matching) -> list[LabelSummary]:
    draws = resamples(len(readings[baseline]))
    against = [reading.average["hard"] for reading in readings[baseline]]
    return [
        LabelSummary(
            label=label,
            matching=matching,
            accuracy={level: spread([reading.accuracy[level] for reading in seeds]) for level in LEVELS},
            average={level: spread([reading.average[level] for reading in seeds]) for level in LEVELS},
            difference=paired_difference([reading.average["hard"] for reading in seeds], against, draws),
        )
        for label, seeds in readings.items()
    ]
