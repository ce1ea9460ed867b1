"""The judge of an evaluation: judgements -> **judge** -> replies. Templates are text files that a user can replace."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from zppo.engines.base import TextEngine, ask_all
from zppo.errors import ConfigError, nearest
from zppo.evals.benchmark import Judgement
from zppo.judges.judge import MAX_TOKENS
from zppo.types import Prompt, Question, Rollout, Sampling
from zppo.zone.candidates import neutralise

TRIES = 3
"""Calls of an engine before a judge counts as unreachable; an endpoint retries within each call."""
OTHER_NAMES = {"correct_answer": "answer"}
"""Placeholders in the spelling of the benchmarks' authors."""
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True)
class Template:
    name: str
    text: str
    is_own: bool = False

    @property
    def origin(self) -> str:
        """Own or shipped, with a digest of the text, for the record."""
        return f"{'own' if self.is_own else 'shipped'} {hashlib.sha256(self.text.encode()).hexdigest()[:12]}"

    @property
    def placeholders(self) -> set[str]:
        return {OTHER_NAMES.get(name, name) for name in _PLACEHOLDER.findall(self.text)}

    def fill(self, values: Mapping[str, str]) -> str:
        """Fill the placeholders in one pass: the text of a response is never read as a placeholder."""
        return _PLACEHOLDER.sub(lambda match: values[OTHER_NAMES.get(match[1], match[1])], self.text)


def load_templates(folder: Path | None = None) -> dict[str, Template]:
    """The shipped templates, each replaced by `folder/NAME.txt` where that file exists.

    Raises ConfigError for a missing folder, for a file that replaces nothing, and for placeholders other than those
    of the shipped template: unknown ones cannot be filled, and only the question may be omitted.
    """
    shipped = {
        file.name.removesuffix(".txt"): Template(file.name.removesuffix(".txt"), file.read_text("utf-8").strip())
        for file in resources.files("zppo.evals").joinpath("judge_templates").iterdir()
        if file.name.endswith(".txt")
    }
    return shipped | (_own(folder, shipped) if folder else {})


class Judge:
    """Judge on `engine`, named `model`, at temperature 0, `max_tokens` at most; equal requests are sent once."""

    def __init__(
        self, engine: TextEngine, model: str, templates: Mapping[str, Template], max_tokens: int = MAX_TOKENS
    ) -> None:
        self.model = model
        self.templates = templates
        self.max_tokens = max_tokens
        self.engine = engine

    def replies(self, judgements: Sequence[Judgement]) -> list[Rollout | None]:
        """The judge's replies, in order; None where it was unreachable in `TRIES` tries."""
        asked = [self._prompt(judgement) for judgement in judgements]
        said: dict[str, Rollout] = {}
        for _ in range(TRIES):
            said |= self._ask([text for text in dict.fromkeys(asked) if text not in said])
        return [said.get(text) for text in asked]

    def _prompt(self, judgement: Judgement) -> str:
        return self.templates[judgement.template].fill({k: neutralise(v) for k, v in judgement.values.items()})

    def _ask(self, texts: Sequence[str]) -> dict[str, Rollout]:
        prompts = [Prompt("plain", Question(f"judgement {i}", text, ""), text) for i, text in enumerate(texts)]
        sampling = Sampling(max_tokens=self.max_tokens, temperature=0.0, thinking="off")
        groups = ask_all(self.engine, prompts, 1, sampling)
        return {group.prompt.text: group.rollouts[0] for group in groups if group.rollouts}


def _own(folder: Path, shipped: Mapping[str, Template]) -> dict[str, Template]:
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder of judge templates")
    own = {path.stem: Template(path.stem, path.read_text("utf-8").strip(), True) for path in folder.glob("*.txt")}
    for name, template in own.items():
        if name not in shipped:
            raise ConfigError(f"{folder / name}.txt: there is no judge template {name!r}{nearest(name, shipped)}")
        known = shipped[name].placeholders
        for placeholder in sorted(template.placeholders - known):
            close = nearest(placeholder, known)
            raise ConfigError(f"{folder / name}.txt: unknown placeholder {{{placeholder}}}{close}")
        if missing := known - template.placeholders - {"question"}:
            raise ConfigError(f"{folder / name}.txt: missing: {', '.join(f'{{{each}}}' for each in sorted(missing))}")
    return own
