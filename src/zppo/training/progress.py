"""One progress bar over rollout steps, with the few numbers that matter."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tqdm.auto import tqdm

PHASES = ("rollout", "teacher", "verdict", "update")


class StepProgress:
    """`plain` is the accuracy on new questions, `buffer` its size; then seconds per phase of the last step."""

    def __init__(self, total: int, disable: bool) -> None:
        self._total = total
        self._disable = disable
        self._bar: tqdm | None = None

    @contextmanager
    def starting_at(self, step: int) -> Iterator[None]:
        with tqdm(total=self._total, initial=step, disable=self._disable, unit="step", dynamic_ncols=True) as self._bar:
            yield
        self._bar = None

    def advance(self, metrics: Mapping[str, float]) -> None:
        if self._bar is None:
            return
        shown = {"plain": f"{metrics.get('accuracy/plain', 0):.2f}"}
        if "buffer/size" in metrics:
            shown["buffer"] = f"{metrics['buffer/size']:.0f}"
            shown["graduated"] = f"{metrics['buffer/graduated_total']:.0f}"
        shown |= {phase: f"{metrics[f'time/{phase}']:.1f}s" for phase in PHASES if f"time/{phase}" in metrics}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()
