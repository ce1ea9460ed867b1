"""The judge of an evaluation: judgements -> **judge** -> replies. Templates are text files that a user can replace."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from zppo.errors import ConfigError, nearest
from zppo.evals.benchmark import Judgement
from zppo.evals.rules import unbroken
from zppo.rewards.judge import JudgeEngine
from zppo.types import Prompt, Question, Sampling
from zppo.zone.candidates import harmless

TRIES = 3
"""Times that an engine is asked before a judge counts as out of reach; an endpoint tries each time over again."""
OTHER_NAMES = {"correct_answer": "answer"}
"""Placeholders as the authors of benchmarks spell them."""
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True)
class Template:
    name: str
    text: str
    is_own: bool = False

    @property
    def origin(self) -> str:
        """Whose it is and what it says, for the record."""
        return f"{'own' if self.is_own else 'shipped'} {hashlib.sha256(self.text.encode()).hexdigest()[:12]}"

    @property
    def placeholders(self) -> set[str]:
        return {OTHER_NAMES.get(name, name) for name in _PLACEHOLDER.findall(self.text)}

    def fill(self, values: Mapping[str, str]) -> str:
        """In one pass: what stands in a response is never read as a placeholder."""
        return _PLACEHOLDER.sub(lambda match: values[OTHER_NAMES.get(match[1], match[1])], self.text)


def load_templates(folder: Path | None = None) -> dict[str, Template]:
    """The shipped templates, each replaced by `folder/NAME.txt` where that file exists.

    Raises ConfigError for a missing folder, for a file that replaces nothing, and for placeholders that are not those
    of the shipped template: others cannot be filled, and none but the question can be done without.
    """
    shipped = {
        file.name.removesuffix(".txt"): Template(file.name.removesuffix(".txt"), file.read_text("utf-8").strip())
        for file in resources.files("zppo.evals").joinpath("judge_templates").iterdir()
        if file.name.endswith(".txt")
    }
    return shipped | (_own(folder, shipped) if folder else {})


class Judge:
    """Asks `engine`, known as `model`, at temperature 0; the same question is asked once.

    `most_tokens` stands instead of what a benchmark lets its judge say; a reply that does not fit is malformed.
    """

    def __init__(
        self, engine: JudgeEngine, model: str, templates: Mapping[str, Template], most_tokens: int | None = None
    ) -> None:
        self.model = model
        self.templates = templates
        self._engine = engine
        self.most_tokens = most_tokens

    def replies(self, judgements: Sequence[Judgement]) -> list[str | None]:
        """What the judge says, in order; None where it could not be reached in `TRIES` tries."""
        asked = [(self._prompt(judgement), self._limit(judgement)) for judgement in judgements]
        heard: dict[tuple[str, int], str] = {}
        for _ in range(TRIES):
            open_ = [key for key in dict.fromkeys(asked) if key not in heard]
            for max_tokens in sorted({limit for _, limit in open_}):
                heard |= self._ask([text for text, limit in open_ if limit == max_tokens], max_tokens)
        return [heard.get(key) for key in asked]

    def _limit(self, judgement: Judgement) -> int:
        return judgement.max_tokens if self.most_tokens is None else self.most_tokens

    def _prompt(self, judgement: Judgement) -> str:
        return self.templates[judgement.template].fill({k: harmless(v) for k, v in judgement.values.items()})

    def _ask(self, texts: Sequence[str], max_tokens: int) -> dict[tuple[str, int], str]:
        prompts = [Prompt("plain", Question(f"judgement {i}", text, ""), text) for i, text in enumerate(texts)]
        groups = self._engine.generate(prompts, 1, Sampling(max_tokens=max_tokens, temperature=0.0, thinking="off"))
        return {(g.prompt.text, max_tokens): unbroken(g.rollouts[0].whole) for g in groups if g.rollouts}


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
