"""Reasons to exclude a row of a source from the corpus."""

REASONS = {
    "text_broken": "a text of the row holds a NUL character or half a surrogate pair",
    "pass_rate_missing": "the row has no pass rate, or none between 0 and 1",
    "pass_rate_high": "the pass rate is above the limit",
    "prompt_unreadable": "the prompt is not a conversation with exactly one user message, or has no text",
    "image_marks": "the markers in the question are not those of one image",
    "answer_missing": "there is no answer",
    "answer_long": "the answer has more characters than the limit, in the source or as a list in JSON",
    "reward_type_unknown": "the reward type is missing or not one that is known",
    "reward_type_unscored": "no rule of the grader scores answers of this reward type",
    "answer_unscorable": "the grader cannot read the answer as one of its type",
    "image_missing": "the row holds no image",
    "image_unreadable": "the image cannot be decoded",
    "image_large": "the image has more pixels than Pillow opens without a warning",
    "image_small": "a side of the image is below the limit",
    "image_thin": "a side of the image is more than 200 times the other, which image processors refuse",
    "prompt_long": "question, image and closer take more tokens than the limit",
    "duplicate": "another row has the same question and the same image",
    "over_cap": "the sub-dataset has enough rows without it",
}
"""Reasons by name, in the order of the checks: a row is counted under the first that applies."""


class Excluded(Exception):
    """A row that fails a check. `reason` is a key of `REASONS`, `detail` describes the row."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
