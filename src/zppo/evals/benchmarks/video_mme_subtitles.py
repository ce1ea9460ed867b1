"""Video-MME with subtitles: the same questions, preceded by the subtitles at the sampled frames.

744 of the 900 videos have a file `subtitle/<videoID>.srt` (inside `subtitle.zip`); for the others the question states
that there are none.
"""

from zppo.data.videos import frame_times
from zppo.evals.aggregates import micro
from zppo.evals.benchmark import Benchmark, Item, Row
from zppo.evals.benchmarks.video_mme import DATA, item_of, path_of
from zppo.evals.choices import score_stated
from zppo.evals.media import find_beside, sampling
from zppo.evals.subtitles import NONE, read_srt, shown_at

HEADING = "This video's subtitles are listed below:"


def items(row: Row) -> list[Item]:
    return [item_of(row, f"{HEADING}\n{_subtitles(row)}\n\n")]


def _subtitles(row: Row) -> str:
    path = find_beside(row, f"subtitle/{row['videoID']}.srt")
    if path is None:
        return NONE
    subtitles = read_srt(row.file(path).read_text("utf-8", errors="replace"))
    moments = frame_times(row.file(path_of(row)), sampling(row))
    return "\n".join(shown_at(subtitles, moments)) or NONE


BENCHMARK = Benchmark(
    slug="video_mme_subtitles",
    abbr="VMMES",
    name="Video-MME (with subtitles)",
    family="video",
    protocol="rule+judge",
    data=DATA,
    items=items,
    score=score_stated,
    aggregate=micro("duration", "domain", "task"),
)
