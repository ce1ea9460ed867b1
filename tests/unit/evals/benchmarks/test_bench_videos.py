"""Video-MME with and without subtitles, and MVBench: where the videos lie, and which of their frames are shown."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from benchrows import Folder, item_of, path_of, row_of, scored

from zppo.errors import DataError
from zppo.evals.benchmark import Item
from zppo.evals.benchmarks import BENCHMARKS
from zppo.types import MEDIA_MARK

MME, SUBTITLED, MVBENCH = BENCHMARKS["video_mme"], BENCHMARKS["video_mme_subtitles"], BENCHMARKS["mvbench"]


def film(path: Path, seconds: int = 8, fps: int = 5) -> None:
    """A video whose frames grow brighter: frame i has the grey 6 * i."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for i in range(seconds * fps):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 6 * i, dtype=np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def greys(item: Item) -> list[float]:
    """How bright the frames of the video are that an item shows."""
    return [float(np.asarray(frame).mean()) for frame in item.question.media[0].load().frames]


def mme(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "video_id": "001",
        "duration": "short",
        "domain": "Knowledge",
        "sub_category": "Humanity & History",
        "url": "https://www.youtube.com/watch?v=fFjv93ACGo8",
        "videoID": "fFjv93ACGo8",
        "question_id": "001-1",
        "task_type": "Counting Problem",
        "question": "How many candles are lit?",
        "options": ["A. One.", "B. Two.", "C. Three.", "D. Four."],
        "answer": "C",
    }
    return row | changes


def test_video_mme_options_that_have_letters_are_not_lettered_twice(files: Folder) -> None:
    files.add("data/fFjv93ACGo8.mp4")
    item = item_of(MME, mme(), files=files)
    assert item.question.text == f"{MEDIA_MARK}\nHow many candles are lit?\n\nA. One.\nB. Two.\nC. Three.\nD. Four."
    assert "subtitle" not in item.question.text
    assert (item.question.id, item.gold, item.question.answer) == ("001-1", "C", "C. Three.")
    assert [medium.kind for medium in item.question.media] == ["video"]
    assert [scored(MME, item, answer) for answer in ("C", "C. Three.", "Three", "B", "E")] == [1.0, 1.0, 1.0, 0.0, None]


@pytest.mark.parametrize(
    ("response", "score"),
    [
        ("C", 1.0),
        ("(C)", 1.0),
        ("C. Three.", 1.0),
        ("<think>Two? No.</think>The best answer is: C", 1.0),
        ("The answer is (B), I think.", 0.0),
        ("After all that, three candles.", None),
        ("A candle is lit", None),
        ("<think>The answer is C", None),
        ("", None),
    ],
)
def test_video_mme_without_a_box_the_stated_option_counts_and_no_stray_letter(
    files: Folder, response: str, score: float | None
) -> None:
    files.add("data/fFjv93ACGo8.mp4")
    said = MME.score(item_of(MME, mme(), files=files), response)
    assert (None if said is None else said.score) == score


@pytest.mark.parametrize("name", ["data/fFjv93ACGo8.mp4", "data/fFjv93ACGo8.MP4", "chunk/data/fFjv93ACGo8.mkv"])
def test_video_mme_videos_lie_under_the_id_of_the_platform(files: Folder, name: str) -> None:
    files.add(name)
    assert path_of(item_of(MME, mme(), files=files)) == name


def test_video_mme_a_missing_video_is_told() -> None:
    with pytest.raises(
        DataError, match=r"row 0: the file 'data/fFjv93ACGo8\.mp4' is missing from the benchmark's data"
    ):
        item_of(MME, mme())


def test_video_mme_accuracy_is_told_by_duration(files: Folder) -> None:
    files.add("data/fFjv93ACGo8.mp4")
    short, long = (item_of(MME, mme(duration=d), files=files) for d in ("short", "long"))
    numbers = MME.aggregate([(short, 1.0), (long, 0.0), (long, 0.0), (long, 0.0)])
    assert (numbers["score"], numbers["duration/short"], numbers["duration/long"]) == (25.0, 100.0, 0.0)


SRT = "1\n00:00:00,000 --> 00:00:01,900\nfirst words\n\n2\n00:00:02,100 --> 00:00:02,400\nbetween\n\n"
SRT += "3\n00:00:07,000 --> 00:00:09,000\nlast words\n"


def test_video_mme_subtitles_are_those_at_the_sampled_frames(files: Folder) -> None:
    film(files.root / "data/fFjv93ACGo8.mp4")
    files.add("subtitle/fFjv93ACGo8.srt", SRT)
    row = row_of(SUBTITLED, mme(), files=files)
    (item,) = SUBTITLED.items(type(row)(**{**vars(row), "frames": 2}))
    assert item.question.text == (
        f"{MEDIA_MARK}\nThis video's subtitles are listed below:\nfirst words\nlast words\n\n"
        "How many candles are lit?\n\nA. One.\nB. Two.\nC. Three.\nD. Four."
    )
    assert len(greys(item)) == 2


def test_video_mme_without_a_file_of_subtitles_the_question_says_so(files: Folder) -> None:
    files.add("data/fFjv93ACGo8.mp4")
    text = item_of(SUBTITLED, mme(), files=files).question.text
    assert "listed below:\nNo subtitles available\n\nHow many" in text


def bench(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"video": "ZS9XR.mp4", "question": "What happened after?", "answer": "Threw the shoes."}
    return row | {"candidates": ["Put down the box.", "Threw the shoes."]} | changes


def test_mvbench_the_gold_is_the_text_of_a_candidate(files: Folder) -> None:
    files.add("video/ssv2_video/ZS9XR.mp4")
    item = item_of(MVBENCH, bench(), config="action_antonym", files=files)
    assert item.question.text == f"{MEDIA_MARK}\nWhat happened after?\n\nA. Put down the box.\nB. Threw the shoes."
    assert (item.gold, path_of(item)) == ("B", "video/ssv2_video/ZS9XR.mp4")
    assert [scored(MVBENCH, item, answer) for answer in ("B", "threw the shoes", "A")] == [1.0, 1.0, 0.0]
    with pytest.raises(DataError, match="column 'answer' should be one of"):
        item_of(MVBENCH, bench(answer="B"), config="action_antonym", files=files)


def test_mvbench_has_twenty_configs_in_the_split_train() -> None:
    assert (len(MVBENCH.data.configs), MVBENCH.data.splits, MVBENCH.data.rows) == (20, ("train",), 4000)


def test_mvbench_bounds_cut_a_part_out_of_a_whole_video(files: Folder) -> None:
    film(files.root / "video/star/Charades_v1_480/ZS9XR.mp4")
    item = item_of(MVBENCH, bench(start=2.0, end=4.0), config="action_sequence", files=files)
    shades = greys(item)
    assert len(shades) == 4
    assert shades == pytest.approx([60, 78, 102, 120], abs=8)


def test_mvbench_bounds_do_not_apply_to_parts_that_are_cut_out_already(files: Folder) -> None:
    film(files.root / "video/star/Charades_segment/ZS9XR.mp4", seconds=2)
    item = item_of(MVBENCH, bench(start=30.0, end=32.0), config="action_sequence", files=files)
    assert greys(item)[0] < 8


def test_mvbench_a_task_about_a_part_needs_bounds(files: Folder) -> None:
    files.add("video/star/Charades_v1_480/ZS9XR.mp4")
    for bounds in ({}, {"start": 3.0, "end": 3.0}, {"start": None, "end": 3.0}):
        with pytest.raises(DataError, match="columns 'start' and 'end' should be seconds"):
            item_of(MVBENCH, bench(**bounds), config="action_prediction", files=files)


def test_mvbench_episodes_are_folders_of_three_frames_a_second(files: Folder) -> None:
    for i in range(1, 31):
        files.add(f"video/tvqa/frames_fps3_hq/castle_s01/{i:05d}.jpg")
    row = bench(video="castle_s01", start=2.0, end=4.0)
    item = item_of(MVBENCH, row, config="episodic_reasoning", files=files)
    folder = "video/tvqa/frames_fps3_hq/castle_s01"
    assert item.question.media[0].name.endswith(f"{folder}/00006.jpg to {folder}/00012.jpg")


def test_mvbench_a_missing_video_is_told(files: Folder) -> None:
    with pytest.raises(DataError, match=r"the file 'nturgbd/S001\.avi' is missing"):
        item_of(MVBENCH, bench(video="S001.avi"), config="fine_grained_pose", files=files)
