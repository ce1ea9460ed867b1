"""`zppo eval` from the outside: what it prints, what it refuses, and a server in place of a model."""

import importlib.util
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from zppo.cli.main import main

SERVED = ["--suite", "llm", "--engine", "endpoint", "--url", "http://x"]


class Answer(BaseHTTPRequestHandler):
    """Adds one to the number a question begins with; as a judge, finds everything right."""

    asked: list[dict[str, Any]]

    def do_GET(self) -> None:
        self._say({"data": [{"id": "small"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            self.send_error(404)
            return
        self.asked.append(body)
        text = body["messages"][-1]["content"]
        judging = text.startswith("Compare")
        said = '{"verdict": "correct"}' if judging else rf"\boxed{{{text.split()[0]}}}"
        self._say({"choices": [{"message": {"content": said}, "finish_reason": "stop"}], "usage": {}})

    def _say(self, value: Any) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def url() -> Iterator[str]:
    Answer.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for config in ("AIME2025-I", "AIME2025-II"):
        path = tmp_path / "data" / "aime25" / config / "test.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text('{"question": "7 is a number", "answer": "7"}\n{"question": "x is none", "answer": "8"}\n')
    return tmp_path / "data"


def test_a_served_model_is_asked_with_the_papers_settings(
    tmp_path: Path, data: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["eval", "small", "--benchmarks", "aime25,ceval", "--engine", "endpoint", "--url", url]
    command += ["--judge", url, "--data", str(data), "--out", str(tmp_path / "out"), "--compare-paper", "0.8B/zppo"]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["llm", "AIME25", "100.0", "3.3", "4", "4", "rows,", "30", "expected"]
    assert any(line.startswith("not evaluated: ceval: ") for line in lines)
    body = next(b for b in Answer.asked if b["messages"][-1]["content"].startswith("7"))
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.6, 0.95, 12_288)
    assert (body["presence_penalty"], body["top_k"]) == (1.5, 20)
    assert not {"min_p", "repetition_penalty"} & body.keys()
    assert r"\boxed{}" in body["messages"][-1]["content"]
    judged = [b for b in Answer.asked if b["messages"][-1]["content"].startswith("Compare")]
    assert all((b["temperature"], b["max_tokens"]) == (0.0, 512) for b in judged) and len(judged) == 1
    before = len(Answer.asked)
    assert main(command) == 0 and len(Answer.asked) == before


def test_nothing_evaluated_is_a_failure(tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["eval", "small", "--benchmarks", "aime25", "--engine", "endpoint", "--url", url]
    assert main([*command, "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "not evaluated: aime25: " in capsys.readouterr().out


ROWS = [
    {"id": "right", "problem": "7 is a number", "answer": "7"},
    {"id": "wrong", "problem": "8 is a number", "answer": "9"},
    {"id": "text", "problem": "B it is", "answer": "B", "answer_type": "choice", "options": ["six", "seven"]},
    {"id": "none", "problem": "", "answer": "B"},
]


@pytest.fixture
def rows(tmp_path: Path) -> list[str]:
    (tmp_path / "held-out.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return [
        "--data",
        str(tmp_path / "held-out.jsonl"),
        "--columns",
        "{question: problem}",
        "--out",
        str(tmp_path / "o"),
    ]


def test_own_rows_are_scored_as_in_training_and_asked_once(
    tmp_path: Path, url: str, rows: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["eval", "small", "--engine", "endpoint", "--url", url, *rows]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert (
        "held_out: accuracy 0.667 of 3 scored responses, 0 unscored; 0 responses without a final answer" in printed.out
    )
    assert "rows that are not asked: 1 no question" in printed.err
    record = pyarrow.parquet.read_table(tmp_path / "o" / "results" / "held_out.parquet").to_pylist()
    assert [(r["id"], r["extracted"], r["score"], r["reason"]) for r in record] == [
        ("right", "7", 1.0, "7 and 7 are equivalent"),
        ("wrong", "8", 0.0, "9 and 8 are not equivalent"),
        ("text", "B", 1.0, "option B (seven) was chosen"),
    ]
    before = len(Answer.asked)
    code = "def score(completions, answer, **columns):\n    return [None if '8' in c else 0.25 for c in completions]\n"
    (tmp_path / "mine.py").write_text(code, "utf-8")
    assert main([*command, "--function", f"{tmp_path / 'mine.py'}:score", "--extract", "gsm8k"]) == 0
    assert "accuracy 0.250 of 2 scored responses, 1 unscored; 3 responses without" in capsys.readouterr().out
    assert main(command) == 0 and "accuracy 0.667 of 3" in capsys.readouterr().out
    assert len(Answer.asked) == before, "responses are kept and scored anew"


def test_free_form_rows_need_a_judge(tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "free.jsonl"
    file.write_text('{"prompt": "7 is a number", "answer": "seven", "answer_type": "free"}\n', "utf-8")
    command = ["eval", "small", "--engine", "endpoint", "--url", url, "--data", str(file), "--out", str(tmp_path / "o")]
    assert main(command) == 2
    assert "has a free-form answer; pass --judge" in capsys.readouterr().err
    assert main([*command, "--judge", url]) == 0
    assert "free: accuracy 1.000 of 1 scored responses" in capsys.readouterr().out


def test_a_folder_of_benchmarks_is_no_row_data(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "small", "--data", str(data)]) == 2
    assert "say what to evaluate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "say what to evaluate"),
        (["--data", "none.jsonl"], "none.jsonl: there is no such data file"),
        (["--data", "none.jsonl", "--extract", "last"], "--extract: there is no extractor 'last'"),
        (["--data", "none.jsonl", "--function", "none.py:f"], "--function: there is no file none.py"),
        (["--data", "none.jsonl", "--columns", "prompt"], "--columns is 'prompt'; write a mapping"),
        (["--suite", "llm", "--extract", "last_number"], "--extract belongs to rows of your own"),
        (["--suite", "llm", "--split", "test"], "--split belongs to rows of your own"),
        (["--benchmarks", "aime27"], "no benchmark 'aime27'"),
        (["--suite", "llm", "--limit", "0"], "--limit is 0"),
        (["--suite", "llm", "--batch", "0"], "--batch is 0"),
        (["--suite", "llm", "--pixels", "9", "3"], "--pixels 9 3"),
        (["--suite", "llm", "--video-frames", "0"], "at least one frame"),
        (["--suite", "llm", "--url", "http://x"], "--url belongs to --engine endpoint"),
        (["--suite", "llm", "--engine", "endpoint"], "--url belongs to --engine endpoint"),
        (["--suite", "vlm", "--benchmarks", "aime26"], "no benchmark 'aime26' in the suite vlm"),
        (["--suite", "llm", "--judge-model", "m"], "--judge-model belongs to --judge"),
        (["--suite", "llm", "--judge-max-tokens", "9"], "--judge-max-tokens belongs to --judge"),
        (["--suite", "llm", "--judge-templates", "no"], "--judge-templates belongs to --judge"),
        (["--suite", "llm", "--concurrency", "9"], "--concurrency belongs to calls of a server"),
        (["--suite", "llm", "--judge", "m", "--timeout", "9"], "--timeout belongs to calls of a server"),
        (["--suite", "llm", "--api-key-env", "KEY"], "--api-key-env belongs to calls of a server"),
        (["--suite", "llm", "--vllm-args", "x"], "--vllm-args belongs to --engine vllm"),
        ([*SERVED, "--vllm-args", "x"], "--vllm-args belongs to --engine vllm"),
        ([*SERVED, "--vllm-python", "x"], "--vllm-python belongs to --engine vllm"),
        ([*SERVED, "--dtype", "float32"], "--dtype belongs to a model that is loaded here"),
        ([*SERVED, "--judge", "http://x", "--dtype", "float32"], "--dtype belongs to a model that is loaded here"),
        (
            ["--suite", "llm", "--engine", "vllm", "--dtype", "float32"],
            "--dtype belongs to a model that is loaded here",
        ),
        (["--suite", "llm", "--judge", "m", "--judge-model", "m"], "is not a URL"),
        (["--suite", "llm", "--judge", "m", "--judge-max-tokens", "0"], "--judge-max-tokens is 0"),
        (["--suite", "llm", "--judge", "m", "--judge-templates", "no"], "not a folder of judge templates"),
        (["--suite", "llm", "--templates", "no"], "not a folder of template files"),
        (["--suite", "llm", "--compare-paper", "1B"], "the paper has no student '1B'"),
        (["--suite", "llm", "--top-p", "3"], "eval.top_p is 3"),
        (["--suite", "llm", "--harness", "lm-eval"], "pip install 'zppo[eval]'"),
        (["--suite", "llm"], "neither a checkpoint folder nor a model"),
        (["--suite", "llm", "--engine", "vllm"], "has no vLLM"),
    ],
)
def test_mistakes_are_answered_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: list[str], says: str
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *rest: None if name == "lm_eval" else found(name, *rest)
    )
    assert main(["eval", str(tmp_path / "none"), *options, "--out", str(tmp_path / "out")]) == 2
    assert says in capsys.readouterr().err
