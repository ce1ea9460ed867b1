"""Rows of the pocket suite, text: the columns of each benchmark's data, filled with word problems."""

import base64
import io
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

Rows = Sequence[Mapping[str, Any]]
LETTERS = "ABCDEFGHIJ"
SIDE = 48


class Maker:
    """Source of words and pictures, equal for equal seeds, and writer of files to the benchmark's `folder`.

    `problems` are questions with whole numbers.
    """

    def __init__(self, problems: Sequence[tuple[str, str]], folder: Path, seed: int = 0) -> None:
        self._rng = random.Random(seed)
        self._problems = problems
        self._folder = folder

    def problem(self) -> tuple[str, str]:
        return self._rng.choice(self._problems)

    def options(self, answer: str, count: int = 4) -> list[str]:
        """The answer among other whole numbers, in random order."""
        others = [str(number) for number in range(100) if str(number) != answer]
        return self._rng.sample([answer, *self._rng.sample(others, count - 1)], count)

    def picture(self) -> dict[str, Any]:
        """An undecoded image of one colour, as a column of images holds it."""
        return {"bytes": self.image(), "path": "picture.png"}

    def image(self, form: str = "PNG") -> bytes:
        file = io.BytesIO()
        Image.new("RGB", (SIDE, SIDE), tuple(self._rng.choices(range(256), k=3))).save(file, form)
        return file.getvalue()

    def write(self, name: str, content: bytes) -> None:
        """Write a file beside the rows."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def aime25(make: Maker, config: str, split: str) -> Rows:
    (first, answer), (second, angle) = make.problem(), make.problem()
    return [{"question": first, "answer": answer}, {"question": second, "answer": rf"{angle}^\circ"}]


def aime26(make: Maker, config: str, split: str) -> Rows:
    problems = [make.problem() for _ in range(3)]
    return [{"problem_idx": i, "problem": q, "answer": int(a)} for i, (q, a) in enumerate(problems, start=1)]


def gpqa_diamond(make: Maker, config: str, split: str) -> Rows:
    rows = []
    for number in range(3):
        question, answer = make.problem()
        wrong = [option for option in make.options(answer) if option != answer]
        texts = dict(zip(("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"), wrong, strict=True))
        row = {"Question": f" {question}\n", "Correct Answer": f"{answer} ", **texts}
        rows.append({**row, "High-level domain": "Physics", "Record ID": f"rec{number}"})
    return rows


def hle(make: Maker, config: str, split: str) -> Rows:
    data_uri = f"data:image/png;base64,{base64.b64encode(make.image()).decode()}"
    rows = []
    for number, image in enumerate(("", data_uri)):
        question, answer = make.problem()
        row: dict[str, Any] = {"id": f"hle{number}", "question": question, "image": image, "answer": answer}
        rows.append({**row, "answer_type": "exactMatch", "category": "Math", "raw_subject": "Arithmetic"})
    return rows


def imo_answerbench(make: Maker, config: str, split: str) -> Rows:
    question, answer = make.problem()
    row = {"Problem ID": "imo-bench-algebra-001", "Problem": question, "Short Answer": f"${answer}$."}
    return [{**row, "Category": "Algebra", "Subcategory": "Sums", "Source": "pocket"}]


def mmlu(make: Maker, config: str, split: str) -> Rows:
    rows = []
    for subject in ("abstract_algebra", "world_religions"):
        question, answer = make.problem()
        options = make.options(answer)
        row = {"question": question, "subject": subject, "choices": options, "answer": options.index(answer)}
        rows.append(row)
    return rows


def mmlu_pro(make: Maker, config: str, split: str) -> Rows:
    rows = []
    for number, count in enumerate((10, 3)):
        question, answer = make.problem()
        options = make.options(answer, count)
        place = options.index(answer)
        row = {"question_id": number, "question": question, "options": options, "answer": LETTERS[place]}
        rows.append({**row, "answer_index": place, "category": "math", "cot_content": "", "src": "pocket"})
    return rows


def multichallenge(make: Maker, config: str, split: str) -> Rows:
    """MultiChallenge rows of four axes; the last conversation is stored as lists of roles and contents."""
    axes = ("INFERENCE_MEMORY", "INSTRUCTION_RETENTION", "SELF_COHERENCE", "RELIABLE_VERSION_EDITING")
    rows: list[dict[str, Any]] = []
    for number, axis in enumerate(axes):
        (first, answer), (last, _) = make.problem(), make.problem()
        said = [("user", first), ("assistant", f"It is {answer}."), ("user", last)]
        conversation = [{"role": role, "content": content} for role, content in said]
        row = {"conversation": conversation, "target_question": "Does the response state a number?"}
        rows.append({**row, "pass_criteria": "YES", "axis": axis, "question_id": f"q{number}"})
    return rows


ROWS: dict[str, Callable[[Maker, str, str], Rows]] = {
    "aime25": aime25,
    "aime26": aime26,
    "gpqa_diamond": gpqa_diamond,
    "hle": hle,
    "imo_answerbench": imo_answerbench,
    "mmlu": mmlu,
    "mmlu_pro": mmlu_pro,
    "multichallenge": multichallenge,
}
"""Rows of one config and split, by slug."""
