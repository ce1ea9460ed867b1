"""What a dump holds of a group, and reading it back."""

from pathlib import Path

from runs import make_run
from worlds import Setting, play

from zppo.config import ZoneConfig
from zppo.methods import parse_method
from zppo.run.directory import RunDirectory
from zppo.types import Candidate, Group, Prompt, Question, Rollout, StepBatch

QUESTION = Question("q", "q?", "9")


def dumped(path: Path, batch: StepBatch) -> list[dict]:
    run = RunDirectory(path)
    run.start({})
    run.log_rollouts(1, batch)
    return [row for _, row in run.groups()]


def test_line_separators_in_texts_do_not_break_a_dump(tmp_path: Path) -> None:
    aside = "a\u2028b\u2029c\u0085d\x0b\x0ce\r\nf"
    run = make_run(tmp_path, steps=2, aside=aside)
    texts = [row["rollouts"][0]["text"] for _, row in run.groups() if row["kind"] == "bcq"]
    assert texts == [f"so \\boxed{{9}} {aside}"] * 2


def test_groups_of_chosen_steps_alone(tmp_path: Path) -> None:
    assert {step for step, _ in make_run(tmp_path).groups(steps={2, 5})} == {2, 5}


def test_an_aided_group_keeps_its_candidates_in_the_order_shown_with_their_labels(tmp_path: Path) -> None:
    shown = (Candidate("so 7", "7", False), Candidate("so 9", "9", True))
    bcq = Group(Prompt("bcq", QUESTION, "...", candidates=shown), [Rollout([1], "", reward=1.0)])
    ncq = Group(Prompt("ncq", QUESTION, "...", candidates=(Candidate("", None, False),)), bcq.rollouts)
    one, other = dumped(tmp_path, StepBatch([bcq, ncq], [], {}, {"q": ["9", "nine"]}))
    assert one["candidates"] == [
        {"text": "so 7", "answer": "7", "is_right": False},
        {"text": "so 9", "answer": "9", "is_right": True},
    ]
    assert other["candidates"] == [{"text": "", "answer": None, "is_right": False}]
    assert other["teacher_answers"] == ["9", "nine"] and "teacher_answers" not in one


def test_a_plain_group_has_no_candidates(tmp_path: Path) -> None:
    groups = [Group(Prompt(kind, QUESTION, "q?"), [Rollout([1], "")]) for kind in ("plain", "replayed")]
    for row in dumped(tmp_path, StepBatch(groups, [], {}, {"q": ["9"]})):
        assert not {"candidates", "teacher_answers"} & row.keys()


def test_dumped_candidates_are_those_that_the_prompt_shows(tmp_path: Path) -> None:
    zone = ZoneConfig(new_questions=8, group_size=4, teacher_samples=2, updates=1, augment_fraction=2.0)
    setting = Setting(parse_method("zppo"), zone, 1, 3, False)
    rows = [row for row in dumped(tmp_path, play(setting).batches[0]) if "candidates" in row]
    assert {row["kind"] for row in rows} == {"bcq", "ncq"}
    for row in rows:
        places = [row["prompt"].index(f"<candidate>\n{c['text']}") for c in row["candidates"] if c["text"]]
        assert places == sorted(places)
        assert sum(c["is_right"] for c in row["candidates"]) == (row["kind"] == "bcq")
