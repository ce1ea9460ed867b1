"""A student or teacher that says what a script tells it to: for golden traces, property tests and examples."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from zppo.engines.base import ignore
from zppo.errors import EngineError
from zppo.types import Group, Prompt, Rollout, Sampling

Script = Callable[[Prompt, int, int], Sequence[str]]
END = 0


class ScriptedEngine:
    """Responses from `script(prompt, n, visit)`; `visit` counts the calls for that prompt's uid, from 0.

    Token ids are the UTF-8 bytes plus one, then END: any text has tokens, an empty response has one. After a prefix the
    script tells how the response goes on. `prompts` keeps every prompt that was asked, in order.
    """

    def __init__(self, script: Script) -> None:
        self.prompts: list[Prompt] = []
        self._script = script
        self._visits: Counter[str] = Counter()

    @classmethod
    def from_table(cls, table: Mapping[str, Sequence[Sequence[str]]]) -> "ScriptedEngine":
        """`table[uid][visit]` lists the responses, e.g. `{"q1/plain": [["\\\\boxed{3}", "\\\\boxed{4}"]]}`."""

        def script(prompt: Prompt, n: int, visit: int) -> Sequence[str]:
            visits = table.get(prompt.uid, [])
            if visit >= len(visits):
                raise EngineError(f"the script has no visit {visit} of {prompt.uid!r}; it has {len(visits)}")
            return visits[visit]

        return cls(script)

    def generate(
        self, prompts: Sequence[Prompt], n: int, sampling: Sampling, done: Callable[[list[Group]], None] = ignore
    ) -> list[Group]:
        groups = [self._group(prompt, n) for prompt in prompts]
        done(groups)
        return groups

    def _group(self, prompt: Prompt, n: int) -> Group:
        texts = self._script(prompt, n, self._visits[prompt.uid])
        if len(texts) != n:
            raise EngineError(f"the script gives {len(texts)} responses for {prompt.uid!r}; {n} were asked for")
        self._visits[prompt.uid] += 1
        self.prompts.append(prompt)
        begun, ids = (prompt.prefix.text, prompt.prefix.token_ids) if prompt.prefix else ("", ())
        rollouts = [Rollout(self.encode(text, end=True), begun + text) for text in texts]
        return Group(prompt, rollouts, [*self.encode(prompt.text), *ids])

    def encode(self, response: str, end: bool = False) -> list[int]:
        return [byte + 1 for byte in response.encode()] + [END] * end

    def decode(self, token_ids: Sequence[int]) -> str:
        return bytes(token - 1 for token in token_ids if token != END).decode(errors="replace")
