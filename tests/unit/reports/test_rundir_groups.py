"""Reading rollout dumps back."""

from pathlib import Path

from runs import make_run


def test_line_separators_in_texts_do_not_break_a_dump(tmp_path: Path) -> None:
    aside = "a\u2028b\u2029c\u0085d\x0b\x0ce\r\nf"
    run = make_run(tmp_path, steps=2, aside=aside)
    texts = [row["rollouts"][0]["text"] for _, row in run.groups() if row["kind"] == "bcq"]
    assert texts == [f"so \\boxed{{9}} {aside}"] * 2


def test_groups_of_chosen_steps_alone(tmp_path: Path) -> None:
    assert {step for step, _ in make_run(tmp_path).groups(steps={2, 5})} == {2, 5}
