"""Who is evaluated: a model, how it is asked, and with which seeds."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from zppo.engines.base import Progressive, ignore
from zppo.types import Group, Prompt, Sampling

DECODING = Sampling(max_tokens=12_288, temperature=0.6, top_p=0.95, top_k=20, presence_penalty=1.5)
"""The paper's decoding configuration, one for all benchmarks (method section 11)."""


@dataclass(frozen=True)
class Respondent:
    """`engine` is asked `batch` items at once, by `sampling`, whose seed is the evaluation's."""

    engine: Progressive
    sampling: Sampling = DECODING
    batch: int = 32
    seeds_prompts: bool = False
    """Whether the engine draws every prompt by a seed of its own (a server), so that it does not matter which prompts
    are asked together. Otherwise a batch is sampled as a whole, and always the same batch."""

    def answer(
        self, benchmark: str, prompts: Sequence[Prompt], done: Callable[[list[Group]], None] = ignore
    ) -> list[Group]:
        """One group with one response (none if nobody could be reached) per prompt, in order.

        Equal seeds give equal responses whatever was asked before. `done` is called with what must not be asked again:
        with each group as it comes, or with all where they are sampled together.
        """
        together = () if self.seeds_prompts else tuple(prompt.question.id for prompt in prompts)
        digest = hashlib.sha256(repr((self.sampling.seed, benchmark, together)).encode()).digest()
        seed = int.from_bytes(digest[:4], "big") >> 1
        sampling = replace(self.sampling, seed=seed)
        if self.seeds_prompts:
            return self.engine.generate(prompts, 1, sampling, done)
        groups = self.engine.generate(prompts, 1, sampling)
        done(groups)
        return groups
