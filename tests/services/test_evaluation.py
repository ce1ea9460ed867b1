"""`zppo eval` against real servers: vLLM understands every decoding option, `transformers serve` ignores some."""

import json
from pathlib import Path

import pytest
from realserver import KEY_VARIABLE, RealServer

from zppo.cli.main import main
from zppo.data.lines import json_rows
from zppo.pocket import ASSETS

pytestmark = [pytest.mark.services, pytest.mark.slow]


def test_a_served_model_is_evaluated_and_judges_itself(server: RealServer, tmp_path: Path) -> None:
    rows = [row for row in json_rows(ASSETS / "test.jsonl") if not row.get("images") and not row.get("videos")][:16]
    file = tmp_path / "data" / "aime26" / "train.jsonl"
    file.parent.mkdir(parents=True)
    lines = ({"problem_idx": i, "problem": row["prompt"], "answer": int(row["answer"])} for i, row in enumerate(rows))
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    command = ["eval", server.model, "--engine", "endpoint", "--url", server.url, "--api-key-env", KEY_VARIABLE]
    command += ["--judge", server.url, "--judge-model", server.model, "--judge-max-tokens", "16"]
    command += ["--benchmarks", "aime26", "--data", str(file.parents[1]), "--out", str(tmp_path / "out")]
    command += ["--templates", str(ASSETS.parent / "templates"), "--max-tokens", "48"]
    assert main(command) == 0
    (outcome,) = json.loads((tmp_path / "out" / "summary.json").read_text())["benchmarks"]
    assert (outcome["items"], outcome["unscored"]) == (16, 0) and outcome["score"] > 25
