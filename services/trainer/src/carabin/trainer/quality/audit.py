"""Whether a report is what was dictated: each pair is scored by how much its recording makes its text likelier.

Reports are not transcripts: they are rewritten, get headings, or belong to another recording. What the stock model
writes by itself of a fast voice or a noisy room resembles no report; how likely it finds a given text, with the sound
and without it, separates right reports from others there too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Evidence = Callable[[Samples, str], float]
"""How much likelier (n,) samples at 16 kHz make a text, in nats a token: 0 where the two have nothing in common."""

MIN_EVIDENCE: Final = 0.6
"""Whisper base, 40 recordings of eight synthetic voices at 10 dB of noise: right pairs from 0.79, 99.8 % of 1,560 wrong
ones below this; quiet, right pairs begin at 3.6. `bench/audit.py` prints what other thresholds find and refuse."""


class PairModel(Protocol):
    """What the audit asks of the stock model."""

    def evidence(self, samples: Samples, text: str) -> float:
        """Return `Evidence`."""

    def transcribe(self, samples: Samples) -> str:
        """Return what the model writes of (n,) samples at 16 kHz by itself."""


@dataclass(frozen=True, slots=True)
class AuditedPair:
    """A recording's report and the evidence that it is what was dictated, in nats a token."""

    index: int
    source: str
    sentence: str
    evidence: float

    @property
    def belongs(self) -> bool:
        """Whether the two may be learnt as one."""
        return self.evidence >= MIN_EVIDENCE


def audit(
    pairs: Sequence[tuple[str, str]], samples: Callable[[int], Samples], evidence: Evidence
) -> Iterator[AuditedPair]:
    """Score each (source, sentence) with the recording that `samples` gives for its index, one in memory at a time."""
    for index, (source, sentence) in enumerate(pairs):
        yield AuditedPair(index, source, sentence, evidence(samples(index), sentence))


def worst_first(pairs: Sequence[AuditedPair]) -> list[AuditedPair]:
    """Return the pairs by rising evidence."""
    return sorted(pairs, key=lambda pair: (pair.evidence, pair.source))
