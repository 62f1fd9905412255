"""From what was said and what was received to figures; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import jiwer
import numpy as np
from carabin.client import FinalText, PartialText
from carabin.trainer.text.normalize import normalize
from live_audio import Speaker, Spoken
from live_client import Received
from live_words import longest_still_s, revisions, sentence_lags

NEAR_END_S = 0.5
"""A final belongs to a sentence when it ends this near its end or later: servers trim what they take for silence."""
OVERLAP_S = 0.2


@dataclass(frozen=True, slots=True)
class Figures:
    """One server with N clients."""

    first_partial_p50_s: float
    first_partial_p95_s: float
    final_p50_s: float
    final_p95_s: float
    never_final: int
    """Sentences whose end was in no completed segment when the server closed."""
    sentences: int
    words_lost: int
    """Deleted words, of those that were said."""
    words: int
    word_error_rate: float
    segment_p50_s: float
    segment_p95_s: float
    """From the end of a final, as the server times it, to its arrival."""
    shown_p50_s: float
    shown_p95_s: float
    sentence_final_p50_s: float
    sentence_final_p95_s: float
    """From the end of a spoken sentence until its words are shown, and are final: live_words says how it is found."""
    still_s: float
    """The longest time, while somebody spoke, without a change on the screen."""
    erased_per_100: float
    """Words behind the first difference between two screens, for 100 words that were said."""
    revised_in_partials_per_100: float
    revised_by_finals_per_100: float
    """Words replaced or deleted from one screen to the next, by edit distance."""
    errors: int


def measure(speakers: Sequence[Speaker], received: Sequence[Received]) -> Figures:
    """Return the figures of one run."""
    firsts, finals = [], []
    for speaker, each in zip(speakers, received, strict=True):
        for sentence in speaker.sentences:
            firsts.append(first_text_s(sentence, each))
            finals.append(final_s(sentence, each))
    measured = jiwer.process_words(
        [normalize(" ".join(sentence.text for sentence in speaker.sentences)) for speaker in speakers],
        [normalize(transcript(each)) or "∅" for each in received],
    )
    words = measured.hits + measured.substitutions + measured.deletions
    changed = [revisions(each) for each in received]
    segments = [at - final.end_s for each in received for at, final in each.finals()]
    pairs = list(zip(speakers, received, strict=True))
    lags = [sentence_lags(speaker, each) for speaker, each in pairs]
    shown, committed = ([lag for each in lags for lag in each[kind]] for kind in (0, 1))
    per_100 = 100 / max(words, 1)
    return Figures(
        first_partial_p50_s=_percentile(firsts, 50),
        first_partial_p95_s=_percentile(firsts, 95),
        final_p50_s=_percentile(finals, 50),
        final_p95_s=_percentile(finals, 95),
        never_final=sum(math.isinf(value) for value in finals),
        sentences=len(finals),
        words_lost=measured.deletions,
        words=words,
        word_error_rate=measured.wer,
        segment_p50_s=_percentile(segments, 50),
        segment_p95_s=_percentile(segments, 95),
        shown_p50_s=_percentile(shown, 50),
        shown_p95_s=_percentile(shown, 95),
        sentence_final_p50_s=_percentile(committed, 50),
        sentence_final_p95_s=_percentile(committed, 95),
        still_s=max(longest_still_s(speaker, each) for speaker, each in pairs),
        erased_per_100=per_100 * sum(each.erased for each in changed),
        revised_in_partials_per_100=per_100 * sum(each.in_partials for each in changed),
        revised_by_finals_per_100=per_100 * sum(each.by_finals for each in changed),
        errors=sum(bool(each.error) for each in received),
    )


def first_text_s(sentence: Spoken, received: Received) -> float:
    """Return the seconds from the first sound of a sentence to the first text of it."""
    texts: list[tuple[float, PartialText | FinalText]] = [*received.partials(), *received.finals()]
    times = [
        at
        for at, text in texts
        if text.end_s > sentence.start_s + OVERLAP_S and text.start_s < sentence.end_s and at > sentence.start_s
    ]
    return min(times) - sentence.start_s if times else math.inf


def final_s(sentence: Spoken, received: Received) -> float:
    """Return the seconds from the last sound of a sentence to the final that holds it."""
    times = [
        at
        for at, final in received.finals()
        if final.end_s >= sentence.end_s - NEAR_END_S and final.start_s < sentence.end_s
    ]
    return min(times) - sentence.end_s if times else math.inf


def transcript(received: Received) -> str:
    """Return what a client has at the end: every final, and the last partial where it was never made final."""
    finals = [final for _, final in received.finals()]
    partials = [partial for _, partial in received.partials()]
    text = "".join(final.text for final in finals)
    if partials and (not finals or partials[-1].start_s >= finals[-1].end_s):
        text += partials[-1].text
    return text


def _percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile in which what never came counts as later than all the rest."""
    return float(np.percentile(values, percent, method="higher")) if values else math.nan
