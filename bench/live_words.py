"""What was on the screen, word by word: how late each spoken sentence came, and which words changed; pure.

Servers cut speech into segments as they like. A sentence of the speaker is the same for all of them: it counts as
shown, or as final, when the shown, or the final, text holds as many words as the transcript has up to the sentence's
end, less one. Which words of the transcript those are is found by aligning it with what was said.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import jiwer
from carabin.client import FinalText, PartialText
from live_audio import Speaker
from live_client import Received
from rapidfuzz.distance import Levenshtein

MIN_RECOGNIZED = 0.5
"""A sentence of which fewer words are in the transcript, right or wrong, was never written."""


@dataclass(frozen=True, slots=True)
class Screen:
    """All of a dictation's text at one moment."""

    at_s: float
    words: tuple[str, ...]
    n_final: int
    """Words at the beginning that are final."""
    by_final: bool
    """A final made it, not a partial."""


@dataclass(frozen=True, slots=True)
class Revisions:
    """Words that were shown and then were not, or were others."""

    erased: int
    """Behind the first difference, all of them: the prefix that two successive screens share is kept, nothing else."""
    in_partials: int
    """Replaced or deleted by the next partial, by edit distance."""
    by_finals: int
    """Likewise by a final."""


def screens(received: Received) -> Iterator[Screen]:
    """Yield what the client shows after each message."""
    final: tuple[str, ...] = ()
    for at_s, event in received.events:
        if isinstance(event, FinalText):
            final += words_of(event.text)
            yield Screen(at_s, final, len(final), True)
        elif isinstance(event, PartialText):
            yield Screen(at_s, final + words_of(event.text), len(final), False)


def revisions(received: Received) -> Revisions:
    """Count the words that changed on the screen."""
    erased, changed, before = 0, {True: 0, False: 0}, tuple[str, ...]()
    for screen in screens(received):
        same = _common_prefix(before, screen.words)
        erased += len(before) - same
        edits = Levenshtein.editops(before[same:], screen.words[same:])
        # Words at the very end that are not there any more were replaced by nothing: they count as well.
        changed[screen.by_final] += sum(edit.tag in ("replace", "delete") for edit in edits)
        before = screen.words
    return Revisions(erased, changed[False], changed[True])


def sentence_lags(speaker: Speaker, received: Received) -> tuple[list[float], list[float]]:
    """Return for each spoken sentence the seconds from its last sound until it is shown, and until it is final.

    Never is infinite; a sentence that is there before its end has 0.
    """
    shown = list(screens(received))
    places = _places(speaker, shown[-1].words if shown else ())
    lags: tuple[list[float], list[float]] = ([], [])
    counts: tuple[Callable[[Screen], int], ...] = (lambda s: len(s.words), lambda s: s.n_final)
    for sentence, place in zip(speaker.sentences, places, strict=True):
        for each, n_words in zip(lags, counts, strict=True):
            times = (s.at_s for s in shown if place is not None and n_words(s) >= place - 1)
            each.append(max(0.0, next(times, math.inf) - sentence.end_s))
    return lags


def longest_still_s(speaker: Speaker, received: Received) -> float:
    """Return the longest time, while the speaker spoke, in which no word on the screen changed."""
    start_s, end_s = speaker.sentences[0].start_s, speaker.sentences[-1].end_s
    changes, before = [start_s], None
    for screen in screens(received):
        if screen.words != before and start_s < screen.at_s < end_s:
            changes.append(screen.at_s)
        before = screen.words
    changes.append(end_s)
    return max(after - at for at, after in pairwise(changes))


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, without case and punctuation."""
    return tuple(re.findall(r"[\w'’-]+", text.casefold()))


def _places(speaker: Speaker, transcript: Sequence[str]) -> list[int | None]:
    """Return how many words the transcript has up to the end of each sentence; None where it has too few of them."""
    spoken = [words_of(sentence.text) for sentence in speaker.sentences]
    ends = list(accumulate(len(words) for words in spoken))
    if not transcript:
        return [None] * len(ends)
    reference = " ".join(word for words in spoken for word in words)
    [chunks] = jiwer.process_words(reference, " ".join(transcript)).alignments
    place, recognized = [0] * (ends[-1] + 1), [False] * ends[-1]
    for chunk in chunks:
        for i in range(chunk.ref_start_idx, chunk.ref_end_idx):
            deleted = chunk.type == "delete"
            place[i + 1] = chunk.hyp_start_idx if deleted else chunk.hyp_start_idx + i - chunk.ref_start_idx + 1
            recognized[i] = not deleted
    starts = [0, *ends[:-1]]
    return [
        place[end] if sum(recognized[start:end]) >= MIN_RECOGNIZED * (end - start) else None
        for start, end in zip(starts, ends, strict=True)
    ]


def _common_prefix(a: Sequence[str], b: Sequence[str]) -> int:
    same = 0
    while same < min(len(a), len(b)) and a[same] == b[same]:
        same += 1
    return same
