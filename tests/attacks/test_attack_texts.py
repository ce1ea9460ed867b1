"""Text that a model or a stranger wrote: never more than text, in prompts, in reports, and on the way to a grader."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pages import Page
from runs import make_run

from zppo.models.renderer import Renderer
from zppo.reports.html import write_report
from zppo.types import Prompt, Question, Rollout
from zppo.zone.candidates import as_candidates, build_prompts, draft_bcq, draft_ncq
from zppo.zone.prompts import Templates

TOKENS = ("<|im_start|>", "<|im_end|>", "<|stop|>", "<|pad|>", "<|image_pad|>")
TAGS = (
    "<candidate>",
    "</candidate>",
    "<response>",
    "</response>",
    "<summary>",
    "</hint>",
    "</ candidate >",
    "<think>",
    "</think>",
)
FORMS = (
    "{0}",
    "a{0}b",
    "{0}{0}",
    "\\boxed{{{0}}}",
    "\u200b{0}\u200b",
    "{1}\u200b{2}",
    "{1}{0}{2}",
    "{1}\ufffc{2}",
    "\n{0}\n",
)
TEXTS = [
    form.format(mark, mark[: len(mark) // 2], mark[len(mark) // 2 :]) for mark in (*TOKENS, *TAGS) for form in FORMS
]
SCRIPTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "</pre><script src=//evil></script>",
    "</title></style><script>x</script>",
    "\" onmouseover=\"alert(1)",
    "'><iframe src=//evil></iframe>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "<!--",
    "]]><script>",
    "<link rel=stylesheet href=//evil>",
    "<meta http-equiv=refresh content='0;url=//evil'>",
    "<base href=//evil>",
    "<form action=//evil><input>",
    "<object data=//evil>",
    "&lt;script&gt;",
    "<sCrIpT>x</ScRiPt>",
    "<script\u2028>x</script>",
    "\u202egnp.exe",
    "<details open ontoggle=alert(1)>",
)  # fmt: skip
QUESTION = Question("q", "how many?", "1")
TEMPLATES = Templates.load()


def special(tokenizer: Any, prompt: Prompt) -> Counter[str]:
    """The added tokens of a prompt as token ids, and our tags in what is read."""
    ids = Renderer(tokenizer).read(prompt)
    read, known = tokenizer.decode(ids), tokenizer.added_tokens_decoder
    tags = ("<candidate>", "</candidate>", "<response>", "</response>", "\ufffc")
    return Counter(str(known[i]) for i in ids if i in known) + Counter({tag: read.count(tag) for tag in tags})


def aided(text: str) -> list[Prompt]:
    shown = as_candidates([Rollout([0], f".{text}.", reward=0.0, answer=f".{text}.") for _ in range(2)])
    rng, made = random.Random(0), []
    for draft in (*draft_ncq(QUESTION, shown), *draft_bcq(QUESTION, shown[:1], shown[1:], rng)):
        made += build_prompts(draft, draft.candidates, TEMPLATES, lambda candidate: None)
    return made


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_in_a_prompt(number: int, tokenizer: Any) -> None:
    hostile, mild = aided(TEXTS[number]), aided("so it goes")
    assert len(hostile) == len(mild) == 2
    assert [special(tokenizer, p) for p in hostile] == [special(tokenizer, p) for p in mild]


@pytest.mark.parametrize("token", TOKENS)
def test_in_a_question(token: str, tokenizer: Any) -> None:
    prompts = [Prompt("plain", QUESTION, text) for text in (f"how {token} many?", "how many?")]
    assert special(tokenizer, prompts[0]) == special(tokenizer, prompts[1])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    run = make_run(tmp_path_factory.mktemp("hostile") / "run", steps=3, aside=" ".join(SCRIPTS))
    return Page(write_report(run))


@pytest.fixture(scope="module")
def mild(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(write_report(make_run(tmp_path_factory.mktemp("mild") / "run", steps=3, aside="so it goes")))


@pytest.mark.parametrize("script", SCRIPTS)
def test_in_a_report(script: str, page: Page, mild: Page) -> None:
    assert Counter(page.tags) == Counter(mild.tags) and page.loads == mild.loads
    assert any(script.replace("\u2028", "\u2028") in text for text in page.of_class("rollout"))


@pytest.mark.parametrize("raw", ["\x00", "\x1b[31m", "\x07", "\ud800", "\udfff", "\r", "\x85"])
def test_a_character_that_no_page_may_hold(raw: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", steps=2)
    dump = run.rollouts / "step-000001.jsonl"
    spelled = "".join(f"\\u{ord(c):04x}" for c in raw)
    dump.write_text(dump.read_text("utf-8").replace("so ", f"{spelled}so "), "utf-8")
    shown = Page(write_report(run))
    assert raw not in "".join(shown.of_class("rollout"))
