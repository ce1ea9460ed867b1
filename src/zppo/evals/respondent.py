"""Who is evaluated: a model, how it is asked, and with which seeds."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from zppo.engines.base import TextEngine, ask_all, ignore
from zppo.types import Group, Prompt, Sampling

DECODING = Sampling(max_tokens=12_288, temperature=0.6, top_p=0.95, top_k=20, presence_penalty=1.5)
"""The paper's decoding configuration, one for all benchmarks (method section 11)."""


@dataclass(frozen=True)
class Respondent:
    """`engine` is asked `batch` items at once, by `sampling`, whose seed is the evaluation's."""

    engine: TextEngine
    sampling: Sampling = DECODING
    batch: int = 32

    def answer(
        self, benchmark: str, prompts: Sequence[Prompt], done: Callable[[list[Group]], None] = ignore
    ) -> list[Group]:
        """One group with one response (none if nobody could be reached) per prompt, in order.

        Equal seeds give equal responses whatever else is asked. `done` is called with groups as they come.
        """
        digest = hashlib.sha256(repr((self.sampling.seed, benchmark)).encode()).digest()
        seed = int.from_bytes(digest[:4], "big") >> 1
        return ask_all(self.engine, prompts, 1, replace(self.sampling, seed=seed), done)
