"""An error that nobody foresaw is one line that says what, where its trace is, and what to report."""

import errno
from pathlib import Path
from typing import Any

import pytest

from zppo.cli import unforeseen
from zppo.cli.main import main


def failing(error: Exception) -> Any:
    def fail(*arguments: Any) -> None:
        raise error

    return fail


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(unforeseen.tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv(unforeseen.VARIABLE, raising=False)


def train(run: Path) -> int:
    return main(["train", "recipe.yaml", "--run-dir", str(run)])


@pytest.mark.parametrize(
    "error",
    [ValueError("two\nlines"), KeyError("a"), RuntimeError(""), RecursionError(), MemoryError(), OSError(28, "full")],
)
def test_one_line_names_error_place_and_log(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("zppo.cli.main.load_recipe", failing(error))
    assert train(tmp_path / "run") == 1
    shown = capsys.readouterr()
    log = tmp_path / "run" / "error.log"
    assert shown.out == "" and len(shown.err.splitlines()) == 1
    assert shown.err.startswith(f"zppo: unforeseen {type(error).__name__}")
    assert "zppo/cli/main.py:" in shown.err and f"report it with {log}" in shown.err
    assert "Traceback (most recent call last)" in log.read_text("utf-8")


def test_a_second_one_is_added_to_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("first", "second"):
        monkeypatch.setattr("zppo.cli.main.load_recipe", failing(ValueError(word)))
        train(tmp_path / "run")
    log = (tmp_path / "run" / "error.log").read_text("utf-8")
    assert "ValueError: first" in log and "ValueError: second" in log


def test_where_the_folder_cannot_be_written_the_log_is_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("zppo.cli.main.load_recipe", failing(ValueError("odd \ud800 words")))
    (tmp_path / "file").write_text("", "utf-8")
    assert train(tmp_path / "file") == 1
    (log,) = tmp_path.glob("zppo-error-*.log")
    assert str(log) in capsys.readouterr().err and "odd" in log.read_text("utf-8")


def test_where_nothing_can_be_written_the_line_says_how_to_see_the_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("zppo.cli.main.load_recipe", failing(ValueError("x")))
    monkeypatch.setattr(unforeseen, "_append", failing(OSError(errno.ENOSPC, "full")))
    assert train(tmp_path / "run") == 1
    assert "set ZPPO_TRACEBACK=1 to see it" in capsys.readouterr().err


def test_whoever_wants_the_trace_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zppo.cli.main.load_recipe", failing(ValueError("x")))
    monkeypatch.setenv(unforeseen.VARIABLE, "1")
    with pytest.raises(ValueError, match="x"):
        train(tmp_path / "run")
    assert not (tmp_path / "run").exists()
