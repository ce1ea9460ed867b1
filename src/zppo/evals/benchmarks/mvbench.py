"""MVBench: 20 tasks on short videos, 200 questions each, one config per task. The gold is the text of an option.

The videos have two layouts. In the original one, five tasks ask about a part of a video, from `start` to `end`, and
one of these has its videos as folders of frames, three per second. In the Hub's revision `video` those parts are cut
out already. The folder names identify the layout.
"""

from collections.abc import Sequence

from zppo.errors import DataError
from zppo.evals.aggregates import micro
from zppo.evals.asking import plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import choice_item, letter_of_text, lettered, score_stated
from zppo.evals.media import Clip, beside, find_beside, frames, video
from zppo.rewards.choice import Choice
from zppo.types import Media

CUT = {
    "action_sequence": "star/Charades_segment",
    "action_prediction": "star/Charades_segment",
    "object_interaction": "star/Charades_segment",
    "action_localization": "sta/sta_video_segment",
    "episodic_reasoning": "tvqa/video_fps3_hq_segment",
}
"""Folders of parts that are cut out already."""
WHOLE = {
    "action_sequence": "star/Charades_v1_480",
    "action_prediction": "star/Charades_v1_480",
    "object_interaction": "star/Charades_v1_480",
    "action_localization": "sta/sta_video",
    "action_antonym": "ssv2_video",
    "action_count": "perception/videos",
    "character_order": "perception/videos",
    "counterfactual_inference": "clevrer/video_validation",
    "egocentric_navigation": "vlnqa",
    "episodic_reasoning": "tvqa/frames_fps3_hq",
    "fine_grained_action": "Moments_in_Time_Raw/videos",
    "fine_grained_pose": "nturgbd",
    "moving_attribute": "clevrer/video_validation",
    "moving_count": "clevrer/video_validation",
    "moving_direction": "clevrer/video_validation",
    "object_existence": "clevrer/video_validation",
    "object_shuffle": "perception/videos",
    "scene_transition": "scene_qa/video",
    "state_change": "perception/videos",
    "unexpected_action": "FunQA_test/test",
}
"""Folders of whole videos."""
CONVERTED = {"action_antonym": "ssv2_video_mp4", "fine_grained_pose": "nturgbd_convert"}
"""Folders of videos in another format, in the revision `video`."""
FRAMES, FRAMES_FPS = "episodic_reasoning", 3.0
"""The task whose whole videos are folders of frames `00001.jpg`, ..., and their frames per second."""


def items(row: Row) -> list[Item]:
    options = lettered(row, row["candidates"])
    gold = letter_of_text(row, "answer", options, row["answer"])
    identity, text = f"{row.config}/{row.index}", plain(row["question"])
    return [choice_item(row, identity, text, Choice(options, gold), {"task": row.config}, [_video(row)])]


def _video(row: Row) -> Media:
    name, task = str(row["video"]), row.config
    if task not in CUT:
        folders = [folders[task] for folders in (WHOLE, CONVERTED) if task in folders]
        return video(row, beside(row, *(f"{folder}/{name}" for folder in folders)))
    cut = find_beside(row, f"{CUT[task]}/{name}", f"{CUT[task]}/{name}.mp4")
    if cut is not None:
        return video(row, cut)
    if task == FRAMES:
        return frames(row, _frames(row, f"{WHOLE[task]}/{name}", _clip(row)), FRAMES_FPS)
    return video(row, beside(row, f"{WHOLE[task]}/{name}"), _clip(row))


def _clip(row: Row) -> Clip:
    """The part of the video. Raises DataError if a task needs a part and the row does not name it."""
    start, end = row.values.get("start"), row.values.get("end")
    if not isinstance(start, int | float) or not isinstance(end, int | float) or not 0 <= start < end:
        raise DataError(f"{row.where}: columns 'start' and 'end' should be seconds, not {start!r} and {end!r}")
    return float(start), float(end)


def _frames(row: Row, folder: str, clip: Clip) -> Sequence[str]:
    first = beside(row, f"{folder}/00001.jpg")
    paths = [path for path in row.files.names(first.rpartition("/")[0]) if path.endswith(".jpg")]
    begin, end = (round(moment * FRAMES_FPS) for moment in clip)
    return paths[max(begin, 1) - 1 : end] or paths[-1:]


BENCHMARK = Benchmark(
    slug="mvbench",
    abbr="MVBench",
    name="MVBench",
    family="video",
    protocol="rule+judge",
    data=Data(
        hub_ids=("OpenGVLab/MVBench",),
        configs=tuple(sorted(WHOLE)),
        splits=("train",),
        columns={"video": "str", "question": "str", "candidates": "list", "answer": "str"},
        files=("video/*.zip",),
        rows=4000,
        unverified=(
            "whether the NTU RGB+D videos of fine_grained_pose are in the repository; their licence may forbid it",
            "which tasks have the columns `start`, `end`, `fps` and `subtitle`",
        ),
    ),
    items=items,
    score=score_stated,
    aggregate=micro("task"),
)
