"""Replays every attack and prints how many were tried and held, by kind: `python tests/attacks/run.py`.

Arguments go to pytest, and so does the exit status come from it: 0 if all but the pending ones were held.
"""

import sys
from collections import Counter
from pathlib import Path

import pytest


class Tally:
    """Counts outcomes by kind, which is the name of the file that an attack stands in."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.held: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        kind = Path(report.location[0]).stem.removeprefix("test_attack_")
        if report.when == "call" or report.failed:
            self.tried[kind] += 1
            self.held[kind] += report.passed

    def table(self) -> str:
        rows = [f"{kind:<12} {count:>6} {self.held[kind]:>6}" for kind, count in sorted(self.tried.items())]
        total = f"{'all':<12} {self.tried.total():>6} {self.held.total():>6}"
        return "\n".join([f"{'kind':<12} {'tried':>6} {'held':>6}", *rows, total])


def main(arguments: list[str]) -> int:
    tally = Tally()
    status = pytest.main([str(Path(__file__).parent), "-q", "--no-header", *arguments], plugins=[tally])
    print(tally.table())
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
