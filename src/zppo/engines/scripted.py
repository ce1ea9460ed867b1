"""A student or teacher that says what a script tells it to: for golden traces, property tests and examples."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from zppo.engines.base import TokenRequest
from zppo.errors import EngineError
from zppo.types import Prompt, Rollout, Sampling, Thinking

Script = Callable[[Prompt, int, int], Sequence[str]]
END = 0


class ByteRenderer:
    """Token ids are the UTF-8 bytes plus one, then END: any text has tokens, an empty response has one.

    A `Rendering` without a chat template: `opens` is what one would write of every response.
    """

    def __init__(self, opens: str = "") -> None:
        self._opens = opens

    def read(self, prompt: Prompt, thinking: Thinking = "on") -> list[int]:
        return self.encode(prompt.text)

    def opening(self, prompt_ids: Sequence[int]) -> str:
        return self._opens

    def encode(self, response: str, end: bool = False) -> list[int]:
        return [byte + 1 for byte in response.encode()] + [END] * end

    def decode(self, token_ids: Sequence[int]) -> str:
        return bytes(token - 1 for token in token_ids if token != END).decode(errors="replace")


class ScriptedEngine:
    """Responses from `script(prompt, n, visit)`; `visit` counts the calls for that prompt's uid, from 0.

    A `PolicyEngine` whose tokens are those of `ByteRenderer`, and certain: their log-probabilities are 0. After a
    prefix the script tells how the response goes on. `prompts` keeps every prompt that was asked, in order.
    """

    def __init__(self, script: Script) -> None:
        self.prompts: list[Prompt] = []
        self.policy_version = 0
        self._renderer = ByteRenderer()
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

    def generate(self, requests: Sequence[TokenRequest], decoding: Sampling) -> Iterator[tuple[int, list[Rollout]]]:
        for place, request in enumerate(requests):
            yield place, [self._rollout(request, text, decoding) for text in self._texts(request.prompt, request.n)]

    def update_weights(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        self.policy_version = version

    def close(self) -> None:
        """Nothing is held."""

    def _texts(self, prompt: Prompt, n: int) -> Sequence[str]:
        texts = self._script(prompt, n, self._visits[prompt.uid])
        if len(texts) != n:
            raise EngineError(f"the script gives {len(texts)} responses for {prompt.uid!r}; {n} were asked for")
        self._visits[prompt.uid] += 1
        self.prompts.append(prompt)
        return texts

    def _rollout(self, request: TokenRequest, text: str, decoding: Sampling) -> Rollout:
        ids = self._renderer.encode(text, end=True)
        sampled = ids[: max(1, decoding.max_tokens - len(request.begun))]
        finish: Literal["stop", "length"] = "stop" if len(sampled) == len(ids) else "length"
        whole = self._renderer.decode([*request.begun, *sampled])
        return Rollout(sampled, whole, finish, [0.0] * len(sampled) if decoding.logprobs else None)
