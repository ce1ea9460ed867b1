"""A comparison as people read it."""

from typing import Any

import pytest
from cells import comparison, evaluation, grid, straight_line, summary

from zppo.compare.tables import (
    cell_table,
    cluster_table,
    cost_table,
    course_table,
    curve_table,
    graduation_table,
    markdown,
    result_table,
    table,
)

NO_BUFFER: dict[str, Any] = {"graduated": {}, "admitted": {}, "replayed": {}, "left_by_visits": {}, "audit": {}}


def rows(text: str) -> dict[str, list[str]]:
    """The cells of a Markdown table by the first cell of the row."""
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines()]
    return {line[0]: line[1:] for line in lines}


def test_results_are_mean_and_spread_with_a_paired_difference_to_the_baseline() -> None:
    found = comparison(grid(seeds=(0, 1, 2)))
    shown = rows(result_table(found.summaries, "grpo", 3))
    assert shown["label"][-2:] == ["minus grpo, paired [95 %]", "wins"]
    # average hard: mean over steps 5 and 10 of (seed / 100 + step / 25), for zppo twice that
    assert shown["grpo"] == ["0.410 ± 0.010", "0.900 ± 0.000", "0.500 ± 0.000", "0.310 ± 0.010", "–", "–"]
    assert shown["zppo"][3:] == ["0.620 ± 0.020", "+0.310 [+0.300, +0.320]", "3/3"]


def test_a_single_seed_has_no_interval_and_the_note_says_so() -> None:
    found = comparison(grid(seeds=(0,)))
    assert rows(result_table(found.summaries, "grpo", 1))["zppo"][3:] == ["0.600", "+0.300", "1/1"]
    assert "One seed: no spread, no interval." in markdown(found)


def test_few_seeds_come_with_a_warning_and_many_without() -> None:
    assert "with 2 seeds it is too narrow" in markdown(comparison(grid()))
    assert "too narrow" not in markdown(comparison(grid(seeds=range(10))))


def test_the_learning_curve_is_the_mean_over_seeds() -> None:
    shown = rows(curve_table(comparison(grid()).at("steps")))
    assert shown["label"] == ["step 0", "step 5", "step 10"]
    assert shown["grpo"] == ["0.005", "0.205", "0.405"]


def test_a_long_learning_curve_keeps_first_and_last_and_eleven_columns() -> None:
    found = comparison(grid(), make=lambda *_: summary(*((s, s, 0.5) for s in range(47))))
    header = rows(curve_table(found.at("steps")))["label"]
    assert len(header) == 11 and (header[0], header[-1]) == ("step 0", "step 46")


def test_labels_evaluated_at_other_steps_leave_a_gap() -> None:
    def make(label: str, seed: int) -> dict[str, Any]:
        last = 8 if label.endswith("=8") else 4
        return summary((0, 0, 0.0), (last, 100, 0.5))

    found = comparison(grid(("grpo",), rollout_steps=["4", "8"]), make=make)
    shown = rows(curve_table(found.at("steps")))
    assert shown["grpo rollout_steps=4"] == ["0.000", "0.500", "–"]
    assert "#### Every run at its end, after 4 to 8 rollout steps" in markdown(found)


def test_graduates_are_summed_over_seeds_for_the_methods_with_a_buffer() -> None:
    """Of all admitted questions, and of those that were replayed at least once."""

    def make(label: str, seed: int) -> dict[str, Any]:
        counts: dict[str, Any] = dict(NO_BUFFER)
        if label == "zppo":
            counts |= {"graduated": {"0": 12}, "admitted": {"0": 30, "0.125": 3 * seed}, "replayed": {"0": 15 + seed}}
        return {"evaluations": [evaluation(0, 0, 0.0), evaluation(10, 100, 0.5, **counts)]}

    found = comparison(grid(), make=make)
    header = {"label": ["entered at 0%", "entered at 12.5%"], "---": ["---"] * 2}
    shown = [rows(graduation_table(found.at("steps"), of)) for of in ("admitted", "replayed")]
    assert shown == [header | {"zppo": ["24/60 (40%)", "0/3 (0%)"]}, header | {"zppo": ["24/31 (77%)", "–"]}]
    assert "0: 12/30, 0.125: 0/3" in cell_table(found.readings)
    text = markdown(found)
    assert "Graduated / admitted questions by plain accuracy at entry, summed over seeds:" in text
    assert "Graduated / admitted questions that were replayed at least once, by plain accuracy at entry" in text


def test_questions_that_left_are_shown_by_visits_and_course() -> None:
    def make(label: str, seed: int) -> dict[str, Any]:
        left: dict[str, Any] = {
            "0": {"never_improved": 2},
            "1": {"graduated": 3, "improved": seed},
            "7": {"improved": 1},
        }
        counts = NO_BUFFER | ({"left_by_visits": left | {"11": {"graduated": 3}}} if label == "zppo" else {})
        return {"evaluations": [evaluation(0, 0, 0.0), evaluation(10, 100, 0.5, **counts)]}

    found = comparison(grid(), make=make)
    shown = rows(course_table(found.at("steps")))
    assert shown["label"] == [f"{n} visits" for n in ("0", "1", "2", "3", "4", "5", "6 or more")]
    assert shown["zppo"] == ["0 / 0 / 100", "86 / 14 / 0", "–", "–", "–", "–", "75 / 25 / 0"]
    assert "grpo" not in shown
    assert "graduated / improved without graduating / never improved (%), summed over seeds:" in markdown(found)


def test_the_audit_is_a_row_per_label_summed_over_seeds_above_the_papers() -> None:
    def make(label: str, seed: int) -> dict[str, Any]:
        audit = {"ncq_wrong_matches_listed": 3 * seed, "ncq_right_matches_teacher": 1} if label == "zppo" else {}
        end = evaluation(10, 100, 0.5, **(NO_BUFFER | {"audit": audit}))
        return {"evaluations": [evaluation(0, 0, 0.0), end]}

    text = markdown(comparison(grid(), make=make))
    (table_of_ncq,) = [part for part in text.split("\n\n") if "not shown (%)" in part]
    shown = rows(table_of_ncq)
    assert shown["zppo"] == ["5", "60.0", "40.0", "0.0", "40.0"]
    assert shown["paper, 0.8B"] == ["1,656", "82.7", "0.4", "16.9", "1.2"]
    assert "grpo" not in shown and "BCQ audit" not in text


def test_without_a_buffer_and_aids_there_is_no_table_of_them() -> None:
    run = {"evaluations": [evaluation(0, 0, 0.0), evaluation(10, 100, 0.5, **NO_BUFFER)]}
    text = markdown(comparison(grid(), make=lambda *_: run))
    assert not [word for word in ("Graduated", "left the buffer", "audit") if word in text]


def test_each_cluster_shows_what_was_gained_and_what_was_lost() -> None:
    def make(label: str, seed: int) -> dict[str, Any]:
        now = {
            "bars": {"easy": 0.5 if label == "zppo" else 1.0, "hard": 0.25 + seed / 2},
            "words": {"easy": None, "hard": 1},
        }
        before = {"bars": {"easy": 1.0, "hard": 0.0}, "words": {"easy": None, "hard": 0.0}}
        rows = [evaluation(0, 0, 0.0, clusters=before), evaluation(10, 100, 0.5, clusters=now)]
        return {"evaluations": rows}

    lines = cluster_table(comparison(grid(), make=make).at("steps")).splitlines()
    assert lines[0] == "| cluster | level | before | grpo | zppo |"
    assert lines[2:] == [
        "| bars | hard | 0.000 | 0.500 | 0.500 |",
        "| words | hard | 0.000 | 1.000 | 1.000 |",
        "| bars | easy | 1.000 | 1.000 | 0.500 |",
    ]


def test_data_without_clusters_have_no_table_of_them() -> None:
    assert "each cluster" not in markdown(comparison(grid()))


def test_costs_are_means_with_their_ratio_to_the_baseline() -> None:
    shown = rows(cost_table(comparison(grid()).at("steps"), "grpo"))
    assert shown["label"] == ["student tokens", "teacher tokens", "gradient tokens", "seconds", "FLOPs"]
    assert shown["zppo"] == ["2,000 (2.00x)", "200 (2.00x)", "400 (2.00x)", "5 (1.00x)", "2.00e9 (2.00x)"]


def test_a_cost_that_the_baseline_has_not_has_no_ratio() -> None:
    def make(label: str, seed: int) -> dict[str, Any]:
        run = straight_line(label, seed)
        if label == "grpo":
            run["evaluations"][-1]["teacher_tokens"] = 0
        return run

    assert rows(cost_table(comparison(grid(), make=make).at("steps"), "grpo"))["zppo"][1] == "200"


def test_every_cell_has_a_row_for_each_matching() -> None:
    found = comparison(grid(), ("steps", "tokens"))
    lines = cell_table(found.readings).splitlines()
    assert len(lines) == 2 + 8 and len({line.count("|") for line in lines}) == 1
    assert lines[2] == (
        "| grpo | 0 | steps | 10 | 1,000 | 100 | 200 | 5 | 1.00e9 | 0.500 | 0.900 | 0.400 | 0.500 | 0.900 | 0.300 "
        "| 0: 5/10 | 0: 0.000, 5: 0.200, 10: 0.400 |"
    )


def test_both_matchings_are_shown_under_their_own_heading() -> None:
    text = markdown(comparison(grid(), ("steps", "tokens")))
    assert "#### Equal rollout steps: every run after 10 of them" in text
    assert "#### Equal student tokens: every run where it has sampled 1,000 of them" in text
    assert text.count("Cost of a run") == 2 and text.count("#### Learning curves") == 1


def test_without_hard_questions_the_tables_show_what_there_is() -> None:
    text = markdown(comparison(grid(), make=lambda *_: summary((0, 0, None), (10, 100, None))))
    assert "| zppo | – | 0.900 ± 0.000 | 0.500 ± 0.000 | – | – | – |" in text


@pytest.mark.parametrize("value", ["a|b", "|"])
def test_a_bar_in_a_label_does_not_make_a_column(value: str) -> None:
    assert table(["label"], [[value]]).splitlines()[-1] == "| " + value.replace("|", "\\|") + " |"
