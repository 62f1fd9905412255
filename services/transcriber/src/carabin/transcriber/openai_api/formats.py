"""A transcript in the forms of OpenAI's transcription API: pure."""

import json
import math
from collections.abc import Sequence
from typing import Any, Final

from carabin.registry.serving_window import FRAMES_PER_S, compression_ratio
from carabin.service.subtitles import Cue, subrip, webvtt

from ..core import events
from ..core.config import SessionConfig

FORMATS: Final = ("json", "text", "srt", "vtt", "verbose_json")
ABBREVIATIONS: Final = frozenset({"m.", "mm.", "dr.", "pr.", "st.", "ste.", "cf.", "ex.", "p.", "n.", "vs.", "env."})
"""Words with a full stop that end no sentence, in French dictations and reports."""
STOPS: Final = frozenset(".!?…")
QUOTES: Final = frozenset("»\")’'”")
CLOSING: Final = STOPS | QUOTES
"""Marks that belong to the sentence before them, also where French puts a space between."""
UNDETERMINED: Final = "und"
"""BCP 47's code, where no language was given and nothing was said."""


def full_text(finals: Sequence[events.Final]) -> str:
    """Return all that was said, without the leading space."""
    return "".join(final.text for final in finals).strip()


def srt(finals: Sequence[events.Final]) -> str:
    """Return SubRip."""
    return subrip(_cues(finals))


def vtt(finals: Sequence[events.Final]) -> str:
    """Return WebVTT."""
    return webvtt(_cues(finals))


def verbose(finals: Sequence[events.Final], duration_s: float, config: SessionConfig) -> dict[str, Any]:
    """Return OpenAI's `verbose_json`, with our `model_version`, and `lexicon` where it has entries, in each segment."""
    body: dict[str, Any] = {
        "task": config.task,
        "language": _language(finals, config),
        "duration": round(duration_s, 3),
        "text": full_text(finals),
        "segments": [_segment(final) for final in finals],
        "usage": {"type": "duration", "seconds": math.ceil(duration_s)},
    }
    if config.word_timestamps:
        body["words"] = [
            {"word": word.text.strip(), "start": round(word.start_s, 3), "end": round(word.end_s, 3)}
            for final in finals
            for word in final.words
        ]
    return body


def sse(event: dict[str, Any]) -> str:
    """Return one server-sent event."""
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n"


def _segment(final: events.Final) -> dict[str, Any]:
    return {
        "id": final.utterance,
        "seek": int(final.start_s * FRAMES_PER_S),  # OpenAI counts it in frames of the spectrogram
        "start": round(final.start_s, 3),
        "end": round(final.end_s, 3),
        "text": final.text,
        "tokens": list(final.tokens),
        "temperature": 0.0,
        "avg_logprob": round(math.log(max(final.confidence, 1e-9)), 4),
        "compression_ratio": round(compression_ratio(final.text), 4),
        "no_speech_prob": round(final.no_speech_prob, 4),
        "model_version": final.model_version,
        **({"lexicon": list(final.lexicon)} if final.lexicon else {}),
    }


def _language(finals: Sequence[events.Final], config: SessionConfig) -> str:
    """Return the code of the language that the text is in."""
    if config.task == "translate":
        return "en"
    return finals[0].language if finals else config.language or UNDETERMINED


def _cues(finals: Sequence[events.Final]) -> list[Cue]:
    return [cue for final in finals for cue in _sentences(final)]


def _sentences(final: events.Final) -> list[Cue]:
    """Return a cue for each sentence, by the times of its words; the whole utterance where there are none."""
    sentences: list[list[events.Word]] = [[]]
    for word in final.words:
        if len(sentences) > 1 and not sentences[-1] and set(word.text.strip()) <= CLOSING:
            sentences[-2].append(word)
            continue
        sentences[-1].append(word)
        if _ends_sentence(word.text):
            sentences.append([])
    spoken = [words for words in sentences if "".join(word.text for word in words).strip()]
    if len(spoken) < 2 or "".join(word.text for word in final.words) != final.text:
        return [Cue(final.start_s, final.end_s, final.text)]
    starts = [final.start_s, *(words[0].start_s for words in spoken[1:])]
    ends = [*(words[-1].end_s for words in spoken[:-1]), final.end_s]
    texts = ["".join(word.text for word in words) for words in spoken]
    return [Cue(*cue) for cue in zip(starts, ends, texts, strict=True)]


def _ends_sentence(word: str) -> bool:
    bare = word.strip().rstrip("".join(QUOTES))
    return bare.endswith(tuple(STOPS)) and not bare[:-1].isdigit() and bare.lower() not in ABBREVIATIONS
