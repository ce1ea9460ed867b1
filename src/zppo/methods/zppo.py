"""Zone of Proximal Policy Optimization (arXiv 2606.18216, algorithm 1)."""

from dataclasses import dataclass

from zppo.methods.grpo import GRPO
from zppo.types import Kind


@dataclass(frozen=True)
class ZPPO(GRPO):
    """GRPO with everything switched on: replay, BCQ prompts and NCQ prompts.

    The hardest questions, within the cap, get a BCQ prompt (one right teacher response and one wrong rollout, in random
    order) and an NCQ prompt (all wrong rollouts), each with a group of its own. The teacher's text is in prompts only,
    never in the gradient.
    Degenerate cases: where the teacher is never right it is `grpo+replay+ncq`; where no question is hard it is `grpo`.
    """

    replay: bool = True
    aids: tuple[Kind, ...] = ("bcq", "ncq")
