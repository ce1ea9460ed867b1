"""Random numbers by name."""

from hypothesis import given
from hypothesis import strategies as st

from zppo.zone.streams import Streams, request_seed

NAMES = ("replay", "ties", "minibatches", "candidates/q1", "candidates/q2")


def test_every_name_step_and_seed_has_numbers_of_its_own() -> None:
    drawn = {Streams(seed, step).number(name) for seed in range(9) for step in range(9) for name in NAMES}
    assert len(drawn) == 9 * 9 * len(NAMES)


@given(st.integers(0, 2**32), st.integers(0, 10**6), st.sampled_from(NAMES))
def test_a_stream_does_not_depend_on_what_was_drawn_elsewhere(seed: int, step: int, name: str) -> None:
    streams = Streams(seed, step)
    first = streams.rng(name).random()
    streams.rng("another name").random()
    assert Streams(seed, step).rng(name).random() == first == Streams(seed, step - 3).later(3).rng(name).random()


def test_every_response_has_a_seed_of_its_own() -> None:
    asked = [(seed, uid, text, i) for seed in range(3) for uid in ("q/bcq", "q/ncq") for text in "ab" for i in range(8)]
    assert len({request_seed(*each) for each in asked}) == len(asked)
    assert all(0 <= request_seed(*each) < 2**31 for each in asked)
