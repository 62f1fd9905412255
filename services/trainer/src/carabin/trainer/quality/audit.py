"""Whether a report is what was dictated: each pair is scored by what the stock model writes of the recording.

Reports are not transcripts: they are rewritten, get headings, or belong to another recording. The stock model writes
medical words wrongly, and yet letter by letter its text is far nearer to the right report than to any other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import jiwer
import numpy as np
import numpy.typing as npt

from ..text.normalize import normalize

Transcribe = Callable[[npt.NDArray[np.float32]], str]
"""What the stock model writes of (n,) samples at 16 kHz."""

MIN_SIMILARITY: Final = 0.45
"""In the middle of the gap: with Whisper base on 50 dictations of five synthetic voices, the right pairs had 0.57 to
0.98 and the 2,450 wrong ones 0.35 at most. It is no clean gap: Pico's sound varies with what its process spoke before,
and one of the right sentences, spoken ten times in the fast low voice, had 0.32 to 0.46. Raise it for a base that knows
the speakers better."""


@dataclass(frozen=True, slots=True)
class AuditedPair:
    """A report beside what the model wrote of its recording; `similarity` is 1 for equal texts, 0 for unrelated."""

    index: int
    source: str
    sentence: str
    hypothesis: str
    similarity: float

    @property
    def belongs(self) -> bool:
        """Whether the two may be learnt as one."""
        return self.similarity >= MIN_SIMILARITY


def similarity(sentence: str, hypothesis: str) -> float:
    """Return 1 - the edit distance of the normalised letters over the longer text; spaces do not count."""
    said, written = (normalize(text).replace(" ", "") for text in (sentence, hypothesis))
    if not said or not written:
        return 0.0
    found = jiwer.process_characters(said, written)
    edits = found.substitutions + found.deletions + found.insertions
    longer = max(len(said), len(written))
    return (longer - edits) / longer  # 1 - 11 / 20 would lie below 0.45


def audit(
    pairs: Sequence[tuple[str, str]], samples: Callable[[int], npt.NDArray[np.float32]], transcribe: Transcribe
) -> Iterator[AuditedPair]:
    """Score each (source, sentence) with the recording that `samples` gives for its index, one in memory at a time."""
    for index, (source, sentence) in enumerate(pairs):
        hypothesis = transcribe(samples(index))
        yield AuditedPair(index, source, sentence, hypothesis, similarity(sentence, hypothesis))


def worst_first(pairs: Sequence[AuditedPair]) -> list[AuditedPair]:
    """Return the pairs by rising similarity."""
    return sorted(pairs, key=lambda pair: (pair.similarity, pair.source))
