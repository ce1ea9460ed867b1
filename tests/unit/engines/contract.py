"""What every engine must do. A test class of an engine inherits one of the two contracts and gives its fixtures."""

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
import torch
from sighted import an_image, shown

from zppo.engines.base import SPECULATIVE, PolicyEngine, Priority, Rendering, TextEngine, TokenRequest, ask_all
from zppo.engines.base import token_request as request_of
from zppo.errors import DataError, EngineError
from zppo.types import MEDIA_MARK, Media, Prefix, Prompt, Question, Rollout, Sampling

SHORT = Sampling(max_tokens=6)
TEXTS = ("12 + 30 = ?", "a", "a much longer question, with many more words than the others have, ?", "b c", "7?")


def prompts(*texts: str) -> list[Prompt]:
    return [Prompt("plain", Question(text, text, "1"), text) for text in texts or TEXTS]


def unreadable(name: str = "q7") -> Prompt:
    """An image that is cut off."""

    def load() -> Any:
        raise DataError(f"question {name!r}: x.png is cut off")

    question = Question(name, f"{MEDIA_MARK}?", "1", media=(Media("image", "x.png", load),))
    return Prompt("plain", question, question.text)


def seen() -> list[Prompt]:
    """Two prompts that differ in their image alone."""
    questions = [shown("q", "what is it?", an_image(f"{seed}.png", seed)) for seed in (1, 2)]
    return [Prompt("plain", question, question.text) for question in questions]


class PolicyEngineContract:
    """Fixtures: `policy`; `renderer`, which reads for it. `ends` and `stops` tell how a response ends."""

    draws = True
    """Responses depend on the seed. A script's do not."""
    reads_media = False

    @pytest.fixture
    def policy(self) -> PolicyEngine:
        raise NotImplementedError

    @pytest.fixture
    def renderer(self) -> Rendering:
        raise NotImplementedError

    @pytest.fixture
    def ends(self) -> list[int]:
        """All end tokens."""
        raise NotImplementedError

    @pytest.fixture
    def stops(self) -> Callable[[int | None], AbstractContextManager[object]]:
        """`with stops(token)`: responses end with that token after a while; None: they do not end."""
        raise NotImplementedError

    @pytest.fixture
    def logprobs_of(self) -> Callable[[TokenRequest, Rollout, float], list[float]]:
        """`logprobs_of(request, rollout, temperature)`: computed from the tokens, without the engine."""
        raise NotImplementedError

    def asked(
        self, policy: PolicyEngine, requests: list[TokenRequest], decoding: Sampling = SHORT
    ) -> list[list[Rollout]]:
        found = dict(policy.generate(requests, decoding))
        assert len(found) == len(requests)
        return [found[place] for place in range(len(requests))]

    def test_every_request_is_answered_once_with_n_rollouts(self, policy: Any, renderer: Any) -> None:
        requests = [request_of(renderer, prompt, 1 + i % 3, SHORT) for i, prompt in enumerate(prompts())]
        finished = list(policy.generate(requests, SHORT))
        assert sorted(place for place, _ in finished) == list(range(len(requests)))
        assert all(len(rollouts) == requests[place].n for place, rollouts in finished)
        assert all(r.reward is None and r.token_ids for _, rollouts in finished for r in rollouts)
        assert list(policy.generate([], SHORT)) == []

    def test_equal_requests_have_equal_answers_whatever_else_is_asked(self, policy: Any, renderer: Any) -> None:
        requests = [request_of(renderer, prompt, 3, replace(SHORT, seed=4)) for prompt in prompts()]
        together = ids(self.asked(policy, requests))
        assert together == [ids(self.asked(policy, [request]))[0] for request in requests]
        fewer = [replace(request, n=1) for request in requests]
        assert [group[:1] for group in together] == ids(self.asked(policy, fewer))

    def test_seeds_are_those_of_the_requests(self, policy: Any, renderer: Any) -> None:
        (request,) = [request_of(renderer, prompt, 4, SHORT) for prompt in prompts("7?")]
        others = [replace(request, seed=seed) for seed in (1, 2, 1)]
        first, other, again = ids(self.asked(policy, others))
        assert first == again and ids(self.asked(policy, others[:1], replace(SHORT, seed=9))) == [first]
        if self.draws:
            assert first != other and len({tuple(each) for each in first}) > 1

    def test_each_end_token_stops_and_stays_in_the_response(
        self, policy: Any, renderer: Any, ends: list[int], stops: Any
    ) -> None:
        requests = [request_of(renderer, prompt, 4, SHORT) for prompt in prompts()]
        for end in ends:
            with stops(end):
                groups = self.asked(policy, requests, replace(SHORT, max_tokens=40))
            stopped = [r for rollouts in groups for r in rollouts if r.finish_reason == "stop"]
            assert end in {r.token_ids[-1] for r in stopped}
            assert all(r.token_ids[-1] in ends and not set(ends) & set(r.token_ids[:-1]) for r in stopped)
            assert all(r.text == renderer.decode(r.token_ids[:-1]) for r in stopped)

    def test_a_response_that_is_cut_off_says_so(self, policy: Any, renderer: Any, ends: Any, stops: Any) -> None:
        with stops(None):
            groups = self.asked(policy, [request_of(renderer, p, 2, SHORT) for p in prompts()])
        assert {(len(r.token_ids), r.finish_reason) for group in groups for r in group} == {(6, "length")}

    def test_log_probabilities_are_those_of_the_tokens_and_change_nothing(
        self, policy: Any, renderer: Any, logprobs_of: Any
    ) -> None:
        requests = [request_of(renderer, prompt, 3, SHORT) for prompt in prompts()]
        for temperature in (1.0, 0.5):
            decoding = replace(SHORT, temperature=temperature)
            plain, groups = (self.asked(policy, requests, replace(decoding, logprobs=on)) for on in (False, True))
            assert ids(plain) == ids(groups) and all(r.logprobs is None for group in plain for r in group)
            for request, group in zip(requests, groups, strict=True):
                for rollout in group:
                    assert rollout.logprobs == pytest.approx(logprobs_of(request, rollout, temperature), abs=1e-4)

    def test_without_chance_log_probabilities_are_zero(self, policy: Any, renderer: Any) -> None:
        request = request_of(renderer, prompts("7?")[0], 2, SHORT)
        (group,) = self.asked(policy, [request], replace(SHORT, temperature=0.0, logprobs=True))
        assert all(r.logprobs == [0.0] * len(r.token_ids) for r in group)

    def test_weights_have_a_version(self, policy: Any, renderer: Any) -> None:
        assert policy.policy_version == 0
        policy.update_weights(iter(()), 3)
        assert policy.policy_version == 3
        assert self.asked(policy, [request_of(renderer, prompts("7?")[0], 1, SHORT)])

    def test_no_state_of_torch_leaks_to_the_caller_and_a_closed_iterator_ends_the_work(
        self, policy: Any, renderer: Any
    ) -> None:
        requests = [request_of(renderer, prompt, 8, SHORT) for prompt in prompts()]
        rng = torch.random.get_rng_state()
        finished: Iterator[tuple[int, list[Rollout]]] = policy.generate(requests, SHORT)
        for _ in range(2):
            next(finished)
            assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
            assert torch.equal(torch.random.get_rng_state(), rng)
        finished.close()  # type: ignore[attr-defined]
        with pytest.raises(StopIteration):
            next(finished)
        assert self.asked(policy, requests[:1])

    def test_a_prefix_begins_the_text_and_not_the_tokens(self, policy: Any, renderer: Any) -> None:
        begun = renderer.encode("so 1")
        prompt = replace(prompts("7?")[0], kind="prefix", prefix=Prefix(tuple(begun), renderer.decode(begun)))
        request = request_of(renderer, prompt, 3, replace(SHORT, seed=2))
        assert list(request.prompt_ids) == renderer.read(prompt) + begun
        (group,) = self.asked(policy, [request])
        for rollout in group:
            assert rollout.text == renderer.decode([*begun, *rollout.token_ids])
            assert len(rollout.token_ids) <= max(1, SHORT.max_tokens - len(begun))

    def test_media_of_a_prompt_are_part_of_what_is_asked(self, policy: Any, renderer: Any) -> None:
        if not self.reads_media:
            pytest.skip("this engine is shown nothing")
        groups = self.asked(policy, [request_of(renderer, prompt, 4, SHORT) for prompt in seen()])
        assert ids(groups)[0] != ids(groups)[1]

    def test_what_cannot_be_read_is_an_error_after_which_the_engine_goes_on(self, policy: Any, renderer: Any) -> None:
        if not self.reads_media:
            pytest.skip("this engine is shown nothing")
        with pytest.raises(DataError, match="q7"):
            self.asked(policy, [request_of(renderer, unreadable(), 1, SHORT)])
        assert self.asked(policy, [request_of(renderer, seen()[0], 1, SHORT)])

    def test_closing_twice_is_no_fault(self, policy: Any) -> None:
        version = policy.policy_version
        policy.close()
        policy.close()
        assert policy.policy_version == version


class TextEngineContract:
    """Fixture: `engine`, which samples, sees images and has more to say than one token."""

    @pytest.fixture
    def engine(self) -> TextEngine:
        raise NotImplementedError

    def test_groups_come_in_the_order_of_the_prompts_with_n_rollouts_each(self, engine: Any) -> None:
        came: list[Any] = []
        asked = prompts()
        groups = ask_all(engine, asked, 3, SHORT, came.extend)
        assert [g.prompt for g in groups] == asked and all(len(g.rollouts) == 3 for g in groups)
        assert sorted(g.prompt.text for g in came) == sorted(p.text for p in asked)
        assert all(r.reward is None and r.tokens and g.prompt_tokens for g in groups for r in g.rollouts)
        assert ask_all(engine, [], 3, SHORT) == []

    def test_equal_requests_have_equal_answers_whatever_else_is_asked(self, engine: Any) -> None:
        together = texts(ask_all(engine, prompts(), 2, replace(SHORT, seed=4)))
        alone = [texts(ask_all(engine, [prompt], 2, replace(SHORT, seed=4)))[0] for prompt in prompts()]
        assert together == alone
        assert together != texts(ask_all(engine, prompts(), 2, replace(SHORT, seed=5)))
        assert any(len(set(group)) > 1 for group in together)

    def test_every_request_has_a_number_and_a_sampling_of_its_own(self, engine: Any) -> None:
        (one, other) = prompts("one?", "other?")
        futures = [engine.submit(one, 1, SHORT), engine.submit(other, 3, replace(SHORT, seed=1, temperature=0.5))]
        assert [len(future.result().rollouts) for future in futures] == [1, 3]

    def test_a_response_that_is_cut_off_says_so(self, engine: Any) -> None:
        for group in ask_all(engine, prompts(), 2, replace(SHORT, max_tokens=1)):
            assert [(r.tokens, r.finish_reason) for r in group.rollouts] == [(1, "length")] * 2

    def test_a_cancelled_request_is_dropped_and_the_others_are_answered(self, engine: Any) -> None:
        one, other = (engine.submit(prompt, 1, SHORT, Priority(SPECULATIVE)) for prompt in prompts("one?", "other?"))
        if one.cancel():
            with pytest.raises(CancelledError):
                one.result()
        assert other.result().prompt.text == "other?"

    def test_an_unreadable_image_ends_its_request_alone(self, engine: Any) -> None:
        good = engine.submit(prompts("one?")[0], 1, SHORT)
        with pytest.raises(DataError, match="q7"):  # at once or in the future
            engine.submit(unreadable(), 1, SHORT).result()
        assert good.result().rollouts

    def test_media_are_part_of_what_is_asked(self, engine: Any) -> None:
        groups = ask_all(engine, seen(), 2, SHORT)
        assert [g.prompt.media[0].name for g in groups] == ["1.png", "2.png"]
        assert len({str(texts([g])) for g in groups}) == 2

    def test_log_probabilities_are_refused(self, engine: Any) -> None:
        with pytest.raises(EngineError, match="no log-probabilities"):
            engine.submit(prompts("one?")[0], 1, replace(SHORT, logprobs=True)).result()

    def test_it_says_how_large_it_is_and_counts_in_numbers(self, engine: Any) -> None:
        engine.check()
        assert engine.parameters is None or engine.parameters > 0
        assert engine.works_ahead in (True, False)
        ask_all(engine, prompts("one?"), 1, SHORT)
        assert all(isinstance(value, float) for value in engine.metrics().values())
        assert all(value == 0 for value in engine.metrics().values()), "counts since the last call"

    def test_what_is_under_way_is_dropped_when_the_engine_closes(self, engine: Any) -> None:
        future = engine.submit(prompts("one?")[0], 1, SHORT, Priority(SPECULATIVE))
        engine.close()
        assert future.done() or future.cancelled()
        engine.close()


def ids(groups: list[list[Rollout]]) -> list[list[list[int]]]:
    return [[rollout.token_ids for rollout in group] for group in groups]


def texts(groups: list[Any]) -> list[list[str]]:
    return [[rollout.text for rollout in group.rollouts] for group in groups]
