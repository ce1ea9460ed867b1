"""What a run has used."""

import pytest

from zppo.config import JudgeConfig, TeacherConfig
from zppo.training.accounts import cost, step_flops


@pytest.mark.parametrize("section", [TeacherConfig, JudgeConfig])
def test_prices_are_per_million_tokens(section: type[TeacherConfig] | type[JudgeConfig]) -> None:
    assert cost(section(price_prompt=3, price_response=15), 2e6, 1e5) == pytest.approx(6 + 1.5)
    assert cost(section(), 2e6, 1e5) == 0


def test_reading_and_sampling_cost_two_n_and_training_six() -> None:
    tokens = {"student": 1, "student_prompt": 2, "remembered": 4, "trained": 8, "teacher_forward": 16}
    metrics = {f"tokens/{name}": float(count) for name, count in tokens.items()} | {"flops/teacher": 5.0}
    assert step_flops(metrics, 10, 100) == 2 * 10 * 7 + 6 * 10 * 8 + 2 * 100 * 16 + 5
    assert step_flops({"flops/teacher": 5, "flops/judge": 7}, 10, 100) == 12
