"""The evaluated model, its sampling and its seeds."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from zppo.engines.base import TextEngine, ask_all, ignore
from zppo.types import Group, Prompt, Sampling

DECODING = Sampling(max_tokens=12_288, temperature=0.6, top_p=0.95, top_k=20, presence_penalty=1.5)
"""The paper's decoding configuration, one for all benchmarks (method section 11)."""


@dataclass(frozen=True)
class Respondent:
    """A model: `engine` gets `batch` items at once, with `sampling`, whose seed is the evaluation's."""

    engine: TextEngine
    sampling: Sampling = DECODING
    batch: int = 32

    def answer(
        self, benchmark: str, prompts: Sequence[Prompt], done: Callable[[list[Group]], None] = ignore
    ) -> list[Group]:
        """One group with one response (none if unreachable) per prompt, in order.

        Equal seeds give equal responses in any batch. `done` is called with groups as they arrive.
        """
        digest = hashlib.sha256(repr((self.sampling.seed, benchmark)).encode()).digest()
        seed = int.from_bytes(digest[:4], "big") >> 1
        return ask_all(self.engine, prompts, 1, replace(self.sampling, seed=seed), done)
