from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zppo.errors import ConfigError
from zppo.types import Candidate, Question
from zppo.zone.answers import distinct
from zppo.zone.prompts import EMPTY, NO_ANSWER, PLACEHOLDERS, Templates

TEMPLATES = Templates.load()
CLOSER = TEMPLATES.texts["closer"]
QUESTION = Question("q", "how many?", "1")

anything = st.text(alphabet="ab {}\\<>") | st.sampled_from([f"{{{p}}}" for ps in PLACEHOLDERS.values() for p in ps])


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, "utf-8")
    return folder


@given(anything, anything, st.none() | anything)
def test_what_stands_in_a_question_or_candidate_is_never_filled(text: str, shown: str, answer: str | None) -> None:
    templates = Templates(
        {"closer": "C", "plain": "{question}|{closer}", "ncq": "{question}|{wrong_answers}|{candidates}|{closer}"}
    )
    question = Question("q", text, "1")
    listed = ", ".join(f"\\boxed{{{each}}}" for each in distinct([answer])) or NO_ANSWER
    assert templates.plain(question) == f"{text}|C"
    ncq = templates.ncq(question, [Candidate(shown, answer, False)])
    assert ncq == f"{text}|{listed}|<candidate>\n{shown or EMPTY}\n</candidate>|C"


def test_every_prompt_to_the_student_begins_with_the_question_and_ends_with_the_closer() -> None:
    pair = [Candidate("r", "1", True), Candidate("w", "2", False)]
    for prompt in (TEMPLATES.plain(QUESTION), TEMPLATES.bcq(QUESTION, pair), TEMPLATES.ncq(QUESTION, pair)):
        assert prompt.startswith(QUESTION.text)
        assert prompt.endswith(CLOSER)


def test_the_closer_asks_for_thinking_first_and_a_boxed_answer() -> None:
    assert "<think>...</think>" in CLOSER
    assert CLOSER.index("<think>") < CLOSER.index("\\boxed{}")


def test_an_ncq_lists_each_wrong_answer_once_in_order_of_appearance() -> None:
    wrong = [Candidate(f"text {a}", a, False) for a in ("3", "2", None, "3")]
    prompt = TEMPLATES.ncq(QUESTION, wrong)
    assert "\\boxed{3}, \\boxed{2}\n" in prompt
    assert prompt.count("\\boxed{3}") == 1
    assert prompt.count("<candidate>\ntext") == 4


def test_an_ncq_lists_no_empty_answer_and_two_spellings_of_one_answer_once() -> None:
    answers = ("2", "2.", " ", "x", "X", "x .", "\\text{ }", "2.0")
    prompt = TEMPLATES.ncq(QUESTION, [Candidate("text", answer, False) for answer in answers])
    assert "wrong: \\boxed{2}, \\boxed{x}, \\boxed{X}, \\boxed{2.0}\n" in prompt


def test_compression_treats_right_and_wrong_text_alike() -> None:
    before, after = TEMPLATES.compress(QUESTION, "RESPONSE").split("RESPONSE")
    assert before.rstrip().endswith("<response>")
    assert after.lstrip().startswith("</response>")
    assert "<summary>" in after


def test_a_folder_replaces_the_templates_it_holds(tmp_path: Path) -> None:
    templates = Templates.load(write(tmp_path, closer="In \\boxed{}.\n", plain="Q: {question}\n{closer}\n"))
    assert templates.plain(QUESTION) == "Q: how many?\nIn \\boxed{}."
    assert templates.texts["bcq"] == TEMPLATES.texts["bcq"]


def test_a_compression_template_may_leave_out_the_question(tmp_path: Path) -> None:
    templates = Templates.load(write(tmp_path, compress="Shorten {response}"))
    assert templates.compress(QUESTION, "this") == "Shorten this"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("plain", "{qestion} {closer}", "unknown placeholder {qestion}; did you mean 'question'?"),
        ("plain", "{question} {closer} {zzz}", "unknown placeholder {zzz}; known: closer, question"),
        ("ncq", "{question} {candidates} {closer}", "placeholder {wrong_answers} is missing"),
        ("bcq", "{question} {closer}", "placeholder {candidates} is missing"),
        ("pl4in", "{question}", "no template 'pl4in'; did you mean 'plain'?"),
    ],
)
def test_a_wrong_template_is_refused_with_the_reason(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        Templates.load(write(tmp_path, **{name: text}))
    assert message in str(error.value)
    assert name in str(error.value)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere is not a folder"):
        Templates.load(tmp_path / "nowhere")
