"""The choice of worked examples."""

from pathlib import Path

from runs import group, make_run

from zppo.reports.examples import Solved, Survey, Visit, choose, worked_examples
from zppo.run.directory import RunDirectory
from zppo.types import MEDIA_MARK, Media, Question, StepBatch

BOTH = frozenset({"bcq", "ncq"})


def ids(visits: list[Visit]) -> list[str]:
    return [v.question_id for v in visits]


def test_questions_with_both_kinds_of_help_come_first() -> None:
    visits = [Visit(1, "one", None, frozenset({"ncq"})), Visit(2, "none", None), Visit(3, "both", None, BOTH)]
    assert ids(choose(Survey(visits), 1)) == ["both"]
    assert ids(choose(Survey(visits), 5)) == ["one", "both"]


def test_questions_that_are_solved_later_are_preferred() -> None:
    visits = [Visit(5, "before", None, BOTH), Visit(1, "never", None, BOTH), Visit(2, "later", None, BOTH)]
    survey = Survey(visits, {"before": Solved(4, 4, 4), "later": Solved(6, 4, 4)})
    assert ids(choose(survey, 1)) == ["later"]


def test_the_choice_varies_clusters_and_steps_and_takes_no_question_twice() -> None:
    visits = [Visit(step, f"{cluster}{step}", cluster, BOTH) for step in (1, 2, 9) for cluster in "ab"]
    visits.append(Visit(8, "a1", "a", BOTH))
    chosen = choose(Survey(visits), 4)
    assert len(set(ids(chosen))) == 4
    assert sorted(v.cluster or "" for v in chosen) == ["a", "a", "b", "b"]
    assert {1, 9} <= {v.step for v in chosen}


def test_the_most_frequent_wrong_answer_and_a_right_aided_rollout_are_shown(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.start({})
    question = Question("q", "q?", "9")
    plain = group(question, "plain", 0)
    plain.rollouts[0].answer, plain.rollouts[0].text = "7", "the odd one out"
    plain.rollouts[1].reward = None
    batch = StepBatch([plain, group(question, "bcq", 1), group(question, "ncq", 0)], [], {})
    run.log_rollouts(1, batch)
    (example,) = worked_examples(run, tau=0.5)
    assert example.answers == [("21", 2, "wrong"), ("7", 1, "wrong"), ("21", 1, "unscored")]
    assert [(g.kind, g.mark, g.right) for g in example.groups] == [
        ("plain", "wrong", 0),
        ("bcq", "right", 1),
        ("ncq", "wrong", 0),
    ]
    assert example.groups[0].text == "so \\boxed{21} "


def test_images_and_videos_are_shown_by_their_names(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.start({})
    media = tuple(Media("image", name, lambda: None) for name in ("images/a.png", "rows.parquet, row 3, images[0]"))
    question = Question("q", f"is {MEDIA_MARK} like {MEDIA_MARK}?", "9", media=media)
    run.log_rollouts(1, StepBatch([group(question, "plain", 0)], [], {}))
    [(_, row)] = run.groups()
    assert row["media"] == ["images/a.png", "rows.parquet, row 3, images[0]"]
    [example] = worked_examples(run, tau=0.5)
    assert example.question == "is [images/a.png] like [rows.parquet, row 3, images[0]]?"
    assert example.groups[0].prompt.startswith(f"plain prompt of {example.question}")


def test_very_long_texts_keep_their_head_and_their_tail(tmp_path: Path) -> None:
    run = make_run(tmp_path, steps=1, aside="x" * 100_000 + "end")
    shown = worked_examples(run, tau=0.5)[0].groups[0]
    assert shown.text.startswith("so \\boxed{21} xxx") and shown.text.endswith("xxxend")
    assert "characters left out" in shown.text and len(shown.text) < 30_000
