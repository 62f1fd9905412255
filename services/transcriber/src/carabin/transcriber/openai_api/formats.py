"""A transcript in the forms of OpenAI's transcription API: pure."""

import json
import math
from collections.abc import Sequence
from typing import Any, Final

from ..core import events

FORMATS: Final = ("json", "text", "srt", "vtt", "verbose_json")


def full_text(finals: Sequence[events.Final]) -> str:
    """Return all that was said, without the leading space."""
    return "".join(final.text for final in finals).strip()


def srt(finals: Sequence[events.Final]) -> str:
    """Return SubRip: numbered cues, times with a comma."""
    cues = (
        f"{n}\n{_clock(final.start_s, ',')} --> {_clock(final.end_s, ',')}\n{final.text.strip()}\n"
        for n, final in enumerate(finals, 1)
    )
    return "\n".join(cues)


def vtt(finals: Sequence[events.Final]) -> str:
    """Return WebVTT."""
    cues = (f"{_clock(final.start_s, '.')} --> {_clock(final.end_s, '.')}\n{final.text.strip()}\n" for final in finals)
    return "WEBVTT\n\n" + "\n".join(cues)


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


def _clock(time_s: float, mark: str) -> str:
    total_ms = round(time_s * 1000)
    hours, rest = divmod(total_ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"
