"""`zppo stats`: two methods compared over the benchmarks of a family."""

import json
import random
from pathlib import Path

import pytest

from zppo.cli.main import main
from zppo.compare.statistics import resamples
from zppo.evals.paper import PAPER, paper_results, paper_scores
from zppo.evals.results import Result, read_results, write_results
from zppo.evals.statistics import compare, macro_averages

HEADER = "student,method,family,benchmark,score\n"
PUBLISHED = {  # the paper's table of paired differences at 0.8B: difference, interval, wins, benchmarks
    "vlm": (4.79, 3.45, 6.12, 16, 16),
    "llm": (4.44, 2.02, 7.77, 8, 10),
    "video": (2.36, 1.54, 3.30, 5, 5),
}


def results(method: str, scores: dict[str, float], family: str = "llm", student: str = "S") -> list[Result]:
    return [Result(student, method, family, benchmark, score) for benchmark, score in scores.items()]


def write(folder: Path, rows: str, header: str = HEADER) -> str:
    path = folder / "results.csv"
    path.write_text(header + rows, "utf-8")
    return str(path)


def test_the_papers_comparison_comes_out_of_the_papers_scores(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["stats", str(PAPER), "--method", "zppo", "--baseline", "grpo+replay", "--student", "0.8B", "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert [entry["family"] for entry in found] == ["vlm", "llm", "video"]
    for entry in found:
        delta, low, high, wins, n = PUBLISHED[entry["family"]]
        assert entry["delta"] == pytest.approx(delta, abs=0.005)
        assert entry["low"] == pytest.approx(low, abs=0.3) and entry["high"] == pytest.approx(high, abs=0.3)
        assert (entry["wins"], entry["n"]) == (wins, n)


def test_the_table_has_a_line_per_student_and_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", "paper", "--method", "zppo", "--baseline", "grpo+replay"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [tuple(line.split()[:2]) for line in lines[1:]] == [
        (student, family) for student in ("0.8B", "2B", "4B", "9B") for family in ("vlm", "llm", "video")
    ]
    assert lines[2].split() == ["0.8B", "llm", "33.1", "28.7", "+4.44", "[+2.01,", "+7.71]", "8/10"]


def test_all_comparisons_share_one_resample() -> None:
    """The difference of two intervals' resampled means is then the resampled mean of the difference."""
    assert resamples(16) == resamples(16)
    gains = {"a": 1.0, "b": 4.0, "c": 2.0, "d": -1.0}
    zero = results("base", dict.fromkeys(gains, 0.0))
    once = compare(results("x", gains) + zero, "x", "base").families[0]
    doubled = compare(results("y", {k: 2 * v for k, v in gains.items()}) + zero, "y", "base").families[0]
    assert (2 * once.delta, 2 * once.low, 2 * once.high) == (doubled.delta, doubled.low, doubled.high)  # type: ignore[operator]


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = [r for r in paper_results() if r.student == "2B"]
    shuffled = random.Random(3).sample(rows, len(rows))
    one, other = (compare(r, "zppo", "base").families for r in (rows, shuffled))
    assert [(c.family, round(c.delta, 9), c.wins) for c in one] == [
        (c.family, round(c.delta, 9), c.wins) for c in other
    ]
    assert [(c.low, c.high) for c in one] == [(c.low, c.high) for c in other]


def test_a_tie_is_no_win() -> None:
    found = compare(results("a", {"x": 3.3, "y": 5.0}) + results("b", {"x": 3.3, "y": 4.0}), "a", "b")
    assert (found.families[0].wins, found.families[0].n) == (1, 2)


def test_a_single_benchmark_has_no_interval() -> None:
    found = compare(results("a", {"x": 3.0}) + results("b", {"x": 1.0}), "a", "b").families[0]
    assert (found.delta, found.low, found.high, found.n) == (2.0, None, None, 1)


def test_a_benchmark_that_one_side_lacks_is_left_out_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "S,a,llm,x,3\nS,a,llm,y,9\nS,b,llm,x,1\nS,b,llm,z,1\n")
    assert main(["stats", path, "--method", "a", "--baseline", "b", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [(entry["delta"], entry["n"]) for entry in json.loads(out)] == [(2.0, 1)]
    assert "only a has, of S, y" in err and "only b has, of S, z" in err


def test_of_hint_and_prefix_the_paper_has_averages_alone_which_are_compared_without_an_interval(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["stats", "paper", "--method", "zppo", "--baseline", "hint+replay", "--student", "2B"]) == 0
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()[1:]]
    assert [(row[1], row[3], row[-2:]) for row in rows] == [
        (family, average, ["averages", "only"])
        for family, average in (("vlm", "60.4"), ("llm", "47.6"), ("video", "61.6"))
    ]
    assert err == ""
    assert main(["stats", "paper", "--method", "hint+replay", "--baseline", "prefix+replay", "--json"]) == 0
    found = {(entry["student"], entry["family"]): entry for entry in json.loads(capsys.readouterr().out)}
    assert found["0.8B", "vlm"]["delta"] == pytest.approx(47.2 - 45.5) and found["0.8B", "vlm"]["low"] is None


def test_results_of_several_files_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.csv"
    write_results(mine, results("mine", paper_scores("2B", "zppo") | {"AIME25": 99.0}, student="2B"))
    assert main(["stats", "paper", str(mine), "--method", "mine", "--baseline", "zppo", "--json"]) == 0
    assert [(entry["family"], entry["n"]) for entry in json.loads(capsys.readouterr().out)] == [("llm", 10)]


def test_written_results_are_read_again(tmp_path: Path) -> None:
    rows = [Result('a, "b"', "zppo", "vlm", "AI2D", 100 / 3)]
    write_results(tmp_path / "r.csv", rows)
    assert read_results([tmp_path / "r.csv"]) == [Result('a, "b"', "zppo", "vlm", "AI2D", 33.3333)]


def test_the_papers_averages() -> None:
    own = [r for r in paper_results() if (r.student, r.method) == ("0.8B", "zppo")]
    assert {f: round(v, 1) for f, v in macro_averages(own).items()} == {"vlm": 50.2, "llm": 33.1, "video": 52.9}


@pytest.mark.parametrize(
    ("rows", "header", "says"),
    [
        (
            "S,a,llm,x,3\n",
            "student,method,family,benchmarks,score\n",
            "no column 'benchmark'; did you mean 'benchmarks'?",
        ),
        ("S,a,llm,x,3\nS,a,llm,x,4\n", HEADER, "line 3: the score of S, a, llm, x already stands in"),
        ("S,a,llm,x,good\n", HEADER, "line 2: the score 'good' is not a number"),
        ("S,a,llm,x,nan\n", HEADER, "line 2: the score 'nan' is not a number"),
        ("S,a,llm,x\n", HEADER, "line 2: the column 'score' is empty"),
        ("", HEADER, "there are no results"),
        ("", "", "there is no column 'student'"),
        ("S,aa,llm,x,3\nS,b,llm,x,3\n", HEADER, "no results of method 'a'; did you mean 'aa'?"),
        ("S,a,llm,x,3\nT,b,llm,x,3\n", HEADER, "no student has results of both 'a' and 'b'"),
        ("S,a,llm,x,3\nS,b,llm,y,3\n", HEADER, "'a' and 'b' have no benchmark in common"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: str, header: str, says: str
) -> None:
    assert main(["stats", write(tmp_path, rows, header), "--method", "a", "--baseline", "b"]) == 2
    assert says in capsys.readouterr().err


def test_a_missing_file_and_an_unknown_student_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(tmp_path / "no.csv"), "--method", "a", "--baseline", "b"]) == 2
    assert "no.csv: not a CSV file that can be read" in capsys.readouterr().err
    assert main(["stats", "paper", "--method", "zppo", "--baseline", "base", "--student", "0.8"]) == 2
    assert "no results of student '0.8'; did you mean '0.8B'?" in capsys.readouterr().err
