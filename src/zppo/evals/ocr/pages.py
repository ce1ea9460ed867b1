"""Pages of text: the mean of BLEU, METEOR, the F measure of words, and similarity by edits.

METEOR is NLTK's with exact and stemmed matches and without WordNet's synonyms, whose corpus NLTK would have to
download: in a transcription a synonym is no match. Chinese is segmented by jieba. Both are installed by the extra
`ocr`.
"""

import logging
import math
import re
from collections import Counter
from collections.abc import Sequence

import jieba
from nltk.translate.meteor_score import single_meteor_score

from zppo.evals.metrics import similarity

_CHINESE = re.compile("[\u4e00-\u9fa5]")
_ORDERS = range(1, 5)
jieba.setLogLevel(logging.WARNING)


class _NoSynonyms:
    """Replacement of WordNet."""

    def synsets(self, word: str) -> tuple[()]:
        return ()


def page_similarity(answer: str, gold: str) -> float:
    """Similarity from 0 to 1; 0 if either is empty."""
    if not answer.strip() or not gold.strip():
        return 0.0
    said, wanted = _words(answer, gold)
    meteor = single_meteor_score(wanted, said, wordnet=_NoSynonyms())
    return (bleu(said, wanted) + float(meteor) + _f_measure(set(said), set(wanted)) + similarity(answer, gold)) / 4


def bleu(said: Sequence[str], wanted: Sequence[str]) -> float:
    """BLEU-4 of one sentence without smoothing: 0 unless they share four words in a row."""
    logs = []
    for order in _ORDERS:
        have, want = _grams(said, order), _grams(wanted, order)
        matches = (have & want).total()
        if not matches:
            return 0.0
        logs.append(math.log(matches / have.total()))
    penalty = min(0.0, 1 - len(wanted) / len(said))
    return math.exp(penalty + sum(logs) / len(logs))


def _grams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[i:] for i in range(order)), strict=False))


def _f_measure(said: set[str], wanted: set[str]) -> float:
    return 2 * len(said & wanted) / (len(said) + len(wanted))


def _words(answer: str, gold: str) -> tuple[list[str], list[str]]:
    """Words of both. If either has Chinese, jieba segments both, else spaces separate."""
    if _CHINESE.search(answer) or _CHINESE.search(gold):
        return jieba.lcut(answer), jieba.lcut(gold)
    return answer.split(), gold.split()
