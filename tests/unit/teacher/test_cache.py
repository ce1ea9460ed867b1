"""What a teacher said once is not asked again, and a new visit is."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sighted import an_image, picture
from slow_server import SlowServer

from zppo.config import EndpointConfig
from zppo.errors import TeacherError
from zppo.teacher import cache
from zppo.teacher.cache import CachedEngine
from zppo.types import MEDIA_MARK, Media, Prompt, Question, Sampling

PROMPT = Prompt("plain", Question("q", "q?", "1"), "q?")


class Served(SlowServer):
    """Asked under the name `wanted`, if any, at `url`; `check` finds that `serves` is what is there."""

    def __init__(self, wanted: str | None = "m", serves: str = "m", url: str = "http://h/v1", **options: int) -> None:
        super().__init__(**options)
        self.config, self.model, self.serves = EndpointConfig((url,), wanted), wanted or "", serves

    def check(self) -> None:
        self.model = self.serves


def asked_once(engine: CachedEngine, prompt: Prompt = PROMPT) -> list[str]:
    """By a run that then ends."""
    said = texts(engine, prompt)
    engine.close()
    return said


def texts(engine: CachedEngine, prompt: Prompt = PROMPT, n: int = 2, seed: int = 1) -> list[str]:
    (group,) = [engine.submit(prompt, n, Sampling(seed=seed))]
    if isinstance(engine.engine, SlowServer):
        engine.engine.answer_all()
    return [r.text for r in group.result().rollouts]


def test_an_equal_request_is_answered_from_the_file_also_in_another_run(tmp_path: Path) -> None:
    server, file = Served(), tmp_path / "deep" / "cache.db"
    engine = CachedEngine(file, server)
    first = texts(engine)
    assert texts(engine) == first and len(server.asked) == 1
    assert engine.metrics() | {"endpoint/calls": 0} == {
        "cache/hits": 1,
        "cache/misses": 1,
        "cache/unkept": 0,
        "endpoint/calls": 0,
    }
    engine.close()
    later = Served()
    assert texts(CachedEngine(file, later)) == first and later.asked == []


def test_what_comes_from_the_file_has_its_token_counts(tmp_path: Path) -> None:
    engine = CachedEngine(tmp_path / "c.db", Served())
    texts(engine)
    group = engine.submit(PROMPT, 2, Sampling(seed=1)).result()
    assert ([r.tokens for r in group.rollouts], group.prompt_tokens) == ([5, 5], 7)
    assert all(r.reward is None for r in group.rollouts)


@pytest.mark.parametrize(
    ("prompt", "n", "seed"),
    [
        (PROMPT, 2, 9),
        (PROMPT, 3, 1),
        (Prompt("plain", PROMPT.question, "q, please?"), 2, 1),
        (Prompt("plain", Question("other", "q?", "1"), "q?"), 2, 1),
    ],
)
def test_another_visit_number_prompt_or_question_is_asked_afresh(
    prompt: Prompt, n: int, seed: int, tmp_path: Path
) -> None:
    server = Served()
    engine = CachedEngine(tmp_path / "c.db", server)
    texts(engine)
    texts(engine, prompt, n, seed)
    assert len(server.asked) == 2


def checked(file: Path, server: Served, offline: bool = False) -> CachedEngine:
    engine = CachedEngine(file, server, offline)
    engine.check()
    return engine


@pytest.mark.parametrize("wanted", [None, "m"])
def test_another_model_is_another_teacher_whatever_it_is_asked_for_as(wanted: str | None, tmp_path: Path) -> None:
    small, large = Served(wanted, "small"), Served(wanted, "large")
    asked_once(checked(tmp_path / "c.db", small))
    asked_once(checked(tmp_path / "c.db", large))
    assert len(large.asked) == 1


def test_the_same_model_is_the_same_teacher_wherever_it_is_served(tmp_path: Path) -> None:
    moved = Served(None, "m", "http://elsewhere/v1")
    known = asked_once(checked(tmp_path / "c.db", Served(None, "m")))
    assert asked_once(checked(tmp_path / "c.db", moved)) == known and moved.asked == []


def test_offline_the_only_model_of_the_file_is_meant_or_one_must_be_named(tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    known = asked_once(checked(file, Served(None, "small")))
    for wanted in (None, "small", "asked for as something else"):
        assert asked_once(checked(file, Served(wanted), offline=True)) == known
    asked_once(checked(file, Served(None, "large")))
    assert asked_once(checked(file, Served("small"), offline=True)) == known
    with pytest.raises(TeacherError, match=r"c\.db holds responses of these models: large, small; name the one"):
        checked(file, Served(None), offline=True)


def test_what_is_asked_with_other_fields_is_asked_afresh(tmp_path: Path) -> None:
    plain, thinking = Served(), Served()
    thinking.config = EndpointConfig(("http://h/v1",), "m", extra_body={"reasoning_effort": "high"})
    asked_once(CachedEngine(tmp_path / "c.db", plain))
    asked_once(CachedEngine(tmp_path / "c.db", thinking))
    assert len(thinking.asked) == 1


def test_what_is_incomplete_is_not_kept(tmp_path: Path) -> None:
    server = Served(missing=1)
    engine = CachedEngine(tmp_path / "c.db", server)
    assert len(texts(engine)) == 1
    texts(engine)
    assert len(server.asked) == 2


def test_offline_nobody_is_asked_and_what_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match=r"c\.db is not there"):
        CachedEngine(tmp_path / "c.db", Served(), offline=True)
    known = asked_once(CachedEngine(tmp_path / "c.db", Served()))
    server = Served()
    engine = CachedEngine(tmp_path / "c.db", server, offline=True)
    engine.check()
    assert texts(engine) == known
    assert texts(engine, seed=5) == []
    assert server.asked == []


def test_a_file_that_is_no_cache_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be looked at as one" * 40)
    with pytest.raises(TeacherError, match=r"notes\.txt is no cache"):
        CachedEngine(tmp_path / "notes.txt", Served())


def test_a_database_with_another_table_of_that_name_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "survey.db")) as survey:
        survey.execute("CREATE TABLE responses (id INTEGER, text TEXT)")
    with pytest.raises(TeacherError, match=r"survey\.db is no cache of teacher responses \(no such column: key"):
        CachedEngine(tmp_path / "survey.db", Served())


def test_while_another_run_writes_nobody_waits_and_what_cannot_be_kept_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cache, "PATIENCE", 0.5)
    engine = CachedEngine(tmp_path / "c.db", Served())
    with closing(sqlite3.connect(tmp_path / "c.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert len(texts(engine)) == 2
        assert engine.metrics()["cache/unkept"] == 0, "it still waits, and nobody with it"
        engine.close()
    assert engine.metrics()["cache/unkept"] == 1
    assert "c.db: a response could not be kept (database is locked)" in caplog.text


def test_another_image_of_the_same_name_is_asked_about_afresh(tmp_path: Path) -> None:
    server, text = Served(), f"{MEDIA_MARK}q?"
    for seed in (1, 2, 1):
        question = Question("q", text, "1", media=(an_image("x.png", seed),))
        asked_once(CachedEngine(tmp_path / "c.db", server), Prompt("plain", question, text))
    assert len(server.asked) == 2


def test_an_image_is_looked_at_once_for_all_that_is_asked_about_it(tmp_path: Path) -> None:
    loads: list[int] = []
    image = Media("image", "x.png", lambda: loads.append(1) or picture(1))
    engine = CachedEngine(tmp_path / "c.db", Served())
    for visit in range(3):
        texts(engine, Prompt("plain", Question("q", MEDIA_MARK, "1", media=(image,)), MEDIA_MARK), seed=visit)
    assert len(loads) == 1


def test_another_system_turn_is_another_request(tmp_path: Path) -> None:
    server = Served()
    engine = CachedEngine(tmp_path / "cache.db", server)
    for turns in ((), ({"role": "system", "content": "Be brief."},)):
        texts(engine, Prompt("plain", PROMPT.question, "q?", turns=turns))
    assert len(server.asked) == 2
    engine.close()
