"""A final answer is read where a model puts it: in a box, as the last number, in a tag, behind `####`, as a letter."""

import doctest
import re
from pathlib import Path

import pytest
from texts import ScriptedText

from zppo.errors import ConfigError, RewardError
from zppo.judges.judge import Judge
from zppo.rewards import extraction, finders
from zppo.rewards.extraction import BOXED, Extractor, names_in
from zppo.rewards.routing import RoutedScorer
from zppo.teacher.compression import Truncate, surviving
from zppo.types import Candidate, Group, Prompt, Question, Rollout, Sampling
from zppo.zone.prompts import Templates


@pytest.mark.parametrize("module", [finders, extraction], ids=lambda module: module.__name__)
def test_the_examples_are_true(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted and not found.failed


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The answer is 1,234.5.", "1,234.5"),
        ("x = -3", "-3"),
        ("so \N{MINUS SIGN}3", "\N{MINUS SIGN}3"),
        ("10-3 = 7", "7"),
        ("10 - 3", "3"),
        ("a half: 1/2.", "1/2"),
        ("3 1/2 cups", "3 1/2"),
        (r"so $\frac{1}{2}$", r"\frac{1}{2}"),
        ("about 50%", "50%"),
        (r"about $50\%$", r"50\%"),
        ("**7**", "7"),
        ("it costs $7", "7"),
        ("a debt of -$7", "-7"),
        ("7, 8 and 9.", "9"),
        ("(3,4)", "4"),
        ("1.5e-3", "1.5e-3"),
        ("72 cm", "72"),
        ("72cm", "72"),
        ("42 on the 3rd of May", "42"),
        ("42 in H2O and x2 and y^2 and z_{10}", "42"),
        ("1. 6*7 is 42\n2. That is all.", "42"),
        ("at 3:30 on 12/25/2024, v1.2.3", None),
        ("none", None),
        ("", None),
    ],
)
def test_the_last_number(text: str, number: str | None) -> None:
    assert finders.last_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("#### 72", "72"),
        ("24 + 48\n####$1,000.\nDone with 3", "1,000"),
        ("#### 1\n#### -2", "-2"),
        ("#### **72**", "72"),
        ("#### Step 4", None),
        ("72", None),
    ],
)
def test_the_mark_of_gsm8k(text: str, number: str | None) -> None:
    assert finders.gsm8k(text) == number


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<answer> 7 </answer>", "7"),
        ("<Answer>a\nb</ANSWER> 8", "a\nb"),
        ("<answer>6</answer> <answer>7</answer> <answer>8", "7"),
        ("7</answer>", None),
        ("<answer>7", None),
    ],
)
def test_the_answer_in_a_tag(text: str, answer: str | None) -> None:
    assert finders.answer_tag(text) == answer


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("The answer is B.", "B"),
        ("the correct answer is: **(c)**", "C"),
        ("Option A is wrong. So I choose (D).", "D"),
        ("Final Answer: B", "B"),
        ("B", "B"),
        ("**B**", "B"),
        ("(B) seven", "B"),
        ("A. six\nB. seven\n\nB", "B"),
        ("A. six\nB. seven", None),
        ("A train left Boston", None),
        ("The answer is Apple", None),
        ("The answer is a train", None),
    ],
)
def test_the_letter_that_is_stated_as_the_choice(text: str, letter: str | None) -> None:
    assert finders.choice(text) == letter


@pytest.mark.parametrize("name", ["last_number", "answer_tag", "gsm8k", "choice", r"regex:\d+"])
def test_thoughts_count_only_where_nothing_follows_them(name: str) -> None:
    one, two = {
        "answer_tag": ("<answer>1</answer>", "<answer>2</answer>"),
        "gsm8k": ("#### 1", "#### 2"),
        "choice": ("answer: A", "answer: B"),
    }.get(name, ("so 1", "so 2"))
    extract = Extractor.of(name)
    first, second = extract(one), extract(two)
    assert first != second and None not in (first, second)
    assert extract(f"<think>{two}</think>{one}") == first
    assert extract(f"<think>{two}</think>") == second
    assert extract(f"<think>{two}</think>well") is None
    assert extract(f"<think>{two}") is None


def test_the_first_extractor_that_finds_an_answer_gives_it() -> None:
    extract = Extractor.of(["boxed", "last_number"])
    assert extract(r"\boxed{7} is not 8") == "7"
    assert extract("it is 8") == "8"
    assert extract(r"put 8 into \boxed{}") == "8", "an empty box answers nothing"
    assert extract("no idea") is None
    assert Extractor.of(["last_number", "boxed"])(r"\boxed{7} is not 8") == "8"


@pytest.mark.parametrize(
    ("pattern", "answer"),
    [
        (r"regex:ANSWER: (\S+)", "7"),
        (r"regex:ANSWER: \S+", "ANSWER: 7"),
        (r"regex:(?:ANSWER|RESULT): (\d),?", "7"),
        (r"regex:^(\d)$", "3"),
        ("regex:(9)|ANSWER", None),
    ],
)
def test_a_pattern_gives_its_group_or_all_of_the_last_match(pattern: str, answer: str | None) -> None:
    assert Extractor.of(pattern)("ANSWER: 6\n3\nANSWER: 7") == answer


def test_names_stand_in_a_list_or_between_commas_and_a_pattern_takes_the_rest() -> None:
    assert names_in("boxed, last_number") == names_in(["boxed", "last_number"]) == ("boxed", "last_number")
    assert names_in("boxed,regex:a{1,2},b") == ("boxed", "regex:a{1,2},b")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("last_numbr", "there is no extractor 'last_numbr'; did you mean 'last_number'?"),
        ([], "rewards.extract is empty"),
        ("regex:(", "'regex:(' is no regular expression"),
        ("regex:(a)(b)", "has 2 groups; one is the answer"),
        ("python:here", "'here' names no code; write FILE.py:NAME or PACKAGE.MODULE:NAME"),
        ("python:/none/at_all.py:read", "there is no file /none/at_all.py"),
    ],
)
def test_what_cannot_be_an_extractor_is_refused(names: str | list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        Extractor.of(names)


def test_a_program_reads_the_whole_response(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def read(text):\n    return text[::-1] if text else None\ndef odd(text):\n    return 7\n", "utf-8")
    assert Extractor.of(f"python:{file}:read")("<think>ab</think>") == ">kniht/<ba>kniht<"
    assert Extractor.of([f"python:{file}:read", "boxed"])("") is None
    with pytest.raises(RewardError, match="odd returned int; give the answer as a text, or None"):
        Extractor.of(f"python:{file}:odd")("7")
    with pytest.raises(RewardError, match="wrong raised ZeroDivisionError"):
        file.write_text("def wrong(text):\n    return 1 / 0\n", "utf-8")
        Extractor.of(f"python:{file}:wrong")("7")


QUESTIONS = [
    Question("math", "?", "1/2"),
    Question("choice", "?", "B", {"answer_type": "choice", "options": ["six", "seven"]}),
    Question("number", "?", "1234.5", {"answer_type": "number"}),
    Question("exact", "?", "7", {"answer_type": "exact"}),
    Question("any", "?", '["7", "seven"]', {"answer_type": "any"}),
    Question("list", "?", "7", {"answer_type": "list"}),
]


def test_every_rule_grades_the_answer_that_was_read() -> None:
    verdict = RoutedScorer(extract=Extractor.of(["boxed", "choice", "last_number"]))
    responses = ["It is 0.5.", "The answer is B.", "so **1,234.5**", "7.", "that makes 7", "x = 7"]
    graded = verdict.grade(QUESTIONS, responses)
    assert [g.reward for g in graded] == [1.0] * 6
    assert [g.answer for g in graded] == ["0.5", "B", "1,234.5", "7", "7", "7"]
    [silent] = verdict.grade(QUESTIONS[:1], ["no idea"])
    assert (silent.reward, silent.answer) == (0.0, None)
    assert silent.reason == "no final answer in the response (boxed, choice, last_number)"
    verdict.close()


def test_the_judge_reads_only_what_follows_the_thoughts_where_an_answer_is_found() -> None:
    class Listener(ScriptedText):
        def __init__(self) -> None:
            super().__init__(lambda prompt, n, visit: [])
            self.asked: list[str] = []

        def generate(self, prompts: list[Prompt], n: int, sampling: Sampling) -> list[Group]:
            self.asked += [prompt.text for prompt in prompts]
            return [Group(prompt, [Rollout([], '{"verdict": "correct"}')]) for prompt in prompts]

    asked = Question("q", "?", "7", {"answer_type": "free"})
    responses = ["<think>hm, 6</think>It is 7.", "<think>or 5</think>So 7.", "<think>only a guess</think>Who knows?"]
    engine = Listener()
    verdict = RoutedScorer(judge=Judge(engine, Templates.load()), extract=Extractor.of("last_number"))
    graded = verdict.grade([asked] * 3, responses)
    assert [(g.reward, g.answer) for g in graded] == [(1.0, "7"), (1.0, "7"), (1.0, None)]
    with_answer, without = engine.asked
    assert "<response>\nSo 7.\n</response>" in with_answer, "responses with one final answer are asked about once"
    assert "only a guess" in without


@pytest.mark.parametrize(
    ("names", "stated"),
    [
        ("boxed", r"\boxed{7}"),
        ("last_number", "7"),
        (["last_number", "boxed"], r"\boxed{7}"),
        ("answer_tag", "<answer>7</answer>"),
        ("gsm8k", "#### 7"),
        ("regex:x(.)", "7"),
    ],
)
def test_an_answer_is_stated_in_the_form_that_is_read(names: str | list[str], stated: str) -> None:
    assert Extractor.of(names).state("7") == stated


def test_compression_keeps_the_answer_that_was_read() -> None:
    extract = Extractor.of("answer_tag")
    long = Candidate("<answer>7</answer> " + "and so on " * 9, "7", False)
    cut = Truncate(lambda text, tokens: text[-tokens:], 30, extract)(long)
    assert cut.text.endswith("\n<answer>7</answer>") and extract(cut.text) == "7"
    assert surviving(long, "short: <answer>7</answer>", extract)
    assert not surviving(long, r"short: \boxed{7}", extract)
    assert surviving(long, r"short: \boxed{7}", BOXED)


def test_an_ncq_lists_answers_in_the_form_that_is_read() -> None:
    wrong = [Candidate("it is 7", "7", False), Candidate("it is 8", "8", False)]
    text = Templates(Templates.load().texts, Extractor.of("last_number").state).ncq(Question("q", "?", "9"), wrong)
    assert "are all wrong: 7, 8\n" in text
