"""Scorers and categories of OCRBench v2's tasks.

A scorer gets the final answer of a response and the gold that `read_gold` parsed from the row, and returns 0..1.
"""

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

from zppo.errors import ConfigError
from zppo.evals.ocr import answers, boxes, documents, fields, html, tables

NO_METHOD = "None"
"""Value of the column `eval` where the original data had no such column."""
ESSAY = "简答"
"""Mark of a question on handwriting whose answer is sentences, not letters."""

CATEGORIES: dict[str, tuple[str, ...]] = {
    "text recognition": ("text recognition en", "fine-grained text recognition en", "full-page OCR en"),
    "text detection": ("text grounding en", "VQA with position en"),
    "text spotting": ("text spotting en",),
    "relationship extraction": ("key information extraction en", "key information mapping en"),
    "element parsing": ("document parsing en", "chart parsing en", "table parsing en", "formula recognition en"),
    "mathematical calculation": ("math QA en", "text counting en"),
    "visual text understanding": ("document classification en", "cognition VQA en", "diagram QA en"),
    "knowledge reasoning": ("reasoning VQA en", "science QA en", "APP agent en", "ASCII art classification en"),
}
CATEGORIES_ZH: dict[str, tuple[str, ...]] = {
    "text recognition": ("full-page OCR cn",),
    "relationship extraction": ("key information extraction cn", "handwritten answer extraction cn"),
    "element parsing": ("document parsing cn", "table parsing cn", "formula recognition cn"),
    "visual text understanding": ("cognition VQA cn",),
    "knowledge reasoning": ("reasoning VQA cn", "text translation cn"),
}
Scorer = Callable[[str, Mapping[str, Any]], float]


def short(answer: str, gold: Mapping[str, Any]) -> float:
    """Score of a short answer, by the method in the row."""
    how, golds = gold["eval"], gold["answers"]
    if how == "multiple choice":
        return answers.letters_equal(answer, golds)
    if how == "case sensitive":
        return answers.contained(answer, golds, case_sensitive=True)
    return answers.contained(answer, golds)


def short_chinese(answer: str, gold: Mapping[str, Any]) -> float:
    return answers.contained_chinese(answer, gold["answers"]) if gold["eval"] == NO_METHOD else short(answer, gold)


def page(answer: str, gold: Mapping[str, Any]) -> float:
    """Score of a page. Raises ConfigError when the extra `ocr` is not installed."""
    for package in ("nltk", "jieba"):
        if importlib.util.find_spec(package) is None:
            raise ConfigError(f"pages of text are scored with {package}; pip install 'zppo[ocr]'")
    from zppo.evals.ocr.pages import page_similarity

    return page_similarity(answer, gold["answers"][0])


def handwriting(answer: str, gold: Mapping[str, Any]) -> float:
    return page(answer, gold) if gold["essay"] else answers.written_choice(answer, gold["answers"][0])


def table(answer: str, gold: Mapping[str, Any]) -> float:
    wanted = gold["answers"][0]
    if gold["markdown"]:
        return tables.table_similarity(tables.markdown_table(answer), tables.markdown_table(wanted))
    return tables.table_similarity(html.html_table(answer), html.gold_html_table(wanted))


def chart(answer: str, gold: Mapping[str, Any]) -> float:
    data = tables.read_chart(answer)
    return tables.table_similarity(tables.chart_table(data), tables.chart_table(gold["chart"])) if data else 0.0


SCORERS: dict[str, Scorer] = {
    **dict.fromkeys(
        (
            *("APP agent en", "ASCII art classification en", "math QA en", "reasoning VQA en", "science QA en"),
            *("text recognition en", "document classification en", "cognition VQA en", "diagram QA en"),
        ),
        short,
    ),
    **dict.fromkeys(("cognition VQA cn", "reasoning VQA cn"), short_chinese),
    **dict.fromkeys(
        ("fine-grained text recognition en", "full-page OCR en", "full-page OCR cn", "text translation cn"), page
    ),
    "handwritten answer extraction cn": handwriting,
    "text counting en": lambda answer, gold: answers.counted(answer, gold["answers"], gold["eval"]),
    "formula recognition en": lambda answer, gold: answers.formula(answer, gold["answers"]),
    "formula recognition cn": lambda answer, gold: answers.formula_chinese(answer, gold["answers"]),
    **dict.fromkeys(("table parsing en", "table parsing cn"), table),
    "chart parsing en": chart,
    **dict.fromkeys(
        ("document parsing en", "document parsing cn"),
        lambda answer, gold: documents.document_similarity(answer, gold["answers"][0]),
    ),
    **dict.fromkeys(
        ("key information extraction en", "key information mapping en", "key information extraction cn"),
        lambda answer, gold: fields.fields_similarity(fields.read_fields(answer), gold["fields"]),
    ),
    "text grounding en": lambda answer, gold: boxes.grounded(answer, boxes.Box(*gold["box"])),
    "VQA with position en": lambda answer, gold: boxes.answered_with_position(
        answer, gold["answers"], boxes.Box(*gold["box"])
    ),
    "text spotting en": lambda answer, gold: boxes.spotted(answer, [(boxes.Box(*b), t) for b, t in gold["words"]]),
}
