"""The paper's own scores (arXiv 2606.18216, tables of appendix B): every student, method and benchmark it reports.

For Hint and Prefix it prints only family averages (table 4), stored under the names of `AVERAGES`.
"""

from functools import cache
from importlib import resources
from pathlib import Path

from zppo.errors import ConfigError, nearest
from zppo.evals.results import Result, read_results

PAPER = Path(str(resources.files("zppo.evals").joinpath("data", "paper_results.csv")))


@cache
def paper_results() -> tuple[Result, ...]:
    return tuple(read_results([PAPER]))


def paper_methods(student: str) -> list[str]:
    """Methods that the paper reports for a student, in its order. Raises ConfigError for an unknown student."""
    students = {r.student for r in paper_results()}
    if student not in students:
        raise ConfigError(f"the paper has no student {student!r}{nearest(student, students)}")
    return list(dict.fromkeys(r.method for r in paper_results() if r.student == student))


def paper_scores(student: str, method: str) -> dict[str, float]:
    """Scores by benchmark (the paper's column names), and printed averages under the names of `AVERAGES`.

    Raises ConfigError for an unknown student or method.
    """
    own = paper_methods(student)
    if method not in own:
        raise ConfigError(f"the paper has no method {method!r} for {student}{nearest(method, own)}")
    return {r.benchmark: r.score for r in paper_results() if (r.student, r.method) == (student, method)}
