"""Alarms at the top of a report."""

from pathlib import Path

from pages import Page
from runs import make_run

from zppo.reports.html import write_report


def test_each_alarm_has_a_line_with_its_steps_and_its_last_sentence(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    run.log_alarms(2, {"cut_off": "5 of 9", "no_answers": "ends <b>so</b>"})
    run.log_alarms(4, {"cut_off": "6 of 9"})
    page = Page(write_report(run))
    assert page.ids.index("alarms") < page.ids.index("numbers")
    lines = [" ".join(line.split()) for line in page.of_class("alarm")]
    assert lines == [
        "cut_off first in step 2, last in step 4, in 2 steps in all 6 of 9.",
        "no_answers in step 2 ends <b>so</b>.",
    ]


def test_a_run_without_alarms_has_no_such_section(tmp_path: Path) -> None:
    assert "alarms" not in Page(write_report(make_run(tmp_path / "run"))).ids
