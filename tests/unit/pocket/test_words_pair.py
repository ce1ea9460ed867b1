import json
import random

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from zppo.pocket import WORDS
from zppo.pocket.clusters import CLUSTERS
from zppo.pocket.problems import balanced, question_id


@pytest.mark.parametrize("name", ["teacher", "student"])
def test_checkpoint_loads_and_is_small(name):
    model, tokenizer = (loader.from_pretrained(WORDS / name) for loader in (AutoModelForCausalLM, AutoTokenizer))
    assert type(model).__name__ == "Qwen3_5ForCausalLM" and model.num_parameters() < 1_000_000
    assert model.config.vocab_size == len(tokenizer)
    assert (
        model.generation_config.eos_token_id == tokenizer.eos_token_id == tokenizer.convert_tokens_to_ids("<|im_end|>")
    )


def test_teacher_and_student_share_one_tokenizer():
    first, second = ((WORDS / name / "tokenizer.json").read_text() for name in ("teacher", "student"))
    assert first == second


def test_card_discloses_what_was_planted():
    card = (WORDS / "student" / "README.md").read_text()
    assert "planted misconception" in card and "on purpose" in card


def test_rows_are_whole_and_the_split_is_clean():
    train, test = (
        [json.loads(line) for line in (WORDS / f"{name}.jsonl").read_text().splitlines()] for name in ("train", "test")
    )
    assert len(train) == 6000 and len(test) == 384
    assert not {row["id"] for row in train} & {row["id"] for row in test}
    for row in train + test:
        assert set(row) == {"id", "prompt", "answer", "cluster", "level"} and row["id"] == question_id(row["prompt"])
    assert sum(row["level"] == "hard" for row in train) == 3000


def test_rows_are_still_what_the_generator_makes():
    rng = random.Random("rows 0")
    for name, total in (("train", 6000), ("test", 384)):
        rows = [json.loads(line) for line in (WORDS / f"{name}.jsonl").read_text().splitlines()]
        made = [problem.row() for problem in balanced(rng, total, name == "test", tuple(CLUSTERS))]
        assert rows == [{key: row[key] for key in rows[0]} for row in made]


def test_build_report_records_the_start_of_the_student():
    sampled = json.loads((WORDS / "build.json").read_text())["sampled"]
    assert sampled["teacher hard"] > 0.9 and sampled["student easy"] > 0.95
    assert 0.001 < sampled["student hard"] < 0.03
    assert sampled["student bcq hard"] > 0.15 and sampled["student ncq hard"] > 0.05


def test_assets_stay_small():
    assert sum(path.stat().st_size for path in WORDS.rglob("*") if path.is_file()) < 10_000_000
