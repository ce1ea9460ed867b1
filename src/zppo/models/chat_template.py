"""The chat template of a model: which one it is, where it comes from, and what it makes of messages.

It is applied here and nowhere else.
"""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import jinja2
from transformers import PreTrainedTokenizerBase, ProcessorMixin

from zppo.errors import ConfigError, EngineError
from zppo.types import Thinking

Processing: TypeAlias = PreTrainedTokenizerBase | ProcessorMixin

ANOTHER = "a file with another one is set with student.chat_template (teacher.chat_template for a teacher)"
PROBE = "What is 3 + 4?"


def with_template(processing: Processing, option: str, file: str | None) -> Processing:
    """The same, its chat template that of a file, if there is one. It is saved with it: a checkpoint's is this one.

    Raises ConfigError naming `option` for a file that cannot be read.
    """
    if file is None:
        return processing
    try:
        text = Path(file).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{option}: {file} is no chat template that can be read ({error})") from error
    if not text.strip():
        raise ConfigError(f"{option}: {file} is empty; it must be a chat template in Jinja")
    processing = copy.copy(processing)
    if isinstance(processing, ProcessorMixin):
        processing.tokenizer = copy.copy(processing.tokenizer)
        processing.tokenizer.chat_template = text
    processing.chat_template = text
    return processing


class ChatTemplate:
    """Raises EngineError, naming the model, when there is no template, none of several that is clearly meant, or one
    that does not show what a user says.
    """

    def __init__(self, processing: Processing) -> None:
        self._tokenizer: Any = getattr(processing, "tokenizer", processing)
        self.name = f"the chat template of {self._tokenizer.name_or_path!r}"
        self.text = self._chosen(self._tokenizer.chat_template or getattr(processing, "chat_template", None))
        self._takes_texts = self._shows_texts()

    def render(self, messages: Sequence[Mapping[str, Any]], thinking: Thinking = "on") -> str:
        """The messages up to the response; contents are texts or, where there are media, parts.

        Raises EngineError, naming the template, for what it refuses, or when it leaves out the system message.
        """
        if not self._takes_texts:
            messages = [{**message, "content": _parts(message["content"])} for message in messages]
        try:
            rendered = self._render(messages, thinking)
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            roles = ", ".join(message["role"] for message in messages)
            raise EngineError(f"{self.name} refuses messages of {roles} ({error}); {ANOTHER}") from error
        for message in messages:
            if message["role"] == "system" and not all(words in rendered for words in _words(message["content"])):
                raise EngineError(f"{self.name} leaves out the system message; {ANOTHER}")
        return rendered

    def _shows_texts(self) -> bool:
        """True if the template shows a content that is a text. Some know parts only, and would show nothing."""
        problem: Exception | str = "nothing of it is in the prompt"
        for content in (PROBE, _parts(PROBE)):
            try:
                if PROBE in self._render([{"role": "user", "content": content}], "template"):
                    return content == PROBE
            except (jinja2.TemplateError, TypeError, ValueError) as error:
                problem = error
        raise EngineError(f"{self.name} does not show a user message ({problem}); {ANOTHER}")

    def _render(self, messages: Sequence[Mapping[str, Any]], thinking: Thinking) -> str:
        options = {} if thinking == "template" else {"enable_thinking": thinking == "on"}
        return rendered(self._tokenizer, messages, chat_template=self.text, **options)

    def _chosen(self, given: Any) -> str:
        """The template called `default` of several, given as a mapping or a list of `{name, template}`."""
        if isinstance(given, list | tuple):
            given = {each["name"]: each["template"] for each in given}
        if isinstance(given, Mapping):
            if "default" not in given:
                raise EngineError(
                    f"{self.name} is one of {', '.join(given) or 'none'}, and none is `default`; {ANOTHER}"
                )
            given = given["default"]
        if not given:
            name = self._tokenizer.name_or_path
            raise EngineError(f"the tokenizer {name!r} has no chat template; {ANOTHER.replace('another one', 'one')}")
        return str(given)


def rendered(tokenizer: Any, messages: Sequence[Mapping[str, Any]], **options: Any) -> str:
    """The messages in the chat template of `tokenizer`, up to the response."""
    return tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False, **options)


def _parts(content: Any) -> Any:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _words(content: Any) -> list[str]:
    """The texts of a message as templates may trim them."""
    return [part["text"].strip() for part in _parts(content) if part["type"] == "text"]
