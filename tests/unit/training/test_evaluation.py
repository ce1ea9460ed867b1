"""Held-out accuracy: overall, by level and by cluster."""

from collections.abc import Sequence

import pytest

from zppo.engines.local import LocalText
from zppo.engines.scripted import ByteRenderer, ScriptedEngine
from zppo.training.evaluation import ask, levels_of, summarise
from zppo.types import Question, Sampling
from zppo.zone.prompts import Templates

QUESTIONS = [
    Question("a", "a?", "1", {"cluster": "x", "level": "easy"}),
    Question("b", "b?", "1", {"cluster": "x", "level": "hard"}),
    Question("c", "c?", "1", {"cluster": "y", "level": "hard"}),
    Question("d", "d?", "1"),
]


def verdict(questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]:
    return [None if r == "?" else float(r == q.answer) for q, r in zip(questions, responses, strict=True)]


def test_accuracy_is_the_mean_over_scored_samples_and_the_others_are_counted() -> None:
    table = {"a/plain": [["1", "1", "0", "?"]], "b/plain": [["0"] * 4], "c/plain": [["?"] * 4], "d/plain": [["1"] * 4]}
    engine = ScriptedEngine.from_table(table)
    got = ask(QUESTIONS, LocalText(engine, ByteRenderer()), verdict, Templates.load(), 4, Sampling())
    assert got == ({"a": 2 / 3, "b": 0.0, "d": 1.0}, 5)
    assert [p.text for p in engine.prompts] == [Templates.load().plain(q) for q in QUESTIONS]


def test_levels_come_from_the_data_else_from_the_untrained_student() -> None:
    bare = [Question(i, "?", "1") for i in "ef"]
    accuracy = {"a": 0.0, "b": 1.0, "c": 1.0, "d": 0.4, "e": 0.5, "f": 0.49}
    levels = levels_of([*QUESTIONS, *bare], accuracy, tau=0.5)
    assert levels == {"a": "easy", "b": "hard", "c": "hard", "d": "hard", "e": "easy", "f": "hard"}
    assert levels_of([*QUESTIONS, *bare], {"d": 0.4, "e": 0.5}, tau=0.5).keys() == set("abcde")


def test_means_are_taken_by_level_and_cluster_and_absent_ones_are_none() -> None:
    accuracy = {"a": 1.0, "b": 0.5, "c": 0.25, "d": 0.0}
    levels = {"a": "easy", "b": "hard", "c": "hard", "d": "hard"}
    got = summarise(QUESTIONS, accuracy, levels)
    assert got["overall"] == pytest.approx(1.75 / 4)
    assert (got["easy"], got["hard"]) == (1.0, 0.25)
    assert got["clusters"] == {"x": {"easy": 1.0, "hard": 0.5}, "y": {"easy": None, "hard": 0.25}}


def test_what_was_not_scored_is_in_no_mean_and_without_anything_scored_there_is_none() -> None:
    levels = {"a": "easy", "b": "hard", "c": "hard"}
    got = summarise(QUESTIONS, {"b": 0.5}, levels)
    assert (got["overall"], got["easy"], got["hard"]) == (0.5, None, 0.5)
    assert got["clusters"]["x"] == {"easy": None, "hard": 0.5}
    assert summarise(QUESTIONS, {}, levels)["overall"] is None
