"""All 31 benchmarks are there, with the facts that were counted in their data."""

import csv
import re
from importlib import resources

import pytest

from zppo.evals.benchmark import Benchmark
from zppo.evals.benchmarks import BENCHMARKS, charxiv, charxiv_questions, mmvu
from zppo.evals.judging import load_templates
from zppo.evals.results import AVERAGES
from zppo.evals.source import KINDS

# slug: column of the paper, family, protocol, configs, splits, rows
FACTS = {
    "ai2d": ("AI2D", "vlm", "exact+judge", 1, 1, 3088),
    "babyvision": ("BabyV", "vlm", "exact+judge", 1, 1, 388),
    "charxiv": ("CharXiv", "vlm", "bench_judge", 1, 1, 1000),
    "dynamath": ("DynaM", "vlm", "exact+judge", 1, 10, 5010),
    "embspatial": ("EmbSp", "vlm", "exact+judge", 1, 1, 3640),
    "infovqa": ("InfoVQA", "vlm", "deterministic", 1, 1, 2801),
    "mathverse": ("MVerse", "vlm", "exact+judge", 1, 1, 3940),
    "mathvision": ("MVision", "vlm", "exact+judge", 1, 1, 3040),
    "mathvista": ("MVista", "vlm", "rule+judge", 1, 1, 1000),
    "mm_vet": ("MM-Vet", "vlm", "bench_judge", 1, 1, 218),
    "mmmu_pro": ("MMMUPro", "vlm", "exact+judge", 3, 1, 5190),
    "ocrbench_v2_en": ("OCREN", "vlm", "deterministic", 1, 1, 10000),
    "ocrbench_v2_zh": ("OCRZH", "vlm", "deterministic", 1, 1, 10000),
    "visualpuzzles": ("VisP", "vlm", "exact+judge", 1, 1, 1168),
    "vlms_are_blind": ("VBlind", "vlm", "exact+judge", 1, 1, 8016),
    "we_math": ("WeMath", "vlm", "exact+judge", 1, 1, 1740),
    "aime25": ("AIME25", "llm", "exact+judge", 2, 1, 30),
    "aime26": ("AIME26", "llm", "exact+judge", 1, 1, 30),
    "ceval": ("CEval", "llm", "exact+judge", 52, 1, 1346),
    "gpqa_diamond": ("GPQA-D", "llm", "exact+judge", 1, 1, 198),
    "hle": ("HLE", "llm", "bench_judge", 1, 1, 2500),
    "imo_answerbench": ("IMO-AB", "llm", "exact+judge", 1, 1, 400),
    "mmlu": ("MMLU", "llm", "exact+judge", 1, 1, 14042),
    "mmlu_pro": ("MMLU-Pro", "llm", "exact+judge", 1, 1, 12032),
    "mmlu_redux": ("MMLU-Rd", "llm", "exact+judge", 57, 1, 5700),
    "multichallenge": ("MultiCh", "llm", "bench_judge", 1, 1, 266),
    "mmvu": ("MMVU", "video", "bench_judge", 1, 1, 1000),
    "mvbench": ("MVBench", "video", "rule+judge", 20, 1, 4000),
    "video_mme": ("VMME", "video", "rule+judge", 1, 1, 2700),
    "video_mme_subtitles": ("VMMES", "video", "rule+judge", 1, 1, 2700),
    "video_mmmu": ("VMMMU", "video", "rule+judge", 3, 1, 900),
}
MVBENCH = [
    *("action_antonym", "action_count", "action_localization", "action_prediction", "action_sequence"),
    *("character_order", "counterfactual_inference", "egocentric_navigation", "episodic_reasoning"),
    *("fine_grained_action", "fine_grained_pose", "moving_attribute", "moving_count", "moving_direction"),
    *("object_existence", "object_interaction", "object_shuffle", "scene_transition", "state_change"),
    "unexpected_action",
]
# slug: ids on the Hub, configs (or how many), splits; as found in cards and in others' code that reads these data
PLACES = {
    "ai2d": (["lmms-lab/ai2d", "lmms-lab-encoder/ai2d"], ["default"], ["test"]),
    "babyvision": (["UnipatAI/BabyVision"], ["default"], ["train"]),
    "charxiv": (["princeton-nlp/CharXiv"], ["default"], ["validation"]),
    "dynamath": (["DynaMath/DynaMath_Sample"], ["default"], [f"sample_variant{n}" for n in range(1, 11)]),
    "embspatial": (["FlagEval/EmbSpatial-Bench"], ["default"], ["test"]),
    "infovqa": (["lmms-lab/DocVQA", "lmms-lab-encoder/DocVQA"], ["InfographicVQA"], ["validation"]),
    "mathverse": (["CaraJ/MathVerse-lmmseval"], ["testmini"], ["testmini"]),
    "mathvision": (["MathLLMs/MathVision"], ["default"], ["test"]),
    "mathvista": (["AI4Math/MathVista"], ["default"], ["testmini"]),
    "mm_vet": (["lmms-lab/MMVet", "lmms-lab-encoder/MMVet"], ["default"], ["test"]),
    "mmmu_pro": (["MMMU/MMMU_Pro"], ["standard (10 options)", "standard (4 options)", "vision"], ["test"]),
    "ocrbench_v2_en": (["ling99/OCRBench_v2"], ["default"], ["test"]),
    "ocrbench_v2_zh": (["ling99/OCRBench_v2"], ["default"], ["test"]),
    "visualpuzzles": (["neulab/VisualPuzzles"], ["default"], ["train"]),
    "vlms_are_blind": (["XAI/vlmsareblind"], ["default"], ["valid"]),
    "we_math": (["We-Math/We-Math"], ["default"], ["testmini"]),
    "aime25": (["opencompass/AIME2025"], ["AIME2025-I", "AIME2025-II"], ["test"]),
    "aime26": (["MathArena/aime_2026"], ["default"], ["train"]),
    "ceval": (["ceval/ceval-exam"], 52, ["val"]),
    "gpqa_diamond": (["Idavidrein/gpqa"], ["gpqa_diamond"], ["train"]),
    "hle": (["cais/hle"], ["default"], ["test"]),
    "imo_answerbench": (["OpenEvals/IMO-AnswerBench"], ["default"], ["train"]),
    "mmlu": (["cais/mmlu"], ["all"], ["test"]),
    "mmlu_pro": (["TIGER-Lab/MMLU-Pro"], ["default"], ["test"]),
    "mmlu_redux": (["edinburgh-dawg/mmlu-redux-2.0"], 57, ["test"]),
    "multichallenge": (["ScaleAI/MultiChallenge"], ["default"], ["test"]),
    "mmvu": (["yale-nlp/MMVU"], ["default"], ["validation"]),
    "mvbench": (["OpenGVLab/MVBench"], MVBENCH, ["train"]),
    "video_mme": (["lmms-lab/Video-MME", "lmms-eval/Video-MME"], ["videomme"], ["test"]),
    "video_mme_subtitles": (["lmms-lab/Video-MME", "lmms-eval/Video-MME"], ["videomme"], ["test"]),
    "video_mmmu": (
        ["lmms-lab/VideoMMMU", "lmms-eval/VideoMMMU"],
        ["Perception", "Comprehension", "Adaptation"],
        ["test"],
    ),
}
REVISIONS = {"multichallenge": "670fd81f270314d0f8f82b34fcfe2187fd28f699"}
GATED = {"gpqa_diamond", "hle", "video_mmmu"}


def place(benchmark: Benchmark) -> tuple[list[str], list[str] | int, list[str]]:
    data = benchmark.data
    configs = sorted(data.configs) if isinstance(PLACES[benchmark.slug][1], list) else len(set(data.configs))
    return list(data.hub_ids), configs, list(data.splits)


def facts(benchmark: Benchmark) -> tuple[str, str, str, int, int, int | None]:
    data = benchmark.data
    counts = len(set(data.configs)), len(set(data.splits)), data.rows
    return benchmark.abbr, benchmark.family, benchmark.protocol, *counts


def test_there_are_sixteen_ten_and_five() -> None:
    assert {slug: facts(benchmark) for slug, benchmark in BENCHMARKS.items()} == FACTS
    families = [benchmark.family for benchmark in BENCHMARKS.values()]
    assert [families.count(family) for family in ("vlm", "llm", "video")] == [16, 10, 5]


def test_they_are_the_columns_of_the_paper_in_the_same_families() -> None:
    text = resources.files("zppo.evals").joinpath("data", "paper_results.csv").read_text("utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["benchmark"] not in AVERAGES]
    paper = {(row["benchmark"], row["family"]) for row in rows}
    assert {(benchmark.abbr, benchmark.family) for benchmark in BENCHMARKS.values()} == paper


@pytest.mark.parametrize("slug", BENCHMARKS)
def test_a_benchmark_keeps_to_the_form(slug: str) -> None:
    benchmark = BENCHMARKS[slug]
    assert benchmark.slug == slug
    assert re.fullmatch(r"[a-z0-9_]+", slug)
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+", hub_id) for hub_id in benchmark.data.hub_ids)
    assert (benchmark.judgement is not None) or benchmark.protocol != "bench_judge"
    assert set(benchmark.data.config_columns) <= set(benchmark.data.configs)
    for columns in (benchmark.data.columns, *benchmark.data.config_columns.values()):
        assert columns
        assert {kind for kinds in columns.values() for kind in kinds.split("|")} <= set(KINDS)


def test_the_gated_ones_say_so() -> None:
    assert {slug for slug, benchmark in BENCHMARKS.items() if benchmark.data.gated} == GATED


@pytest.mark.parametrize("slug", BENCHMARKS)
def test_the_data_are_where_they_were_found_under_both_names_if_they_moved(slug: str) -> None:
    ids, configs, splits = PLACES[slug]
    expected = ids, sorted(configs) if isinstance(configs, list) else configs, splits
    assert place(BENCHMARKS[slug]) == expected


def test_data_that_are_revised_are_read_in_one_revision() -> None:
    pinned = {slug: benchmark.data.revision for slug, benchmark in BENCHMARKS.items() if benchmark.data.revision}
    assert pinned == REVISIONS


def test_every_judgement_has_its_template_and_every_template_its_use() -> None:
    rubrics = {*charxiv_questions.RUBRIC.values(), *charxiv.REASONING_RUBRIC.values()}
    compared = {"answer", "hle", "mm_vet", *mmvu.TEMPLATES.values(), *(f"charxiv_{rubric}" for rubric in rubrics)}
    templates = load_templates()
    assert set(templates) == {*compared, "multichallenge"}
    assert templates["multichallenge"].placeholders == {"target_question", "response"}
    for name in compared:
        assert templates[name].placeholders == {"question", "answer", "response"}, name
