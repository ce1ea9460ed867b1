"""Rows of the pocket suite, images: word problems with pictures of one colour."""

from collections.abc import Callable
from typing import Any

from zppo.evals.pocket_rows import LETTERS, Maker, Rows


def ai2d(make: Maker, config: str, split: str) -> Rows:
    question, answer = make.problem()
    options = make.options(answer)
    index = str(options.index(answer))
    return [{"question": question, "options": options, "answer": index, "image": make.picture()}]


def charxiv(make: Maker, config: str, split: str) -> Rows:
    """CharXiv rows; `reasoning_q_source` is not the kind of answer."""
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
    """MathVerse rows; in the vision-only version only the image contains the question."""
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
    """MathVista rows; the gold of a multiple choice is the text of the option."""
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
    """MMMU-Pro rows; images are named in the question and, out of order, in the options."""
    question, answer = make.problem()
    options = make.options(answer, 4 if "4" in config else 10)
    gold = LETTERS[options.index(answer)]
    row: dict[str, Any] = {"id": "test_Math_1", "answer": gold, "subject": "Math"}
    if config == "vision":
        return [{**row, "options": repr(options), "image": make.picture()}]
    options[options.index(answer)] = f"{answer} <image 3>"
    images = {f"image_{number}": make.picture() if number < 4 else None for number in range(1, 8)}
    return [{**row, "question": f"<image 2> {question} <image 1>", "options": repr(options), **images}]


def ocrbench_v2(make: Maker, config: str, split: str) -> Rows:
    """OCRBench v2 rows of both languages; a dictionary is stored as text, a missing `eval` as the word `None`."""
    question, answer = make.problem()
    asked = [
        ("cognition VQA en", question, [answer], "None"),
        ("text counting en", question, [answer], "exact match"),
        ("key information extraction en", "Extract the total.", ['{"total": "5"}'], "None"),
        ("reasoning VQA cn", question, [answer], "None"),
    ]
    return [
        {
            "id": number,
            "dataset_name": "pocket",
            "question": text,
            "type": kind,
            "answers": golds,
            "image": make.picture(),
            "eval": how,
            "bbox": None,
            "bbox_list": None,
            "content": None,
        }
        for number, (kind, text, golds, how) in enumerate(asked)
    ]


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
    "ocrbench_v2_en": ocrbench_v2,
    "ocrbench_v2_zh": ocrbench_v2,
}
"""Rows of one config and split, by slug."""
