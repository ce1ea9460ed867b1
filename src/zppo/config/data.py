"""The sections of what is asked: data and prompts."""

from dataclasses import dataclass

from zppo.config.limits import positive


@dataclass(frozen=True)
class DataConfig:
    train: str = ""
    """JSONL file with `prompt` (or `question`) and `answer`; other columns are kept, and `answer_type` chooses how a
    response is scored (docs/rewards.md)."""
    eval: str = ""
    """The held-out questions, same format. Columns `level` (easy, hard) and `cluster`, if present, are reported."""


@dataclass(frozen=True)
class PromptsConfig:
    templates: str | None = None
    """Folder whose files replace the shipped templates: `plain.txt`, `closer.txt`, `bcq.txt`, `ncq.txt`, `hint.txt`,
    `compress.txt`, `write_hint.txt`, `judge.txt`."""
    max_tokens: int = 4096
    """Questions with a longer plain prompt are left out, and counted; aided prompts are never truncated."""

    def __post_init__(self) -> None:
        positive("prompts", self, "max_tokens")
