"""Rows of the pocket suite: what each benchmark's own data look like, filled with word problems and plain pictures."""

import base64
import io
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PIL import Image

Rows = Sequence[Mapping[str, Any]]
LETTERS = "ABCDEFGHIJ"
SIDE = 48


class Maker:
    """Gives words and pictures, always the same ones for a seed. `problems` are questions with whole numbers."""

    def __init__(self, problems: Sequence[tuple[str, str]], seed: int = 0) -> None:
        self._rng = random.Random(seed)
        self._problems = problems

    def problem(self) -> tuple[str, str]:
        return self._rng.choice(self._problems)

    def options(self, answer: str, count: int = 4) -> list[str]:
        """The answer among other whole numbers, in random order."""
        others = [str(number) for number in range(100) if str(number) != answer]
        return self._rng.sample([answer, *self._rng.sample(others, count - 1)], count)

    def picture(self) -> dict[str, Any]:
        """An undecoded image of one colour, as a column of images holds it."""
        return {"bytes": self.png(), "path": "picture.png"}

    def png(self) -> bytes:
        file = io.BytesIO()
        Image.new("RGB", (SIDE, SIDE), tuple(self._rng.choices(range(256), k=3))).save(file, "PNG")
        return file.getvalue()


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
    data_uri = f"data:image/png;base64,{base64.b64encode(make.png()).decode()}"
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
    """Four axes; the last conversation as lists of roles and contents."""
    axes = ("INFERENCE_MEMORY", "INSTRUCTION_RETENTION", "SELF_COHERENCE", "RELIABLE_VERSION_EDITING")
    rows: list[dict[str, Any]] = []
    for number, axis in enumerate(axes):
        (first, answer), (last, _) = make.problem(), make.problem()
        said = [("user", first), ("assistant", f"It is {answer}."), ("user", last)]
        conversation = [{"role": role, "content": content} for role, content in said]
        row = {"conversation": conversation, "target_question": "Does the response state a number?"}
        rows.append({**row, "pass_criteria": "YES", "axis": axis, "question_id": f"q{number}"})
    return rows


def ai2d(make: Maker, config: str, split: str) -> Rows:
    question, answer = make.problem()
    options = make.options(answer)
    index = str(options.index(answer))
    return [{"question": question, "options": options, "answer": index, "image": make.picture()}]


def charxiv(make: Maker, config: str, split: str) -> Rows:
    """`reasoning_q_source` is not the kind of answer."""
    question, answer = make.problem()
    row: dict[str, Any] = {"image": make.picture(), "category": "cs", "year": "20", "num_subplots": 2}
    row |= {"reasoning_q": question, "reasoning_a": answer, "reasoning_a_type": 3, "reasoning_q_source": 1}
    row |= {"subplot_row": 1, "subplot_col": 2, "subplot_loc": None}
    for place, (template, gold) in enumerate(((1, "Bars"), (8, "0.2"), (12, "4"), (19, "2")), start=1):
        row |= {f"descriptive_q{place}": template, f"descriptive_a{place}": gold}
    return [row]


def dynamath(make: Maker, config: str, split: str) -> Rows:
    question, answer = make.problem()
    row = {"id": "1", "question": question, "image": "images/1.png", "decoded_image": make.picture()}
    kind = {"answer_type": "float", "subject": "analytic     geometry", "knowledge_level": "high school"}
    return [{**row, "ground_truth": f"{answer}.0", **kind}]


def infovqa(make: Maker, config: str, split: str) -> Rows:
    question, answer = make.problem()
    row = {"questionId": "65718", "question": question, "answers": [answer, f"{answer} pens"], "image": make.picture()}
    return [{**row, "answer_type": ["single span"], "image_url": "", "ocr": ""}]


def mathverse(make: Maker, config: str, split: str) -> Rows:
    """In the vision-only version the question stands in the image alone."""
    question, answer = make.problem()
    options = make.options(answer)
    choices = "\n".join(f"{letter}:{option}" for letter, option in zip(LETTERS, options, strict=False))
    letter, full = LETTERS[options.index(answer)], f"{question}\nChoices:\n{choices}"
    versions = [
        ("1", "Text Dominant", full, "multi-choice", letter),
        ("2", "Vision Only", "", "multi-choice", letter),
        ("3", "Text Lite", question, "free-form", answer),
    ]
    return [
        {
            "sample_index": index,
            "problem_index": index,
            "problem_version": version,
            "question": text,
            "image": make.picture(),
            "answer": gold,
            "question_type": kind,
            "question_for_eval": full if kind == "multi-choice" else question,
        }
        for index, version, text, kind, gold in versions
    ]


def mathvista(make: Maker, config: str, split: str) -> Rows:
    """The gold of a multiple choice is the text of the option."""
    rows = []
    for pid, kind in enumerate(("multi_choice", "free_form"), start=1):
        question, answer = make.problem()
        row: dict[str, Any] = {
            "pid": str(pid),
            "question": question,
            "image": f"images/{pid}.jpg",
            "decoded_image": make.picture(),
        }
        row |= {"choices": make.options(answer) if kind == "multi_choice" else None, "unit": None, "answer": answer}
        row |= {"precision": None, "question_type": kind, "metadata": {"task": "math word problem", "context": "bars"}}
        rows.append({**row, "answer_type": "text" if kind == "multi_choice" else "integer"})
    return rows


def mm_vet(make: Maker, config: str, split: str) -> Rows:
    question, answer = make.problem()
    row = {"question_id": "v1_0", "question": question, "answer": f"{answer}<OR>{answer} pens"}
    return [{**row, "image": make.picture(), "capability": "rec,math", "image_source": "pocket"}]


def mmmu_pro(make: Maker, config: str, split: str) -> Rows:
    """Images are named in the question and, out of order, in the options."""
    question, answer = make.problem()
    options = make.options(answer, 4 if "4" in config else 10)
    gold = LETTERS[options.index(answer)]
    row: dict[str, Any] = {"id": "test_Math_1", "answer": gold, "subject": "Math"}
    if config == "vision":
        return [{**row, "options": repr(options), "image": make.picture()}]
    options[options.index(answer)] = f"{answer} <image 3>"
    images = {f"image_{number}": make.picture() if number < 4 else None for number in range(1, 8)}
    return [{**row, "question": f"<image 2> {question} <image 1>", "options": repr(options), **images}]


def vlms_are_blind(make: Maker, config: str, split: str) -> Rows:
    grid = "Count the number of rows and columns and answer with numbers in curly brackets. For example, rows={5} "
    asked = {
        "Touching Circles": ("Are the two circles touching each other? Answer with Yes/No.", "Yes"),
        "Counting Grid - Word Grids": (f"{grid}columns={{6}}", "3,4"),
    }
    return [
        {"task": task, "image": make.picture(), "prompt": prompt, "groundtruth": gold, "metadata": "{}"}
        for task, (prompt, gold) in asked.items()
    ]


def we_math(make: Maker, config: str, split: str) -> Rows:
    rows = []
    for number, key in enumerate(("2steps_1", "2steps_2", "2steps_multi")):
        question, answer = make.problem()
        options = make.options(answer)
        lettered = ";".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))
        row: dict[str, Any] = {"ID": "1", "split": "testmini", "knowledge concept": "sums"}
        row |= {"question": question, "option": lettered}
        row |= {"answer": LETTERS[options.index(answer)], "image_path": make.picture(), "key": key}
        rows.append({**row, "question number": number, "knowledge concept description": ""})
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
    "ai2d": ai2d,
    "charxiv": charxiv,
    "dynamath": dynamath,
    "infovqa": infovqa,
    "mathverse": mathverse,
    "mathvista": mathvista,
    "mm_vet": mm_vet,
    "mmmu_pro": mmmu_pro,
    "vlms_are_blind": vlms_are_blind,
    "we_math": we_math,
}
"""By slug: the rows of one config and split."""
