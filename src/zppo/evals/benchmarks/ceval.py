"""C-Eval, validation split: Chinese multiple choice in 52 subjects, one config each.

The score is the mean over all 1,346 rows; the mean over subjects is reported as `macro`.
"""

from collections.abc import Mapping
from statistics import fmean

from zppo.evals.aggregates import Pairs, means, micro
from zppo.evals.asking import plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import choice_item, known_letter, score_choice
from zppo.rewards.choice import Choice

SUBJECTS = {
    "stem": [
        "advanced_mathematics",
        "college_chemistry",
        "college_physics",
        "college_programming",
        "computer_architecture",
        "computer_network",
        "discrete_mathematics",
        "electrical_engineer",
        "high_school_biology",
        "high_school_chemistry",
        "high_school_mathematics",
        "high_school_physics",
        "metrology_engineer",
        "middle_school_biology",
        "middle_school_chemistry",
        "middle_school_mathematics",
        "middle_school_physics",
        "operating_system",
        "probability_and_statistics",
        "veterinary_medicine",
    ],
    "social_science": [
        "business_administration",
        "college_economics",
        "education_science",
        "high_school_geography",
        "high_school_politics",
        "mao_zedong_thought",
        "marxism",
        "middle_school_geography",
        "middle_school_politics",
        "teacher_qualification",
    ],
    "humanities": [
        "art_studies",
        "chinese_language_and_literature",
        "high_school_chinese",
        "high_school_history",
        "ideological_and_moral_cultivation",
        "law",
        "legal_professional",
        "logic",
        "middle_school_history",
        "modern_chinese_history",
        "professional_tour_guide",
    ],
    "other": [
        "accountant",
        "basic_medicine",
        "civil_servant",
        "clinical_medicine",
        "environmental_impact_assessment_engineer",
        "fire_engineer",
        "physician",
        "plant_protection",
        "sports_science",
        "tax_accountant",
        "urban_and_rural_planner",
    ],
}
_AREA = {subject: area for area, subjects in SUBJECTS.items() for subject in subjects}


def items(row: Row) -> list[Item]:
    options = {letter: plain(row[letter]) for letter in "ABCD"}
    gold = known_letter(row, "answer", options, row["answer"])
    group = {"subject": row.config, "area": _AREA[row.config]}
    return [choice_item(row, f"{row.config}/{row['id']}", plain(row["question"]), Choice(options, gold), group)]


def aggregate(scores: Pairs) -> Mapping[str, float]:
    return {**micro("area")(scores), "macro": fmean(means(scores, "subject").values())}


BENCHMARK = Benchmark(
    slug="ceval",
    abbr="CEval",
    name="C-Eval (val)",
    family="llm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("ceval/ceval-exam",),
        configs=tuple(sorted(_AREA)),
        splits=("val",),
        columns={"id": "int", "question": "str", "A": "str", "B": "str", "C": "str", "D": "str", "answer": "str"},
        scripted=True,
        rows=1346,
        unverified=("whether the repository holds Parquet files now",),
    ),
    items=items,
    score=score_choice,
    aggregate=aggregate,
)
