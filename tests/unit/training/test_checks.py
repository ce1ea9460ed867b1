"""Options that fit each other and still leave out a part of the method are named in a warning."""

import logging
from pathlib import Path
from typing import Any

import pytest

from zppo.config import PromptsConfig, RewardsConfig, RunOptions, TeacherConfig, ZoneConfig
from zppo.training.checks import check_options


def warnings(caplog: pytest.LogCaptureFixture, student: Path, method: str, **zone: Any) -> list[str]:
    options = RunOptions(
        method, teacher=TeacherConfig(compression="none"), zone=ZoneConfig(**{"updates": 1, "new_questions": 3} | zone)
    )
    with caplog.at_level(logging.WARNING, "zppo"):
        check_options(options, str(student), [str(student)])
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("method", "named"),
    [
        ("zppo", ["zone.augment_fraction", "zone.replay_fraction"]),
        ("grpo+ncq", ["zone.augment_fraction"]),
        ("hint", ["zone.augment_fraction"]),
        ("grpo+replay", ["zone.replay_fraction"]),
        ("grpo", []),
    ],
)
def test_a_share_of_the_new_questions_below_one_is_named_once_where_the_method_has_it(
    caplog: pytest.LogCaptureFixture, student_folder: Path, method: str, named: list[str]
) -> None:
    messages = warnings(caplog, student_folder, method)
    assert [message.split()[0] for message in messages] == named
    assert all("zone.new_questions (3)" in message and "to 0.3334 or more" in message for message in messages)


def test_the_proposed_share_makes_one_prompt(caplog: pytest.LogCaptureFixture, student_folder: Path) -> None:
    assert warnings(caplog, student_folder, "zppo", augment_fraction=0.3334, replay_fraction=0.3334) == []
    assert len(warnings(caplog, student_folder, "zppo", augment_fraction=0.3333, replay_fraction=0.3333)) == 2


def test_a_closer_that_asks_for_a_box_nobody_reads_is_named(
    caplog: pytest.LogCaptureFixture, student_folder: Path, tmp_path: Path
) -> None:
    def said(**options: Any) -> list[str]:
        caplog.clear()
        with caplog.at_level(logging.WARNING, "zppo"):
            check_options(RunOptions("grpo", **options), str(student_folder), [])
        return [record.getMessage() for record in caplog.records]

    assert not said() and not said(rewards=RewardsConfig(("last_number", "boxed")))
    [message] = said(rewards=RewardsConfig(("gsm8k", "last_number")))
    assert "closer.txt asks for \\boxed{}, which rewards.extract (gsm8k, last_number) does not read" in message
    (tmp_path / "closer.txt").write_text("End with #### and the number.", "utf-8")
    assert not said(rewards=RewardsConfig("gsm8k"), prompts=PromptsConfig(str(tmp_path)))
