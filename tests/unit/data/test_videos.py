"""Files, animations and lists of frames become evenly sampled frames."""

from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import animation, encoded, film, greys, picture, png

import zppo.data.videos
from zppo.config import DataConfig
from zppo.data.media import media_from, shape_of
from zppo.data.videos import sampled
from zppo.errors import ConfigError, DataError
from zppo.types import Media, Video


def medium(value: Any, folder: Path = Path(), **options: Any) -> Media:
    return media_from(value, "video", "it", folder, DataConfig(**options))


def load(value: Any, folder: Path = Path(), **options: Any) -> Video:
    video = medium(value, folder, **options).load()
    assert shape_of(medium(value, folder, **options)) == (len(video.frames), video.frames[0].size)
    return video


def shades(video: Video) -> list[int]:
    return [frame.getpixel((0, 0))[0] for frame in video.frames]


@given(st.integers(1, 2000), st.floats(0.1, 120), st.integers(1, 64), st.floats(0.1, 30))
def test_frames_are_spread_evenly_over_the_whole_video(count: int, fps: float, frames: int, rate: float) -> None:
    picked = sampled(count, fps, DataConfig(video_frames=frames, video_fps=rate))
    assert 1 <= len(picked) <= min(count, frames)
    assert len(picked) <= max(1, round(count / fps * rate))
    gaps = [b - a for a, b in pairwise(picked)]
    assert not gaps or (picked[0] == 0 and picked[-1] == count - 1 and min(gaps) >= 1 and max(gaps) - min(gaps) <= 1)


def test_a_short_list_of_frames_is_taken_whole(tmp_path: Path) -> None:
    frames = greys(4)
    for i, frame in enumerate(frames):
        frame.save(tmp_path / f"{i}.png")
    names = [f"{i}.png" for i in range(4)]
    for value in ({"frames": names, "fps": 2}, {"frames": names, "fps": None}, {"frames": names}, names):
        video = load(value, tmp_path)
        assert (shades(video), video.fps) == ([0, 85, 170, 255], 2.0)


def test_a_long_list_of_frames_is_sampled_and_says_at_which_rate() -> None:
    video = load({"frames": [encoded(f) for f in greys(31)], "fps": 10}, video_fps=1)
    assert len(video.frames) == 3 and shades(video) == [0, 127, 255]
    assert video.fps == pytest.approx(3 / 3.1)
    assert len(load({"frames": greys(31), "fps": 10}, video_frames=2).frames) == 2


@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_video_file_is_sampled(as_bytes: bool, tmp_path: Path) -> None:
    file = film(tmp_path / "a.mp4", greys(40), fps=10)
    video = load(file.read_bytes() if as_bytes else "a.mp4", tmp_path, video_fps=1)
    assert len(video.frames) == 4 and video.fps == pytest.approx(1.0)
    assert shades(video) == pytest.approx([0, 85, 170, 255], abs=12)
    assert {frame.mode for frame in video.frames} == {"RGB"}


def test_a_file_that_does_not_tell_its_length_is_sampled_over_all_of_it(tmp_path: Path) -> None:
    film(tmp_path / "a.ts", greys(40), fps=10, codec="mpeg2video")
    video = medium("a.ts", tmp_path, video_fps=1).load()
    assert shades(video) == pytest.approx([0, 85, 170, 255], abs=16)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_an_animation_is_a_video(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(greys(20)[0], kind, save_all=True, append_images=greys(20)[1:], duration=100, **options)
    video = load(content, video_fps=2)
    assert shades(video) == pytest.approx([0, 80, 175, 255], abs=8) and video.fps == pytest.approx(2.0)


def test_a_still_image_is_a_video_of_one_frame() -> None:
    assert len(load([png()]).frames) == 1
    assert len(load(encoded(picture(), "GIF")).frames) == 1


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([], "a video needs at least one frame"),
        ({"frames": []}, "a video needs at least one frame"),
        ({"frames": "a.png"}, "a video needs at least one frame"),
        ({"frames": [png()], "fps": 0}, "fps is 0"),
        ({"frames": [png()], "fps": "2"}, "fps is '2'"),
        ({"frames": [png(), None], "fps": 2}, "it is NoneType"),
        ({"frames": [png(8), png(9)], "fps": 2}, "its frames have different sizes"),
        ("nowhere.mp4", "there is no such file: nowhere.mp4"),
        (b"", "it is no video|cannot be decoded"),
        (b"\0" * 5000, "it is no video|cannot be decoded"),
        (animation(greys(3))[:30], "it is no video|cannot be decoded"),
        (5, "it is int, not a path"),
    ],
)
def test_what_is_no_video_is_named(value: Any, problem: str) -> None:
    with pytest.raises(DataError, match=f"^video it: .*({problem})"):
        medium(value).load()


def test_a_video_cut_short_is_refused(tmp_path: Path) -> None:
    content = film(tmp_path / "a.mp4", greys(40)).read_bytes()
    with pytest.raises(DataError, match="video it: "):
        medium(content[: len(content) // 2]).load()


def test_frames_of_a_size_that_is_not_allowed_are_refused(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", greys(4))
    for value in ("a.mp4", {"frames": greys(2)}, animation(greys(2))):
        video = medium(value, tmp_path, min_image_side=33)
        for read in (video.load, partial(shape_of, video)):
            with pytest.raises(DataError, match=r"it is 32x32 pixels; data\.min_image_side is 33"):
                read()


def test_without_pyav_a_video_file_asks_for_it_and_frames_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(tmp_path / "a.mp4", greys(4))
    monkeypatch.setattr(zppo.data.videos, "av", None)
    with pytest.raises(ConfigError, match=r"pip install zppo\[vision\]"):
        medium("a.mp4", tmp_path).load()
    assert len(load({"frames": greys(2)}).frames) == 2


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_cannot_be_is_refused(fps: float) -> None:
    with pytest.raises(ConfigError, match=r"data\.video_fps"):
        DataConfig(video_fps=fps)
