"""Words must agree, and what stands between them."""

import pytest

from zppo.rewards.words import same_words, words


def test_words_stand_between_spaces_and_are_no_mathematics() -> None:
    assert words("no solution for x > 0") == ["no", "solution", "for"]
    assert words("2 ab + sin(x) + pi") == []
    assert words("a-b") == []


@pytest.mark.parametrize(
    ("gold", "answer", "same"),
    [
        ("cat", "act", False),
        ("Monday", "monday", True),
        ("the derivative", "derivative", True),
        ("xy", "yx", False),
        ("xy", "XY", False),
        ("abc", "a*c*b", True),
        ("3 boys", "3 girls", False),
        ("3 boys", "4 boys", False),
        ("Team A", "Team B", False),
        ("2 red 3 blue", "2 red 3 blue", True),
        ("no solution", "5", False),
        ("x + 1", "1 + x", None),
    ],
)
def test_same_words(gold: str, answer: str, same: bool | None) -> None:
    assert same_words(gold, answer, str.__eq__) is same
