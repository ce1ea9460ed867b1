"""What a run has used."""

from zppo.run.flops import step_flops


def test_reading_and_sampling_cost_two_n_and_training_six() -> None:
    tokens = {"student": 1, "student_prompt": 2, "remembered": 4, "trained": 8, "teacher_forward": 16}
    metrics = {f"tokens/{name}": float(count) for name, count in tokens.items()} | {"flops/teacher": 5.0}
    assert step_flops(metrics, 10, 100) == 2 * 10 * 7 + 6 * 10 * 8 + 2 * 100 * 16 + 5
    assert step_flops({"flops/teacher": 5, "flops/judge": 7}, 10, 100) == 12
