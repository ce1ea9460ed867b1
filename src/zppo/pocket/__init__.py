"""The pocket: pairs of tiny Qwen3.5 models and families of problems on which the method visibly works on a CPU.

It is a room of its own: the rest of the library meets it only as ordinary checkpoints, templates and JSONL files.
"""

from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
"""The pair that ships, for words, images and videos: `teacher/`, `student/`, `train.jsonl`, `test.jsonl`, `images/`,
`build.json`."""

WORDS = Path(__file__).parent / "words"
"""An earlier pair, for word problems alone: text models, with files of the same names but no images. In the source tree
only: a wheel does not hold it."""
