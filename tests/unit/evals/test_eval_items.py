"""Images of an item are brought within the paper's bounds, whatever engine will see them."""

import pytest
from PIL import Image

from zppo.evals.items import PIXELS, within
from zppo.types import Media, Video


@pytest.mark.parametrize(
    ("size", "expected"),
    [((10, 20), (362, 724)), ((1000, 1000), (1000, 1000)), ((4000, 1000), (2290, 572)), ((1, 1), (512, 512))],
)
def test_an_image_keeps_its_shape_and_gets_no_fewer_and_no_more_pixels(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    medium = Media("image", "a.png", lambda: Image.new("RGB", size))
    image = within(medium, *PIXELS).load()
    assert image.size == expected and image.mode == "RGB"
    assert within(medium, *PIXELS) == medium


def test_the_frames_of_a_video_are_scaled_down_only() -> None:
    frames = [Image.new("RGB", (8, 8)), Image.new("RGB", (4000, 4000))]
    video = within(Media("video", "v", lambda: Video(frames, 2.0)), *PIXELS).load()
    assert video.fps == 2.0 and [frame.size for frame in video.frames] == [(8, 8), (1145, 1145)]
