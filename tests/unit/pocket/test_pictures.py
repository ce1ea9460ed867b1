import random
from collections import Counter

import numpy as np
import pytest

from zppo.pocket.pictures import CELL, FRAMES, PAPER, SIZE, UNIT, Picture, Scene, bars, lamp, shapes
from zppo.pocket.problems import make_problem


def drawn_cells(picture):
    """How many cells of the grid have something in them."""
    pixels = np.asarray(picture.draw())
    squares = (pixels[y : y + CELL, x : x + CELL] for y in range(0, SIZE, CELL) for x in range(0, SIZE, CELL))
    return sum((square != PAPER).any() for square in squares)


@pytest.mark.parametrize("draw", [bars, shapes, lamp])
def test_a_scene_is_drawn_the_same_each_time_and_named_by_what_it_shows(draw):
    scenes = [draw(random.Random(seed)) for seed in (1, 1, 2)]
    first, again, other = ([np.asarray(p.draw()) for p in scene.pictures] for scene in scenes)
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert scenes[0].name == scenes[1].name != scenes[2].name
    assert first[0].shape == (SIZE, SIZE, 3)


def test_bars_are_as_high_as_they_say_and_stand_in_one_cell():
    picture = Picture("bars", ("red 6 0", "green 1 2", "blue 3 1"))
    pixels = np.asarray(picture.draw())
    coloured = pixels.max(-1) - pixels.min(-1) > 0
    assert [int(coloured[:, column * CELL + CELL // 2].sum()) for column in range(3)] == [6 * UNIT, UNIT, 3 * UNIT]
    assert drawn_cells(picture) == 3


def test_numbers_of_a_question_can_be_counted_in_its_picture():
    rng = random.Random(0)
    for _ in range(20):
        problem = make_problem(rng, "shapes_empty", "easy")
        assert drawn_cells(problem.scenes[0].pictures[0]) == problem.numbers[0]
        problem = make_problem(rng, "lamp_dark", "easy")
        frames = [np.asarray(picture.draw()) for picture in problem.scenes[0].pictures]
        lit = [frame for frame in frames if (frame.max(-1) - frame.min(-1)).any()]
        assert len(frames) == FRAMES and len(lit) == problem.numbers[0]


@pytest.mark.parametrize("draw", [bars, shapes, lamp])
def test_some_scenes_are_held_out(draw):
    held_out = Counter(draw(random.Random(seed)).held_out for seed in range(1000))
    assert 80 < held_out[True] < 250


def test_a_blank_scene_has_nothing_on_it():
    video = lamp(random.Random(0)).blank()
    assert len(video.pictures) == FRAMES and drawn_cells(video.pictures[0]) == 0
    assert len(shapes(random.Random(0)).blank().pictures) == 1


def test_a_reading_tells_all_there_is_to_see():
    assert Scene((Picture("bars", ("red 6 0", "green 1 2", "blue 3 1")),)).reading() == "6 red,1 green,3 blue"
    grid = Scene((Picture("shapes", ("red circle", "", "", "", "blue square", "", "", "", "")),))
    assert grid.reading() == "1,1,1,1,2,2,2,2,2"
    frames = tuple(Picture("lamp", ("red", "28", state)) for state in ("off", "on", "on", "off", "on", "off"))
    assert Scene(frames).reading() == "0,1,2,2,3,3"
