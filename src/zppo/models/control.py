"""The control tokens of a tokenizer. Every engine reads the text of a prompt as text, whoever wrote it."""

import re

from transformers import PreTrainedTokenizerBase

THINKING = ("<think>", "</think>")
"""No control tokens: the shipped prompts ask for them by name. Candidates lose theirs in `zone.candidates`."""


def control_tokens(tokenizer: PreTrainedTokenizerBase) -> re.Pattern[str]:
    """Every special token, and every other added token in brackets (`<tool_call>`) but the thinking marks.

    Added tokens that are mere text (runs of spaces, new words) are none, nor is what has no two characters side by side
    between which a space could stand. For `zone.spelling.as_plain_text`.
    """
    spellings = [
        token.content
        for token in tokenizer.added_tokens_decoder.values()
        if token.content not in THINKING and (token.special or re.fullmatch(r"<.+>|\[.+\]", token.content))
    ]
    breakable = [spelling for spelling in spellings if re.match(r"\S\S", spelling)]
    longest_first = sorted(breakable, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
