"""MMLU-Redux 2.0: 100 questions of each of MMLU's 57 subjects, re-annotated for errors.

Only rows whose `error_type` is `ok` are used: for the others the annotators found a fault in the question, the options
or the answer, and their corrections are indices, letters or free text.
"""

from zppo.errors import DataError, nearest
from zppo.evals.aggregates import micro
from zppo.evals.asking import plain
from zppo.evals.benchmark import Benchmark, Data, Item, Row
from zppo.evals.choices import choice_item, letter_of_index, lettered, score_choice
from zppo.rewards.choice import Choice

ERRORS = (
    "wrong_groundtruth",
    "no_correct_answer",
    "multiple_correct_answers",
    "bad_question_clarity",
    "bad_options_clarity",
    "expert",
)
SUBJECTS = [
    "abstract_algebra",
    "anatomy",
    "astronomy",
    "business_ethics",
    "clinical_knowledge",
    "college_biology",
    "college_chemistry",
    "college_computer_science",
    "college_mathematics",
    "college_medicine",
    "college_physics",
    "computer_security",
    "conceptual_physics",
    "econometrics",
    "electrical_engineering",
    "elementary_mathematics",
    "formal_logic",
    "global_facts",
    "high_school_biology",
    "high_school_chemistry",
    "high_school_computer_science",
    "high_school_european_history",
    "high_school_geography",
    "high_school_government_and_politics",
    "high_school_macroeconomics",
    "high_school_mathematics",
    "high_school_microeconomics",
    "high_school_physics",
    "high_school_psychology",
    "high_school_statistics",
    "high_school_us_history",
    "high_school_world_history",
    "human_aging",
    "human_sexuality",
    "international_law",
    "jurisprudence",
    "logical_fallacies",
    "machine_learning",
    "management",
    "marketing",
    "medical_genetics",
    "miscellaneous",
    "moral_disputes",
    "moral_scenarios",
    "nutrition",
    "philosophy",
    "prehistory",
    "professional_accounting",
    "professional_law",
    "professional_medicine",
    "professional_psychology",
    "public_relations",
    "security_studies",
    "sociology",
    "us_foreign_policy",
    "virology",
    "world_religions",
]


def items(row: Row) -> list[Item]:
    error = str(row["error_type"])
    if error in ERRORS:
        return []
    if error != "ok":
        raise DataError(f"{row.where}: unknown error_type {error!r}{nearest(error, ['ok', *ERRORS])}")
    options = lettered(row, row["choices"])
    gold = letter_of_index(row, "answer", options, row["answer"])
    identity = f"{row.config}/{row.index}"
    return [choice_item(row, identity, plain(row["question"]), Choice(options, gold), {"subject": row.config})]


BENCHMARK = Benchmark(
    slug="mmlu_redux",
    abbr="MMLU-Rd",
    name="MMLU-Redux 2.0",
    family="llm",
    protocol="exact+judge",
    data=Data(
        hub_ids=("edinburgh-dawg/mmlu-redux-2.0",),
        configs=tuple(SUBJECTS),
        splits=("test",),
        columns={"question": "str", "choices": "list", "answer": "int", "error_type": "str"},
        rows=5700,
        unverified=("the full list of values of `error_type`", "what the paper does with erroneous rows"),
    ),
    items=items,
    score=score_choice,
    aggregate=micro("subject"),
)
