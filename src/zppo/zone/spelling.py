"""Control tokens in text from outside, broken up so that a tokenizer reads them as text.

Chat formats mark roles, media and tools by tokens with a spelling (`<|im_start|>`). A tokenizer converts the spelling
to the token wherever it occurs. A space inside prevents that.
"""

import re

WIDESPREAD = re.compile(
    r"<[|｜][^<>\s]+>|<[^<>\s|｜]+[|｜]>|<</?SYS>>|\[\|[A-Za-z_]{2,}\|\]"
    r"|</?(?:s|bos|eos|pad|unk|mask|sop|eop|img|image|video|audio|IMG_CONTEXT|image_soft_token|tts_\w+)>"
    r"|</?(?:(?:start|end)_of_(?:turn|image|audio)|tool_call|tool_response)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|MODEL_SETTINGS|AVAILABLE_TOOLS|TOOL_\w+|THINK|IMG\w*|gMASK|sMASK)\]"
)
"""Common control tokens of chat formats: `<|...|>` (Qwen, Llama 3, Phi, GLM, gpt-oss), also with full-width bars
(DeepSeek) or one bar (Gemma 4: `<|turn>`, `<turn|>`), `[|...|]` (EXAONE), and those of Llama 2, Mistral, Gemma, LLaVA,
InternVL and Qwen-Omni."""


def as_plain_text(text: str, control: re.Pattern[str] = WIDESPREAD) -> str:
    """`text` with a space after the first character of every control token, until no match is left.

    Every match of `control` must begin with two characters that are not spaces.
    """
    while control.search(text):  # terminates: each space separates two characters permanently
        text = control.sub(lambda token: f"{token[0][0]} {token[0][1:]}", text)
    return text
