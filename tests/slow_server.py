"""A server of which a test says when it answers."""

import threading
import time
from concurrent.futures import Future

from zppo.engines.base import Priority
from zppo.types import Group, Prompt, Rollout, Sampling


class SlowServer:
    """An engine whose futures are answered by `answer_all`, each prompt with `text` and its number of times asked."""

    parameters = None
    works_ahead = True

    def __init__(self, text: str = "so \\boxed{1}", missing: int = 0) -> None:
        self.text, self.missing = text, missing
        self.asked: list[tuple[str, int]] = []
        self.priorities: list[Priority] = []
        self.open: list[tuple[Future[Group], Group]] = []

    def check(self) -> None: ...

    def fits(self, prompt: Prompt, sampling: Sampling) -> bool:
        return True

    def submit(self, prompt: Prompt, n: int, sampling: Sampling, priority: Priority | None = None) -> "Future[Group]":
        self.priorities.append(priority or Priority())
        self.asked.append((prompt.question.id, sampling.seed))
        rollouts = [Rollout([], f"{self.text} {len(self.asked)}", reported_tokens=5) for _ in range(n - self.missing)]
        self.open.append((Future(), Group(prompt, rollouts, reported_prompt_tokens=7)))
        return self.open[-1][0]

    def answer_all(self) -> None:
        answered, self.open = self.open, []
        for future, group in answered:
            if future.set_running_or_notify_cancel():
                future.set_result(group)

    def answer_from_now_on(self) -> None:
        """After a moment, whatever is or will be asked, in a thread of its own."""
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        for _ in range(500):
            time.sleep(0.02)
            self.answer_all()

    def metrics(self) -> dict[str, float]:
        return {"endpoint/calls": float(len(self.asked))}

    def close(self) -> None: ...
