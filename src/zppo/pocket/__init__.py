"""The pocket: a pair of tiny Qwen3.5 models and a family of word problems on which the method visibly works on a CPU.

It is a room of its own: the rest of the library meets it only as ordinary checkpoints, templates and JSONL files.
"""

from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
"""The pair that ships: `teacher/`, `student/`, `train.jsonl`, `test.jsonl`, `build.json`."""
