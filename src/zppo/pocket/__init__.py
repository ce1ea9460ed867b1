"""The pocket: pairs of tiny Qwen3.5 models and families of problems on which the method works on a CPU.

The rest of the library uses it only as ordinary checkpoints, templates and JSONL files.
"""

from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
"""Shipped pair for words, images and videos: `teacher/`, `student/`, `train.jsonl`, `test.jsonl`, `images/`,
`build.json`."""

WORDS = Path(__file__).parent / "words"
"""Earlier pair for word problems alone: text models, with files of the same names but no images. Only in the source
tree, not in a wheel."""
