"""From what was said and what was heard to figures; pure."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import jiwer
import numpy as np
from carabin.client import FinalText, PartialText
from carabin.trainer.text.normalize import normalize
from live_audio import Speaker, Spoken
from live_client import Heard

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
    changed_per_100: float
    """Words that were shown and then shown otherwise, for 100 words of the transcript."""
    errors: int


def measure(speakers: Sequence[Speaker], heard: Sequence[Heard]) -> Figures:
    """Return the figures of one run."""
    firsts, finals = [], []
    for speaker, each in zip(speakers, heard, strict=True):
        for sentence in speaker.sentences:
            firsts.append(first_text_s(sentence, each))
            finals.append(final_s(sentence, each))
    measured = jiwer.process_words(
        [normalize(" ".join(sentence.text for sentence in speaker.sentences)) for speaker in speakers],
        [normalize(transcript(each)) or "∅" for each in heard],
    )
    words = measured.hits + measured.substitutions + measured.deletions
    changed = sum(changed_words(each) for each in heard)
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
        changed_per_100=100 * changed / max(words, 1),
        errors=sum(bool(each.error) for each in heard),
    )


def first_text_s(sentence: Spoken, heard: Heard) -> float:
    """Return the seconds from the first sound of a sentence to the first text of it."""
    texts = [*heard.partials(), *heard.finals()]
    times = [
        at
        for at, text in texts
        if text.end_s > sentence.start_s + OVERLAP_S and text.start_s < sentence.end_s and at > sentence.start_s
    ]
    return min(times) - sentence.start_s if times else math.inf


def final_s(sentence: Spoken, heard: Heard) -> float:
    """Return the seconds from the last sound of a sentence to the final that holds it."""
    times = [
        at
        for at, final in heard.finals()
        if final.end_s >= sentence.end_s - NEAR_END_S and final.start_s < sentence.end_s
    ]
    return min(times) - sentence.end_s if times else math.inf


def transcript(heard: Heard) -> str:
    """Return what a client has at the end: every final, and the last partial where it was never made final."""
    finals = [final for _, final in heard.finals()]
    partials = [partial for _, partial in heard.partials()]
    text = "".join(final.text for final in finals)
    if partials and (not finals or partials[-1].start_s >= finals[-1].end_s):
        text += partials[-1].text
    return text


def changed_words(heard: Heard) -> int:
    """Count words that were on the screen and then were not, or were others."""
    changed, shown = 0, ""
    for text in _screens(heard):
        before, after = _words(shown), _words(text)
        same = 0
        while same < min(len(before), len(after)) and before[same] == after[same]:
            same += 1
        changed += len(before) - same
        shown = text
    return changed


def _screens(heard: Heard) -> Iterable[str]:
    done = ""
    for _, event in heard.events:
        if isinstance(event, FinalText):
            done += event.text
            yield done
        elif isinstance(event, PartialText):
            yield done + event.text


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'’-]+", text.casefold())


def _percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile in which what never came counts as later than all the rest."""
    return float(np.percentile(values, percent, method="higher")) if values else math.nan
