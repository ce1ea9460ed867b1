"""Distillation in chunks against the plain computation, with all distributions at once."""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rows import assert_same_gradient, gradient, rollouts, token_logits
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import CohereConfig, CohereForCausalLM, Gemma2Config, Gemma2ForCausalLM, PreTrainedModel

from zppo.config import Aggregation, SamplingConfig, UpdateConfig
from zppo.errors import ConfigError, TeacherError
from zppo.training.distill import Distillation, check_head
from zppo.training.forward import Frozen
from zppo.training.loss import jsd
from zppo.types import Group, Minibatch, Question, Rollout

CONFIG = UpdateConfig(microbatch_tokens=64, distill_positions=5)
LIMIT = 14
LOGITS = st.lists(st.floats(-60, 60, width=32), min_size=6, max_size=6)


@pytest.fixture(scope="module")
def student(new_model: Callable[..., Any]) -> Any:
    return new_model(seed=3)


@pytest.fixture(scope="module")
def teacher(new_model: Callable[..., Any]) -> Any:
    return new_model(seed=4, layers=("full_attention",) * 3)


def distillation(teacher: Any, config: UpdateConfig = CONFIG, temperature: float = 1.0, pad: int = 0) -> Distillation:
    return Distillation(Frozen(teacher), config, SamplingConfig(LIMIT, temperature), pad)


def reference_jsd(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """From probabilities [N, V], by the definition."""
    mean = (p + q) / 2
    kl = [torch.where(x > 0, x * (x / mean).log(), 0.0).sum(-1) for x in (p, q)]
    return (kl[0] + kl[1]) / 2


def response_divergence(
    student: Any, teacher: Any, group: Group, rollout: Rollout, temperature: float = 1.0
) -> torch.Tensor:
    """Divergence [T] along one response, over the entries that both vocabularies have."""
    mine, theirs = token_logits(student, group, rollout), token_logits(teacher, group, rollout).detach()
    width = min(mine.shape[-1], theirs.shape[-1])
    mine, theirs = (logits[:, :width].div(temperature).softmax(-1) for logits in (mine, theirs))
    return reference_jsd(mine, theirs)


def reference_loss(
    student: Any, teacher: Any, minibatch: Minibatch, aggregation: Aggregation = "token", temperature: float = 1.0
) -> torch.Tensor:
    losses = [response_divergence(student, teacher, *row, temperature) for row in minibatch]
    if aggregation == "token":
        return torch.cat(losses).mean()
    if aggregation == "sequence":
        return torch.stack([tokens.mean() for tokens in losses]).mean()
    return torch.cat(losses).sum() / (len(losses) * LIMIT)


@pytest.mark.parametrize("aggregation", ["token", "sequence", "constant"])
@pytest.mark.parametrize("positions", [1, 7, 10_000])
@pytest.mark.parametrize("temperature", [0.7, 1.0])
def test_loss_and_gradient_equal_the_full_reference(
    student: Any, teacher: Any, positions: int, temperature: float, aggregation: Aggregation
) -> None:
    minibatch = rollouts(9)
    update = distillation(teacher, replace(CONFIG, distill_positions=positions, aggregation=aggregation), temperature)
    losses: list[torch.Tensor] = []
    got = gradient(student, lambda: losses.append(update.accumulate(student, minibatch, torch.Tensor.backward)))
    expected = reference_loss(student, teacher, minibatch, aggregation, temperature)
    torch.testing.assert_close(losses[0], expected.detach(), atol=1e-6, rtol=0)
    assert_same_gradient(got, gradient(student, expected.backward))
    assert update.metrics()["loss/jsd"] == pytest.approx(expected.item(), abs=1e-6)


def test_off_policy_the_mean_is_over_a_response_then_over_the_right_ones_of_a_question_then_over_questions(
    student: Any, teacher: Any
) -> None:
    names = ("a", "b", "a", "a", "b", "c")
    minibatch = [
        (replace(g, prompt=replace(g.prompt, question=Question(name, "", ""))), r)
        for name, (g, r) in zip(names, rollouts(len(names)), strict=True)
    ]
    means = [response_divergence(student, teacher, *row).mean() for row in minibatch]
    of = {name: torch.stack([m for n, m in zip(names, means, strict=True) if n == name]).mean() for name in names}
    expected = torch.stack(list(of.values())).mean()
    update = Distillation(Frozen(teacher), CONFIG, SamplingConfig(LIMIT), 0, by_question=True)
    got = gradient(student, lambda: update.accumulate(student, minibatch, torch.Tensor.backward))
    assert_same_gradient(got, gradient(student, expected.backward))
    assert update.metrics()["loss/jsd"] == pytest.approx(expected.item(), abs=1e-6)
    assert update.accumulate(student, [], torch.Tensor.backward).item() == 0.0


def test_neither_padding_nor_microbatches_matter(student: Any, teacher: Any) -> None:
    runs = []
    for pad, tokens in ((0, 1), (77, 10_000), (0, 200)):
        update = distillation(teacher, replace(CONFIG, microbatch_tokens=tokens), pad=pad)
        runs.append(gradient(student, lambda u=update: u.accumulate(student, rollouts(9), torch.Tensor.backward)))
    for other in runs[1:]:
        assert_same_gradient(runs[0], other)


def test_only_response_positions_count(student: Any, teacher: Any) -> None:
    """Of a prompt (a forced prefix is part of it) no position is compared, however different the models are there."""
    ((group, rollout),) = rollouts(1)
    seen = response_divergence(student, teacher, group, rollout)
    whole = Group(group.prompt, [rollout], group.prompt_ids + rollout.token_ids[:-1])
    last = [(whole, Rollout(rollout.token_ids[-1:], ""))]
    loss = distillation(teacher).accumulate(student, last, torch.Tensor.backward)
    student.zero_grad()
    assert loss.item() == pytest.approx(seen[-1].item(), abs=1e-6)


def test_the_teacher_gets_no_gradient_and_is_left_in_evaluation_mode(student: Any, teacher: Any) -> None:
    frozen = copy.deepcopy(teacher).train()
    gradient(student, lambda: distillation(frozen).accumulate(student, rollouts(6), torch.Tensor.backward))
    assert all(parameter.grad is None for parameter in frozen.parameters())
    assert not frozen.training


def test_all_rollouts_are_trained_on_whatever_their_advantage(student: Any, teacher: Any) -> None:
    minibatch, update = rollouts(6), distillation(teacher)
    update.before_step(student, [minibatch])
    update.accumulate(student, minibatch, torch.Tensor.backward)
    student.zero_grad()
    tokens, metrics = sum(len(g.prompt_ids) + len(r.token_ids) for g, r in minibatch), update.metrics()
    assert update.trained(minibatch) == minibatch
    assert metrics["tokens/gradient"] == sum(len(r.token_ids) for _, r in minibatch)
    assert (metrics["tokens/trained"], metrics["tokens/teacher_forward"]) == (tokens, tokens)
    assert metrics["tokens/remembered"] == 0


@pytest.mark.parametrize("aggregation", ["token", "sequence", "constant"])
def test_an_empty_minibatch_has_the_loss_zero(student: Any, teacher: Any, aggregation: Aggregation) -> None:
    update = distillation(teacher, replace(CONFIG, aggregation=aggregation))
    assert update.accumulate(student, [], torch.Tensor.backward).item() == 0.0
    assert set(update.metrics().values()) == {0.0}


def test_entropy_and_agreement_are_means_over_response_tokens(student: Any, teacher: Any) -> None:
    minibatch, update = rollouts(9), distillation(teacher, temperature=0.8)
    update.accumulate(student, minibatch, torch.Tensor.backward)
    student.zero_grad()
    with torch.no_grad():
        mine, theirs = (torch.cat([token_logits(m, *row) for row in minibatch]) for m in (student, teacher))
    metrics = update.metrics()
    entropies = torch.distributions.Categorical(logits=mine / 0.8).entropy()
    assert metrics["loss/entropy"] == pytest.approx(entropies.mean().item(), rel=1e-5)
    assert metrics["loss/agreement"] == pytest.approx((mine.argmax(-1) == theirs.argmax(-1)).float().mean().item())


def test_a_student_that_is_its_teacher_has_nothing_to_learn(student: Any) -> None:
    update = distillation(copy.deepcopy(student))
    got = gradient(student, lambda: update.accumulate(student, rollouts(6), torch.Tensor.backward))
    metrics = update.metrics()
    assert metrics["loss/jsd"] == pytest.approx(0.0, abs=1e-6)
    assert metrics["loss/agreement"] == 1.0
    assert max(g.abs().max().item() for g in got) < 1e-5


@pytest.mark.parametrize("padded", ["student", "teacher"])
def test_padding_of_the_wider_vocabulary_is_left_out(student: Any, teacher: Any, padded: str) -> None:
    models = {"student": copy.deepcopy(student), "teacher": copy.deepcopy(teacher)}
    models[padded].resize_token_embeddings(student.config.vocab_size + 9)
    minibatch, update = rollouts(6), distillation(models["teacher"])
    got = gradient(models["student"], lambda: update.accumulate(models["student"], minibatch, torch.Tensor.backward))
    expected = reference_loss(models["student"], models["teacher"], minibatch)
    assert update.metrics()["loss/jsd"] == pytest.approx(expected.item(), abs=1e-6)
    assert_same_gradient(got, gradient(models["student"], expected.backward))


@given(LOGITS, LOGITS)
def test_the_divergence_is_symmetric_and_between_0_and_ln_2(p: list[float], q: list[float]) -> None:
    one, other = torch.tensor([p]), torch.tensor([q])
    there, back = jsd(one, other, 1.0).item(), jsd(other, one, 1.0).item()
    assert there == pytest.approx(back, abs=1e-6)
    assert -1e-6 <= there <= math.log(2) + 1e-6
    assert there == pytest.approx(reference_jsd(one.double().softmax(-1), other.double().softmax(-1)).item(), abs=1e-6)
    assert jsd(one, one, 1.0).item() == pytest.approx(0.0, abs=1e-6)


def test_distributions_without_a_common_token_are_ln_2_apart() -> None:
    far = jsd(torch.tensor([[90.0, 0.0]]), torch.tensor([[0.0, 90.0]]), 1.0)
    assert far.item() == pytest.approx(math.log(2), abs=1e-6)


def test_the_divergence_of_half_precision_logits_is_taken_in_full_precision() -> None:
    logits = torch.randn(2, 4, 50, generator=torch.Generator().manual_seed(0)).bfloat16()
    got = jsd(logits[0], logits[1], 0.9)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, jsd(logits[0].float(), logits[1].float(), 0.9), atol=0, rtol=0)


class WidthOf(TorchDispatchMode):
    """Notes the number of rows of every tensor made whose last dimension is `width`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width, self.rows = width, set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor) and tensor.shape[-1:] == (self.width,):
                self.rows.add(tensor.numel() // self.width)
        return made


@contextmanager
def kept_for_backward(width: int) -> Iterator[list[torch.Tensor]]:
    """The tensors kept for the backward pass, weights apart, whose last dimension is `width`."""
    kept: list[torch.Tensor] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.shape[-1:] == (width,) and not tensor.is_leaf:
            kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield kept


@pytest.fixture(scope="module")
def wide(new_model: Callable[..., Any]) -> tuple[Any, Any]:
    """Student and teacher with more vocabulary entries than anything else has elements in a row."""
    models = new_model(seed=5), new_model(seed=6)
    for model in models:
        model.resize_token_embeddings(3000)
    return models


@pytest.mark.parametrize("positions", [3, 40])
def test_distributions_exist_for_one_chunk_of_positions_at_a_time(wide: tuple[Any, Any], positions: int) -> None:
    (student, teacher), minibatch = wide, rollouts(40)
    update = distillation(teacher, replace(CONFIG, microbatch_tokens=10_000, distill_positions=positions))
    vocabulary, hidden = student.get_output_embeddings().weight.shape
    with kept_for_backward(vocabulary) as kept, WidthOf(vocabulary) as made:
        update.accumulate(student, minibatch, torch.Tensor.backward)
    student.zero_grad()
    assert sum(len(rollout.token_ids) for _, rollout in minibatch) > 2 * positions
    assert positions in made.rows
    assert max(made.rows - {hidden}) <= positions  # `hidden` rows: the gradient of the head, transposed
    assert kept == []


def tiny(kind: type[PreTrainedModel], config: type, **options: Any) -> Any:
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    small = config(vocab_size=50, num_key_value_heads=1, head_dim=8, initializer_range=0.5, **sizes, **options)
    return kind(small)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (tiny(Gemma2ForCausalLM, Gemma2Config, final_logit_softcapping=30.0), "gemma2"),
        (tiny(CohereForCausalLM, CohereConfig, logit_scale=0.5), "cohere"),
    ],
)
def test_a_model_that_changes_its_logits_after_the_head_is_refused(model: Any, name: str) -> None:
    with pytest.raises(TeacherError, match=rf"teacher\.model: the logits of a model of kind '{name}'"):
        distillation(model)
    with pytest.raises(ConfigError, match=rf"student\.model: the logits of a model of kind '{name}'"):
        check_head(model, "student.model")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_model_whose_logits_come_straight_from_the_head_is_taken(student: Any, dtype: torch.dtype) -> None:
    model = copy.deepcopy(student).to(dtype).train()
    check_head(model, "student.model")
    assert model.training
    check_head(tiny(Gemma2ForCausalLM, Gemma2Config, final_logit_softcapping=None), "student.model")
