"""report.html: complete, self-contained, and safe whatever the models wrote."""

import re
import shutil
from pathlib import Path

import pytest
from pages import Page
from runs import make_run

from zppo.errors import CheckpointError
from zppo.reports.html import write_report
from zppo.run.directory import RunDirectory

SECTIONS = ["numbers", "accuracy", "figures", "fates", "audit", "examples", "words", "config"]
FIGURES = ["accuracy", "zone", "buffer", "entries", "repeats", "reliance", "signal", "seconds"]
HOSTILE = "<script>alert(1)</script> </details></div> \"double\" 'single' &amp; {{ 7 * 7 }} 🎉 ​ مرحبا\u2028line"


def report(run: RunDirectory) -> Page:
    file = write_report(run)
    assert file == run.report_file
    return Page(file)


@pytest.fixture(scope="module")
def zppo(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return report(make_run(tmp_path_factory.mktemp("zppo"), steps=60, aside=HOSTILE))


def test_the_page_has_every_section_and_every_figure_with_words_for_it(zppo: Page) -> None:
    assert [i for i in zppo.ids if i in SECTIONS] == SECTIONS
    assert [i for i in zppo.ids if i.startswith("figure-")] == [f"figure-{name}" for name in FIGURES]
    assert zppo.tags.count("svg") == zppo.tags.count("figcaption") == len(zppo.images) == len(FIGURES)
    assert "held-out hard: 0.25 to 0.75" in zppo.images[0]
    assert "entry accuracy 25%: 1 of 60 (2%)" in zppo.images[3]


def test_the_page_loads_nothing(zppo: Page) -> None:
    assert all(target.startswith("#") for target in zppo.loads)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", zppo.source))
    assert "http://" not in zppo.source and "https://" not in zppo.source and "@import" not in zppo.source
    assert len(zppo.source) < 1_500_000


def test_texts_from_outside_stay_texts(zppo: Page) -> None:
    assert "script" not in zppo.tags
    assert zppo.of_class("question")[0] == f"hard 1? {HOSTILE}"
    assert zppo.of_class("prompt")[1] == f"bcq prompt of hard 1? {HOSTILE} {HOSTILE}"
    assert zppo.of_class("rollout")[1] == f"so \\boxed{{9}} {HOSTILE}"


def test_control_characters_and_lone_surrogates_become_visible(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    file = run.rollouts / "step-000001.jsonl"
    file.write_text(file.read_text("utf-8").replace("so ", "\\u0000\\u001b[31m\\r\\ud800\\u0085so "), "utf-8")
    assert report(run).of_class("rollout")[0] == "␀␛[31m␍��so \\boxed{21} "


def test_five_examples_show_answers_prompts_and_rollouts(zppo: Page) -> None:
    examples = zppo.of_class("example")
    assert len(examples) == 5
    first = re.sub(r"\s+", " ", examples[0])
    assert "rollout step 1" in first and "cluster times" in first
    assert "later solved unaided, at step 3 (3 of 4): it left the buffer" in first
    assert zppo.of_class("answers")[0].split() == ["21", "×3", "✗", "9", "×1", "✓"]
    assert zppo.tags.count("details") == 5 * 3 + 1
    assert zppo.of_class("verdict")[:3] == ["✗ wrong", "✓ right", "✓ right"]


def test_before_and_after_are_compared_overall_and_by_cluster(zppo: Page) -> None:
    assert "overall25.0%75.0%+50.0" in zppo.words.replace(" ", "")
    assert "hard questions by cluster" in zppo.words and "easy questions by cluster" in zppo.words


def test_the_audit_stands_in_the_papers_layout_above_its_rows(zppo: Page) -> None:
    """Of 4 BCQ rollouts a step 2 are right, of 4 NCQ rollouts 1; every wrong one repeats what its prompt shows."""
    words = zppo.words.replace(" ", "")
    assert "thisrun120/120100.0,0.0,0.00.0,100.0,0.050.0paper,0.8B450/20690.7,3.3,6.00.0,90.3,9.768.6" in words
    assert "thisrun24075.00.025.025.0paper,0.8B1,65682.70.416.91.2" in words
    assert "NCQ: parroting: 0.75 to 0.75" in zppo.images[4]
    assert "BCQ: 0.5 to 0.5" in zppo.images[5]


def test_graduates_are_shown_with_both_denominators(zppo: Page) -> None:
    words = zppo.words.replace(" ", "")
    assert "25%1/60(2%)1/1(100%)" in words
    assert "scoredvisitssinceentryleftgraduatedimprovedwithoutgraduatingneverimproved" in words
    assert "111(100%)0(0%)0(0%)" in words
    assert "of all admitted questions, whether or not they were replayed" in zppo.words


def test_key_numbers_add_up(zppo: Page) -> None:
    assert re.findall(r"<b>([^<]*)</b><span>", zppo.source) == ["54,000", "5,400", "3 min 30 s", "1 / 60"]


def test_grpo_has_neither_buffer_nor_help_and_says_so(tmp_path: Path) -> None:
    page = report(make_run(tmp_path, method="grpo"))
    assert page.tags.count("svg") == len(FIGURES) - 4
    assert "No rollout behind a BCQ or an NCQ was scored in this run." in page.words
    assert "No question to count" in page.words
    assert "Nothing was measured: no aided response was right, or reports.reliance is 0." in page.words
    assert "No question entered a replay buffer in this run." in page.words
    assert "The method grpo asks no BCQ and no NCQ." in page.words
    assert len(page.of_class("example")) == 5
    assert page.of_class("prompt")[0].startswith("plain prompt")


def test_fewer_than_five_examples_are_announced(tmp_path: Path) -> None:
    page = report(make_run(tmp_path, steps=2))
    assert len(page.of_class("example")) == 2
    assert "There are only 2 such questions in this run." in page.words


def test_without_rollout_dumps_the_rest_is_still_there(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    shutil.rmtree(run.rollouts)
    page = report(run)
    assert "There is no hard question to show" in page.words
    assert page.tags.count("svg") == len(FIGURES)


def test_without_held_out_questions_the_table_is_replaced_by_a_sentence(tmp_path: Path) -> None:
    page = report(make_run(tmp_path, held_out=False))
    assert "hard questions by cluster" not in page.words and "overall" not in page.words
    assert "There is no held-out accuracy to show" in page.words


def test_an_unfinished_run_says_so_and_reads_its_checkpoint(tmp_path: Path) -> None:
    page = report(make_run(tmp_path, finished=False, checkpoint_at=6))
    assert page.of_class("status")[0].startswith("This run is not finished: 6 of 6 rollout steps are done.")
    assert "from the checkpoint of step 6" in page.words
    assert "overall25.0%75.0%+50.0" in page.words.replace(" ", "")


def test_an_unfinished_run_with_one_evaluation_has_nothing_to_compare_yet(tmp_path: Path) -> None:
    page = report(make_run(tmp_path, finished=False, checkpoint_at=2))
    assert "overall25.0%––" in page.words.replace(" ", "")


def test_an_unfinished_run_without_a_checkpoint_waits_for_it(tmp_path: Path) -> None:
    page = report(make_run(tmp_path, finished=False, steps=1))
    assert "wait for the first checkpoint" in page.words
    assert page.tags.count("svg") == len(FIGURES) - 1


def test_a_teacher_that_was_out_of_reach_is_no_run_without_one(tmp_path: Path) -> None:
    lost = {"tokens/teacher": 0, "teacher/unreachable": 4, "zone/candidates_unreachable": 1, "judge/unreachable": 2}
    page = report(make_run(tmp_path, more=lost))
    (told,) = page.of_class("status")
    assert "could not be reached in 6 of 6 rollout steps: 24 of its responses never came, and 6 candidates" in told
    assert "The judge could not be reached for 12 comparisons" in told
    assert "not one response came" in page.words and "no teacher" not in page.of_class("tiles")[0]


def test_a_run_that_ended_early_says_so_and_states_the_room_its_checkpoints_take(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    run.write_summary(run.summary() | {"rollout_steps": 4})
    for step, size in ((3, 1000), (4, 2_500_000)):
        (run.checkpoints / f"checkpoint-{step}").mkdir()
        (run.checkpoints / f"checkpoint-{step}" / "model.safetensors").write_bytes(b"0" * size)
    page = report(run)
    assert page.of_class("status") == ["This run ended early, at rollout step 4 of 6."]
    assert "2.5 MBcheckpoint-4checkpoint-3: 1.0 kB" in page.words


def test_a_finished_run_has_no_warning(zppo: Page) -> None:
    assert zppo.of_class("status") == []


def test_a_folder_that_is_no_run_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is no run directory \(config\.yaml is missing\)"):
        write_report(RunDirectory(tmp_path))


def test_a_run_without_a_finished_step_is_an_error(tmp_path: Path) -> None:
    run = make_run(tmp_path, steps=0, finished=False)
    with pytest.raises(CheckpointError, match="no rollout step is finished yet"):
        write_report(run)
    assert not run.report_file.exists()


def test_writing_twice_gives_the_same_page(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert write_report(run).read_bytes() == write_report(run).read_bytes()
