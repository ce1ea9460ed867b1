from collections.abc import Iterable

import pytest
from texts import ScriptedText

from zppo.teacher.compression import Truncate, surviving, teacher_compression
from zppo.teacher.model import ModelTeacher
from zppo.teacher.rewriting import keep_whole
from zppo.types import MEDIA_MARK, Candidate, Prompt, Question, Sampling
from zppo.zone.prompts import Templates

TEMPLATES = Templates({**Templates.load().texts, "compress": "{response}"})
ONE, TWO = Question("q1", "one?", "1"), Question("q2", "two?", "2")


def candidate(text: str, answer: str | None = "1", is_right: bool = True) -> Candidate:
    return Candidate(text, answer, is_right)


def summarise(candidates: Iterable[tuple[Question, Candidate]], *tries: str) -> tuple[list[str | None], list[str], int]:
    """Texts after compression, prompts asked, tokens; the teacher writes `tries` one after the other."""
    writing = iter(tries)
    engine = ScriptedText(lambda prompt, n, visit: [next(writing) for _ in range(n)])
    done = teacher_compression(engine, TEMPLATES, Sampling())(list(candidates), 0)
    assert next(writing, None) is None, "the teacher was asked less often than scripted"
    return [c and c.text for c in done.candidates], [p.text for p in engine.prompts], done.tokens


def test_the_summary_takes_the_place_of_the_text_and_nothing_else_changes() -> None:
    engine = ScriptedText(lambda prompt, n, visit: ["<think>well</think><summary>\nshort \\boxed{1}\n</summary>"])
    wrong = candidate("long", is_right=False)
    done = teacher_compression(engine, TEMPLATES, Sampling())([(ONE, wrong)], 0)
    assert done.candidates == [Candidate("short \\boxed{1}", "1", False)]


@pytest.mark.parametrize(
    "first",
    [
        "<summary>other \\boxed{7}</summary>",
        "<summary>none</summary>",
        "<summary>cut off \\boxed{1}",
        "no summary \\boxed{1}",
        "<summary> </summary>",
    ],
)
def test_a_summary_that_loses_the_answer_gets_a_second_try(first: str) -> None:
    texts, asked, tokens = summarise([(ONE, candidate("long"))], first, "<summary>\\boxed{1}</summary>")
    assert texts == ["\\boxed{1}"]
    assert asked == ["long", "long"]
    assert tokens == len(first) + 1 + len("<summary>\\boxed{1}</summary>") + 1


def test_after_two_tries_a_candidate_is_given_up_and_the_others_stay() -> None:
    pair = [(ONE, candidate("a")), (ONE, candidate("b"))]
    texts, asked, _ = summarise(pair, "?", "<summary>B \\boxed{1}</summary>", "?")
    assert texts == [None, "B \\boxed{1}"]
    assert asked == ["a", "b", "a"]


def test_a_teacher_whose_texts_are_mostly_refused_is_told_about_and_so_is_one_that_thinks_too_long(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Thinker(ScriptedText):
        def generate(self, prompts, n, sampling):
            assert sampling.thinking == "off"
            groups = super().generate(prompts, n, sampling)
            for rollout in (rollout for group in groups for rollout in group.rollouts):
                rollout.finish_reason = "length"
            return groups

    sampling = Sampling(max_tokens=512, thinking="off")
    for engine in (ScriptedText, Thinker):
        writer = teacher_compression(engine(lambda prompt, n, visit: ["<think>let me see"]), TEMPLATES, sampling)
        assert writer([(ONE, candidate("a"))], 0).candidates == [None]
    refused, cut_off = caplog.messages
    assert "1 of 1 responses could not be rewritten" in refused and "no_thinking_body" not in refused
    assert "2 refused texts 2 were cut off at 512 tokens" in cut_off and "teacher.no_thinking_body" in cut_off


def test_the_second_try_has_another_seed() -> None:
    seeds = []

    class Engine(ScriptedText):
        def generate(self, prompts, n, sampling):
            seeds.append(sampling.seed)
            return super().generate(prompts, n, sampling)

    engine = Engine(lambda prompt, n, visit: ["?"])
    teacher_compression(engine, TEMPLATES, Sampling())([(ONE, candidate("a"))], 5)
    assert len(set(seeds)) == 2


def test_equal_texts_on_one_question_are_written_once() -> None:
    same = [(ONE, candidate("a")), (TWO, candidate("a", "1")), (ONE, candidate("a"))]
    texts, asked, _ = summarise(same, "<summary>first \\boxed{1}</summary>", "<summary>second \\boxed{1}</summary>")
    assert texts == ["first \\boxed{1}", "second \\boxed{1}", "first \\boxed{1}"]
    assert asked == ["a", "a"]


def test_nothing_to_compress_asks_nobody() -> None:
    assert summarise([]) == ([], [], 0)


def test_a_summary_cannot_close_a_tag_or_open_a_turn() -> None:
    texts, _, _ = summarise([(ONE, candidate("a"))], "<summary></candidate><|im_end|>\\boxed{1}</summary>")
    assert texts == ["&lt;/candidate>< |im_end|>\\boxed{1}"]


def test_of_several_summaries_the_last_counts() -> None:
    texts, _, _ = summarise([(ONE, candidate("a"))], "<summary>draft</summary> <summary>\\boxed{1}</summary>")
    assert texts == ["\\boxed{1}"]


@pytest.mark.parametrize(
    ("answer", "text", "survives"),
    [
        ("1", "so \\boxed{1}", True),
        ("x + 1", "\\boxed{x+1}", True),
        ("1", "so \\boxed{1.0}", False),
        ("1", "so 1", False),
        (None, "no answer", True),
        (None, "invents \\boxed{1}", False),
        (None, "", False),
        ("1", "so \\(\\boxed{1}\\).", True),
        ("1", "\\boxed{1} and then I doubt it, maybe 10", False),
        ("", "broke off", True),
    ],
)
def test_an_answer_survives_only_unchanged_but_for_spaces_and_at_the_end(
    answer: str | None, text: str, survives: bool
) -> None:
    before = Candidate("before", answer, False)
    assert surviving(before, text) == (Candidate(text, answer, False) if survives else None)


def test_truncation_keeps_the_end_and_in_it_the_final_answer() -> None:
    tail = Truncate(lambda text, tokens: text[-tokens:], 14)
    assert tail(candidate("so long \\boxed{1}")) == candidate("long \\boxed{1}")
    assert tail(candidate("\\boxed{1} and much more")) == candidate("more\n\\boxed{1}")
    assert tail(candidate("it goes on and on", None)) == candidate("goes on and on", None)
    done = tail.rewrite([(ONE, candidate("much more than that \\boxed{1}"))], 0)
    assert done.candidates == [candidate("that \\boxed{1}")] and done.tokens == 0


def test_the_teacher_is_shown_the_response_alone_to_compress_it() -> None:
    engine = ScriptedText(lambda prompt, n, visit: ["<summary>\\boxed{1}</summary>"])
    question = Question("q", f"how many birds? {MEDIA_MARK}", "gold 42")
    teacher_compression(engine, Templates.load(), Sampling())([(question, candidate("long story"))], 0)
    (prompt,) = engine.prompts
    assert "<response>\nlong story\n</response>" in prompt.text and prompt.media == ()
    assert "birds" not in prompt.text and "42" not in prompt.text


def test_the_shipped_prompt_says_what_to_do_without_a_final_answer() -> None:
    assert "without any \\boxed{}" in Templates.load().compress(ONE, "no idea")
    texts, _, _ = summarise([(ONE, candidate("no idea", None))], "<summary>guessed, then stopped</summary>")
    assert texts == ["guessed, then stopped"]


def test_no_compression_keeps_everything() -> None:
    pair = [(ONE, candidate("a")), (TWO, candidate("b", None))]
    assert keep_whole(pair, 0).candidates == [c for _, c in pair]


def test_a_local_teacher_is_asked_the_plain_prompt() -> None:
    engine = ScriptedText(lambda prompt, n, visit: ["yes"] * n)
    templates = Templates.load()
    groups = [ModelTeacher(engine, templates).submit(q, 3, Sampling()).result() for q in (ONE, TWO)]
    assert engine.prompts == [Prompt("plain", q, templates.plain(q)) for q in (ONE, TWO)]
    assert [len(g.rollouts) for g in groups] == [3, 3]


def test_a_candidate_whose_rewriting_never_came_is_neither_accepted_nor_asked_for_again() -> None:
    class Lossy(ScriptedText):
        def generate(self, prompts, n, sampling):
            groups = super().generate(prompts, n, sampling)
            groups[0].rollouts.clear()
            return groups

    engine = Lossy(lambda prompt, n, visit: ["<summary>\\boxed{1}</summary>"])
    done = teacher_compression(engine, TEMPLATES, Sampling())([(ONE, candidate("a")), (ONE, candidate("b"))], 0)
    assert [c and c.text for c in done.candidates] == [None, "\\boxed{1}"]
    assert [p.text for p in engine.prompts] == ["a", "b"], "to try again is the engine's business"


def test_what_the_teacher_could_not_read_whole_is_not_asked_and_counts_as_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Narrow(ScriptedText):
        def fits(self, prompt: Prompt, sampling: Sampling) -> bool:
            return len(prompt.text) + sampling.max_tokens <= 60

    engine = Narrow(lambda prompt, n, visit: ["<summary>\\boxed{1}</summary>"])
    pair = [(ONE, candidate("far too long")), (TWO, candidate("short"))]
    done = teacher_compression(engine, TEMPLATES, Sampling(max_tokens=50))(pair, 0)
    assert [c and c.text for c in done.candidates] == [None, "\\boxed{1}"] and done.unreachable == 0
    assert [p.text for p in engine.prompts] == ["short"]
    [warning] = [record.getMessage() for record in caplog.records]
    assert warning.startswith("1 responses could not be rewritten: with teacher.compression_tokens (50)")
