"""How far a transcript is from the one expected: the measure that exporter and transcriber share."""

import unicodedata

from jiwer import wer


def smoke_error(expected: str, got: str) -> float:
    """Return the word error rate of `got` against `expected`, blind to case and punctuation.

    Above 1 when `got` says much more than it should. Where nothing is expected, silence is 0 and any word is 1.
    """
    reference, hypothesis = _words(expected), _words(got)
    if not reference:
        return float(bool(hypothesis))
    return float(wer(" ".join(reference), " ".join(hypothesis)))


def _words(text: str) -> list[str]:
    """Split into words: compatibility-composed, case folded, everything but letters, marks and digits a space."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in folded).split()
