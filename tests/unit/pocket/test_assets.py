import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

from zppo.pocket import ASSETS
from zppo.pocket.build import draw_rows
from zppo.pocket.curriculum import TEMPLATES
from zppo.pocket.problems import ALL, LEVELS
from zppo.types import Question
from zppo.zone.prompts import Templates

SEED = json.loads((ASSETS / "build.json").read_text())["seed"]


@pytest.fixture(scope="module")
def rows():
    return draw_rows(SEED)


def shipped(name):
    return [json.loads(line) for line in (ASSETS / f"{name}.jsonl").read_text().splitlines()]


def test_shipped_rows_and_pictures_are_what_the_generator_makes(rows):
    for name, problems in rows.items():
        assert shipped(name) == [problem.row() for problem in problems]
    pictures = {p for problems in rows.values() for q in problems for scene in q.scenes for p in scene.pictures}
    files = {path.stem: path for path in (ASSETS / "images").iterdir()}
    assert set(files) == {picture.name for picture in pictures} and len(files) < 1500
    for picture in pictures:
        with Image.open(files[picture.name]) as image:
            assert np.array_equal(np.asarray(image), np.asarray(picture.draw())), picture


def test_rows_are_balanced_and_no_picture_of_the_test_was_trained_on():
    train, test = shipped("train"), shipped("test")
    assert len(train) == 6000 and len(test) == 448
    assert not {row["id"] for row in train} & {row["id"] for row in test}
    assert Counter((r["cluster"], r["level"]) for r in test) == {(c, level): 16 for c in ALL for level in LEVELS}
    assert Counter(row["modality"] for row in train) == {"words": 3428, "image": 2143, "video": 429}
    seen, unseen = ({image for row in rows for image in row.get("images", ())} for rows in (train, test))
    assert not seen & unseen


@pytest.fixture(scope="module", params=["teacher", "student"])
def model(request):
    return AutoModelForImageTextToText.from_pretrained(ASSETS / request.param)


def test_checkpoint_and_processor_load_by_their_folder_alone(model):
    processor, tokenizer = (loader.from_pretrained(model.name_or_path) for loader in (AutoProcessor, AutoTokenizer))
    assert type(model).__name__ == "Qwen3_5ForConditionalGeneration" and model.num_parameters() < 1_000_000
    assert type(processor).__name__ == "Qwen3VLProcessor"
    assert model.config.text_config.vocab_size == len(tokenizer) == len(processor.tokenizer)
    ends = (model.generation_config.eos_token_id, tokenizer.eos_token_id)
    assert set(ends) == {tokenizer.convert_tokens_to_ids("<|im_end|>")}
    assert model.config.image_token_id == processor.image_token_id
    assert model.config.video_token_id == processor.video_token_id


def test_easy_questions_of_every_modality_are_solved_from_the_files_alone(model):
    """As anybody would: rows of the JSONL, files opened with PIL, the processor, `generate`."""
    processor = AutoProcessor.from_pretrained(model.name_or_path)
    easy = [row for row in shipped("test") if row["level"] == "easy"]
    for modality in ("words", "image", "video"):
        rows = [row for row in easy if row["modality"] == modality][:12]
        right = sum(respond(model, processor, row).endswith(f"\\boxed{{{row['answer']}}}") for row in rows)
        assert right >= 10, modality


def respond(model, processor, row):
    """The greedy response to a row."""
    marker, text = f"<{row['modality']}>", Templates.load(TEMPLATES).plain(Question("", row["prompt"], ""))
    parts = [{"type": row["modality"]}] * text.count(marker) + [{"type": "text", "text": text.replace(marker, "")}]
    chat = processor.apply_chat_template([{"role": "user", "content": parts}], add_generation_prompt=True)
    media = {}
    if row["modality"] == "image":
        media = {"images": [Image.open(ASSETS / file) for file in row["images"]]}
    elif row["modality"] == "video":
        (video,) = row["videos"]
        frames = np.stack([np.asarray(Image.open(ASSETS / file)) for file in video["frames"]])
        about = {"fps": video["fps"], "total_num_frames": len(frames), "frames_indices": list(range(len(frames)))}
        media = {"videos": [frames], "videos_kwargs": {"do_sample_frames": False, "video_metadata": [about]}}
    inputs = processor(text=[chat], return_tensors="pt", **media)
    output = model.generate(**inputs, do_sample=False, max_new_tokens=24)
    return processor.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def test_teacher_and_student_share_one_processor():
    for file in ("tokenizer.json", "processor_config.json", "chat_template.jinja"):
        first, second = ((ASSETS / name / file).read_text() for name in ("teacher", "student"))
        assert first == second


def test_card_discloses_what_was_planted():
    card = (ASSETS / "student" / "README.md").read_text()
    assert "planted misconception" in card and "on purpose" in card


def test_build_report_records_the_start_of_the_student():
    sampled = json.loads((ASSETS / "build.json").read_text())["sampled"]
    for modality in ("words", "image"):
        rates = sampled[modality]
        assert rates["teacher hard"] > 0.85 and rates["student easy"] > 0.9
        assert 0.0005 < rates["student hard"] < 0.1
        assert rates["student bcq hard"] > 0.15 and rates["student ncq hard"] > 0.05


def test_assets_stay_small():
    assert sum(path.stat().st_size for path in ASSETS.rglob("*") if path.is_file()) < 12_000_000
