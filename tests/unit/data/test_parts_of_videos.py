"""A part of a video: from where to where, in seconds; and when the frames are shown that are taken of one."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from pictures import animation, greys
from sighted import new_processor

from zppo.config import DataConfig
from zppo.data.dropped import BadRow
from zppo.data.reader import read_questions
from zppo.data.videos import frame_times, load_video, video_shape
from zppo.models.renderer import Renderer
from zppo.types import Prompt

CONFIG = DataConfig(video_frames=4, video_fps=2.0)


def shades(value: Any) -> list[float]:
    return [float(np.asarray(frame).mean()) for frame in load_video(value, Path(), CONFIG).frames]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Five seconds of ten frames each, frame i with the grey 5.2 * i."""
    file = tmp_path / "film.mp4"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.pix_fmt, stream.width, stream.height = "yuv420p", 32, 32
        for frame in greys(50):
            container.mux(stream.encode(av.VideoFrame.from_image(frame)))
        container.mux(stream.encode())
    return file


@pytest.mark.parametrize(
    ("part", "first", "last", "count"),
    [
        ({}, 0, 49, 4),
        ({"start": 1.0, "end": 3.0}, 10, 30, 4),
        ({"start": 4.0}, 40, 49, 2),
        ({"end": 0.5}, 0, 5, 1),
        ({"start": 4.0, "end": 99.0}, 40, 49, 2),
        ({"start": 60.0, "end": 61.0}, 49, 49, 1),
        ({"start": None, "end": None}, 0, 49, 4),
    ],
)
def test_frames_are_taken_of_the_part_alone(
    path: Path, part: dict[str, Any], first: int, last: int, count: int
) -> None:
    value = {"path": path, **part}
    seen = shades(value)
    assert len(seen) == video_shape(value, Path(), CONFIG).frames == count
    assert seen[0] == pytest.approx(first * 255 / 49, abs=6)
    assert seen[-1] == pytest.approx((last if count > 1 else first) * 255 / 49, abs=6)


def test_the_rate_of_a_part_is_that_of_its_frames(path: Path) -> None:
    assert load_video({"path": path, "start": 1.0, "end": 2.9}, Path(), CONFIG).fps == pytest.approx(2.0)


def test_an_animation_has_parts_as_well() -> None:
    value = {"bytes": animation(greys(20)), "path": None, "start": 1.0, "end": 1.9}
    assert shades(value)[0] == pytest.approx(10 * 255 / 19, abs=6)


@pytest.mark.parametrize("part", [{"start": 3.0, "end": 3.0}, {"start": -1}, {"end": "2"}, {"start": True}, {"end": 0}])
def test_what_is_no_part_is_refused(path: Path, part: dict[str, Any]) -> None:
    for read in (load_video, video_shape):
        with pytest.raises(BadRow, match=r"seconds|should be shown from"):
            read({"path": path, **part}, Path(), CONFIG)


def test_the_moments_of_the_taken_frames(path: Path, tmp_path: Path) -> None:
    assert frame_times(path, CONFIG) == pytest.approx([0.0, 1.6, 3.3, 4.9])
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    with pytest.raises(BadRow, match=r"broken\.mp4: it is no video"):
        frame_times(broken, CONFIG)


def test_two_questions_on_parts_of_one_file_show_different_frames(path: Path) -> None:
    """Media are told apart by their names, and what was made of one is kept for the next that is the same."""
    parts: list[dict[str, Any]] = [{"start": 0, "end": 1.5}, {"start": 3.5, "end": 4.9}, {"end": 1.5}, {}]
    rows = [{"prompt": "<video> grey?", "answer": "1", "videos": [{"path": str(path), **part}]} for part in parts]
    questions, _ = read_questions(rows, CONFIG)
    renderer = Renderer(new_processor())
    seen = [renderer.pixels(Prompt("plain", q, q.text)).tensors["pixel_values_videos"].mean().item() for q in questions]
    assert seen[0] == seen[2] < seen[3] < seen[1]
    names = [q.media[0].name for q in questions]
    assert names == [f"{path}{part}" for part in (", from 0 s, to 1.5 s", ", from 3.5 s, to 4.9 s", ", to 1.5 s", "")]
