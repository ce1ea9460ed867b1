"""Figures: the picture for a README, and long or short runs."""

from pathlib import Path

import pytest
from runs import make_run

from zppo.errors import CheckpointError
from zppo.reports.figures import Picture, overview, pictures
from zppo.reports.record import read_record, thinned
from zppo.run.directory import RunDirectory


@pytest.mark.parametrize(("name", "start"), [("o.png", b"\x89PNG"), ("o.svg", b"<?xml")])
def test_the_overview_is_one_file_of_the_wanted_kind(tmp_path: Path, name: str, start: bytes) -> None:
    overview(make_run(tmp_path / "run"), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_the_overview_of_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        overview(RunDirectory(tmp_path), tmp_path / "o.png")


def test_colours_are_variables_that_a_page_sets(tmp_path: Path) -> None:
    drawn = [p for p in pictures(read_record(make_run(tmp_path))) if isinstance(p, Picture)]
    assert len(drawn) == 8
    for picture in drawn:
        assert "var(--ink)" in picture.svg and "#000000" not in picture.svg
        assert "<style" not in picture.svg and "<metadata" not in picture.svg and "xmlns" not in picture.svg


def test_a_run_of_one_step_can_be_drawn(tmp_path: Path) -> None:
    drawn = [p for p in pictures(read_record(make_run(tmp_path, steps=1))) if isinstance(p, Picture)]
    assert len(drawn) == 8


def test_long_runs_are_thinned_to_means() -> None:
    rows = [{"step": i + 1, "a": float(i)} | ({"b": 1.0} if i == 3 else {}) for i in range(10)]
    assert thinned(rows, most=10) == (rows, 1)
    assert thinned(rows, most=4) == (
        [{"step": 3, "a": 1.0}, {"step": 6, "a": 4.0, "b": 1.0}, {"step": 9, "a": 7.0}, {"step": 10, "a": 9.0}],
        3,
    )
