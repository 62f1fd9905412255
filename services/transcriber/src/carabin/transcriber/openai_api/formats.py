"""A transcript in the forms of OpenAI's transcription API: pure."""

import json
import math
from collections.abc import Sequence
from typing import Any, Final

from carabin.service.subtitles import Cue, subrip, webvtt

from ..core import events

FORMATS: Final = ("json", "text", "srt", "vtt", "verbose_json")


def full_text(finals: Sequence[events.Final]) -> str:
    """Return all that was said, without the leading space."""
    return "".join(final.text for final in finals).strip()


def srt(finals: Sequence[events.Final]) -> str:
    """Return SubRip."""
    return subrip(_cues(finals))


def vtt(finals: Sequence[events.Final]) -> str:
    """Return WebVTT."""
    return webvtt(_cues(finals))


def verbose(finals: Sequence[events.Final], duration_s: float, task: str, *, words: bool) -> dict[str, Any]:
    """Return OpenAI's `verbose_json`, with our `model_version` in each segment."""
    body: dict[str, Any] = {
        "task": task,
        "language": finals[0].language if finals else None,
        "duration": round(duration_s, 3),
        "text": full_text(finals),
        "segments": [_segment(final) for final in finals],
    }
    if words:
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
        "start": round(final.start_s, 3),
        "end": round(final.end_s, 3),
        "text": final.text,
        "avg_logprob": round(math.log(max(final.confidence, 1e-9)), 4),
        "model_version": final.model_version,
    }


def _cues(finals: Sequence[events.Final]) -> list[Cue]:
    return [Cue(final.start_s, final.end_s, final.text) for final in finals]
