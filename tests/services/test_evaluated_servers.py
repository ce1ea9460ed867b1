"""`zppo eval` against real servers: vLLM understands every decoding option, `transformers serve` does not."""

import json
from pathlib import Path
from typing import Any

import pytest
from realserver import KEY_VARIABLE, RealServer

from zppo.cli.main import main
from zppo.data.lines import json_rows
from zppo.pocket import ASSETS

pytestmark = [pytest.mark.services, pytest.mark.slow]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [row for _, row in json_rows(ASSETS / "test.jsonl") if not row.get("images") and not row.get("videos")][:16]
    file = tmp_path / "data" / "aime26" / "train.jsonl"
    file.parent.mkdir(parents=True)
    lines = ({"problem_idx": i, "problem": row["prompt"], "answer": int(row["answer"])} for i, row in enumerate(rows))
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path / "data"


def evaluate(server: RealServer, data: Path, *options: str) -> dict[str, Any]:
    out = data.parent / "out"
    command = ["eval", server.model, "--engine", "endpoint", "--url", server.url, "--api-key-env", KEY_VARIABLE]
    command += ["--judge", server.url, "--judge-model", server.model, "--judge-max-tokens", "16"]
    command += ["--templates", str(ASSETS.parent / "templates"), "--max-tokens", "48"]
    main([*command, "--benchmarks", "aime26", "--data", str(data), "--out", str(out), *options])
    return json.loads((out / "summary.json").read_text())


def test_vllm_understands_every_decoding_option(vllm: RealServer, data: Path) -> None:
    (outcome,) = evaluate(vllm, data, "--min-p", "0.01", "--repetition-penalty", "1.01")["benchmarks"]
    assert (outcome["items"], outcome["unscored"]) == (16, 0)
    assert outcome["score"] > 75


def test_a_server_that_knows_no_top_k_says_so(transformers_serve: RealServer, data: Path) -> None:
    assert "top_k" in evaluate(transformers_serve, data)["errors"]["aime26"]


def test_without_top_k_it_is_evaluated(transformers_serve: RealServer, data: Path) -> None:
    (outcome,) = evaluate(transformers_serve, data, "--top-k", "0")["benchmarks"]
    assert (outcome["items"], outcome["unscored"]) == (16, 0)
