"""Cuts a long dictation at its pauses and gives each piece its own words; pure, from samples and word times.

The reference text is never changed: a recogniser's words only give *when* the reference's words were spoken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import jiwer
import numpy as np
import numpy.typing as npt

from ..data.audio import RATE_HZ
from ..text.normalize import words
from .pauses import Pause, find_pauses

Samples = npt.NDArray[np.float32]

MAX_PIECE_S: Final = 28.0
"""Below Whisper's 30 s, so that the model also learns how a piece ends."""

MIN_PIECE_S: Final = 4.0
"""Shorter pieces waste a window; a cut may not leave one at the end either."""

MIN_AGREEMENT: Final = 0.3
"""Share of reference words that must be recognised as written; below it, the text is likely another dictation's."""

ANCHOR_REACH: Final = 2
"""A cut is trusted if both nearest words have a time, and one of this many on each side was recognised as written."""


@dataclass(frozen=True, slots=True)
class RecognizedWord:
    """A recogniser's word, with its times in seconds."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the recording with its own text."""

    start_s: float
    end_s: float
    text: str

    def of(self, samples: Samples) -> Samples:
        """Return the piece's samples."""
        return samples[round(self.start_s * RATE_HZ) : round(self.end_s * RATE_HZ)]


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word of the reference, as written, where it was spoken; `anchored` if it was recognised exactly so.

    `timed` is false where nothing was recognised in its place: it is put between its neighbours, by proportion.
    """

    text: str
    middle_s: float
    anchored: bool
    timed: bool


class CannotSegment(ValueError):
    """No cut can be trusted; the text says why."""


def segment(samples: Samples, text: str, recognized: Sequence[RecognizedWord]) -> list[Segment]:
    """Return the pieces of a dictation of (n,) samples whose report is `text`; together they hold all its words.

    Raises:
        CannotSegment: the text is not what was recognised, or there is no pause to cut at where one is needed.
    """
    duration_s = len(samples) / RATE_HZ
    placed = place_words(text, recognized, duration_s)
    agreement = sum(word.anchored for word in placed) / max(1, len(placed))
    if agreement < MIN_AGREEMENT:
        raise CannotSegment(f"only {agreement:.0%} of its report is recognised in it: they do not belong together")
    pauses = [pause for pause in find_pauses(samples) if _trusted(pause, placed)]
    bounds = [0.0, *_cuts(pauses, duration_s), duration_s]
    pieces = []
    for start_s, end_s in pairwise(bounds):
        spoken = [word.text for word in placed if start_s <= word.middle_s < end_s]
        pieces.append(Segment(start_s, end_s, " ".join(spoken)))
    return [piece for piece in pieces if piece.text]


def place_words(text: str, recognized: Sequence[RecognizedWord], duration_s: float) -> list[PlacedWord]:
    """Return when each written word was spoken: as recognised where they agree, in between by proportion elsewhere."""
    written = text.split()
    reference = [(word, place) for place, token in enumerate(written) for word in words(token)]
    spoken = [(word, item) for item in recognized for word in words(item.text)]
    times: dict[int, float] = {}
    anchored: set[int] = set()
    if reference and spoken:
        aligned = jiwer.process_words(" ".join(word for word, _ in reference), " ".join(word for word, _ in spoken))
        for chunk in aligned.alignments[0]:
            if chunk.type not in ("equal", "substitute"):
                continue
            for step in range(chunk.ref_end_idx - chunk.ref_start_idx):
                place, item = reference[chunk.ref_start_idx + step][1], spoken[chunk.hyp_start_idx + step][1]
                times.setdefault(place, (item.start_s + item.end_s) / 2)
                if chunk.type == "equal":
                    anchored.add(place)
    return _between(written, times, anchored, duration_s)


def _between(written: list[str], times: dict[int, float], anchored: set[int], duration_s: float) -> list[PlacedWord]:
    known = sorted(times)
    middles = np.interp(
        np.arange(len(written)), [-1, *known, len(written)], [0.0, *(times[place] for place in known), duration_s]
    )
    rising = np.minimum(np.maximum.accumulate(middles), np.nextafter(duration_s, 0))
    return [
        PlacedWord(word, float(middle), place in anchored, place in times)
        for place, (word, middle) in enumerate(zip(written, rising, strict=True))
    ]


def _trusted(pause: Pause, placed: Sequence[PlacedWord]) -> bool:
    """Return whether the words next to a pause are known well enough to be separated there.

    A word without a time of its own next to it may have been spoken on the other side.
    """
    before = [word for word in placed if word.middle_s < pause.middle_s][-ANCHOR_REACH:]
    after = [word for word in placed if word.middle_s >= pause.middle_s][:ANCHOR_REACH]
    if not (before and after and before[-1].timed and after[0].timed):
        return False
    return any(word.anchored for word in before) and any(word.anchored for word in after)


def _cuts(pauses: Sequence[Pause], duration_s: float) -> list[float]:
    """Return the fewest cuts that leave no piece above the limit, each at the longest pause in reach."""
    cuts: list[float] = []
    start_s = 0.0
    while duration_s - start_s > MAX_PIECE_S:
        latest_s = min(start_s + MAX_PIECE_S, duration_s - MIN_PIECE_S)
        reach = [pause for pause in pauses if start_s + MIN_PIECE_S <= pause.middle_s <= latest_s]
        if not reach:
            raise CannotSegment(f"has no pause between {start_s:.1f} s and {latest_s:.1f} s where its text can be cut")
        late = [pause for pause in reach if pause.middle_s >= start_s + MAX_PIECE_S / 2] or reach
        start_s = max(late, key=lambda pause: (pause.duration_s, pause.middle_s)).middle_s
        cuts.append(start_s)
    return cuts
