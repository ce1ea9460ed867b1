"""Rows of the pocket suite, videos: word problems with clips of two seconds, as files, in archives or as frames."""

import io
import zipfile
from collections.abc import Callable

import av
from PIL import Image

from zppo.evals.benchmarks.mvbench import FRAMES, WHOLE
from zppo.evals.pocket_rows import LETTERS, SIDE, Maker, Rows

FPS, FRAME_COUNT = 2, 4


def mmvu(make: Maker, config: str, split: str) -> Rows:
    rows = []
    for number, kind in enumerate(("multiple-choice", "open-ended")):
        question, answer = make.problem()
        path = f"videos/Math/{number}.mp4"
        make.write(path, clip(make))
        options = make.options(answer, 5)
        is_choice = kind == "multiple-choice"
        rows.append(
            {
                "id": f"validation_{number}",
                "video": f"https://huggingface.co/datasets/yale-nlp/MMVU/resolve/main/{path}",
                "youtube_url": "",
                "question_type": kind,
                "metadata": {"subject": "Math", "textbook": "", "rationale": "", "knowledge": []},
                "question": question,
                "choices": {letter: options[i] if is_choice else "" for i, letter in enumerate("ABCDE")},
                "answer": LETTERS[options.index(answer)] if is_choice else answer,
            }
        )
    return rows


def mvbench(make: Maker, config: str, split: str) -> Rows:
    """MVBench rows; one task has folders of frames; five tasks ask about a part of a video."""
    question, answer = make.problem()
    row = {"video": "a.mp4", "question": question, "candidates": make.options(answer), "answer": answer}
    if config != FRAMES:
        make.write(f"video/{WHOLE[config]}/a.mp4", clip(make))
        return [{**row, "start": 0.0, "end": 1.0}]
    for number in range(1, 7):
        make.write(f"video/{WHOLE[config]}/clip/{number:05d}.jpg", make.image("JPEG"))
    return [{**row, "video": "clip", "start": 0.0, "end": 2.0, "fps": 3.0, "subtitle": ""}]


def video_mme(make: Maker, config: str, split: str) -> Rows:
    """Video-MME rows; options include their letters; one of the two videos has subtitles."""
    make.write("videos_chunked_01.zip", zipped({"data/first.mp4": clip(make), "data/second.mp4": clip(make)}))
    said = '1\n00:00:00,000 --> 00:00:02,000\n<font color="white" size=".72c">Two lamps blink.</font>\n'
    make.write("subtitle.zip", zipped({"subtitle/first.srt": said.encode()}))
    rows = []
    for number, name in enumerate(("first", "second"), start=1):
        question, answer = make.problem()
        options = make.options(answer)
        rows.append(
            {
                "video_id": f"{number:03d}",
                "duration": "short",
                "domain": "Knowledge",
                "sub_category": "Arithmetic",
                "url": "",
                "videoID": name,
                "question_id": f"{number:03d}-1",
                "task_type": "Counting Problem",
                "question": question,
                "options": [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)],
                "answer": LETTERS[options.index(answer)],
            }
        )
    return rows


def video_mmmu(make: Maker, config: str, split: str) -> Rows:
    """Video-MMMU rows; only adaptation has an image, which the question names, and open questions."""
    make.write("Science.zip", zipped({"Science/test_Math_1.mp4": clip(make)}))
    question, answer = make.problem()
    row = {"id": "test_Math_1", "link_selected": "", "question": question, "qa_type": "sum"}
    if config == "Adaptation":
        asked = {"question": f"<image 1> {question}", "options": [], "answer": answer, "question_type": "open"}
        return [row | asked | {"image": make.picture()}]
    options = make.options(answer, 10)
    choice = {"answer": LETTERS[options.index(answer)], "question_type": "multiple-choice"}
    return [row | {"options": options} | choice]


def clip(make: Maker) -> bytes:
    """An MP4 file of a few frames, each of one colour."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        for _ in range(FRAME_COUNT):
            picture = Image.open(io.BytesIO(make.image())).convert("RGB")
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return file.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # without a date, so that equal content gives equal bytes
    return file.getvalue()


ROWS: dict[str, Callable[[Maker, str, str], Rows]] = {
    "mmvu": mmvu,
    "mvbench": mvbench,
    "video_mme": video_mme,
    "video_mme_subtitles": video_mme,
    "video_mmmu": video_mmmu,
}
"""Rows of one config and split, by slug; the files beside them are written too."""
