"""Judges a report: readable text that somebody dictated, and short enough for Whisper's decoder."""

import codecs
import re
from functools import cache
from pathlib import Path
from typing import Final

from carabin.service.shortage import translate_shortage
from tokenizers import Tokenizer

from ..models.embedded import embedded_parts
from ..text.normalize import normalize
from .markup import find_markup
from .mend import mend, unmendable
from .report import GateReport
from .rtf import NotShown, rtf_text

MAX_TOKENS: Final = 448
"""Whisper's decoder positions (`max_target_positions` of every size)."""

PROMPT_TOKENS: Final = 5
"""<|startoftranscript|><|fr|><|transcribe|><|notimestamps|> before the text and <|endoftext|> after."""

MIN_WORDS_A_SECOND, MIN_JUDGED_S = 0.2, 5.0
"""Slower than any dictation with its pauses, over more than a sentence's length."""
MAX_WORDS_A_SECOND: Final = 6.0
"""Twice the fastest dictation: more text than that was not spoken in this recording."""


@cache
def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(embedded_parts()["tokenizer.json"][0]))
    tokenizer.encode_special_tokens = True  # control tokens in a report are text
    return tokenizer


def count_tokens(text: str) -> int:
    """Return the label's length as the decoder sees it, its prompt and end included (multilingual vocabulary)."""
    return len(_tokenizer().encode(" " + text, add_special_tokens=False).ids) + PROMPT_TOKENS


def read_report(file: Path, report: GateReport) -> str | None:
    """Return a report's text on one line, or None when it is refused."""
    text = decode_report(file, report)
    return None if text is None else judge_text(text, file, report)


def decode_report(file: Path, report: GateReport) -> str | None:
    """Return the text of a text or RTF file as it stands there, or None when it cannot be read."""
    try:
        with translate_shortage(file):
            data = file.read_bytes()
    except OSError as error:
        report.add(file, "text-missing", "refused", f"cannot be read: {error.strerror}")
        return None
    is_rtf = data.lstrip().startswith(b"{\\rtf")
    encoding = "UTF-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "UTF-8"
    try:
        text = rtf_text(data) if is_rtf else data.decode("utf-16" if encoding == "UTF-16" else "utf-8-sig")
    except NotShown as error:
        report.add(file, "text-not-shown", "refused", str(error))
        return None
    except (ValueError, OverflowError) as error:
        reason = "is RTF that cannot be read: export it as text (UTF-8)"
        if isinstance(error, UnicodeDecodeError) and not is_rtf:
            reason = f"is not {encoding}: byte {error.start} is 0x{error.object[error.start]:02x}: save it as UTF-8"
        report.add(file, "text-encoding", "refused", reason)
        return None
    if is_rtf:
        report.add(file, "text-rtf", "changed", "is RTF: its text is taken")
    return text


def judge_text(text: str, where: Path | str, report: GateReport) -> str | None:
    """Return `text` mended and with its white space folded, or None when it is no transcript; changes are reported."""
    text, changes = mend(text)
    if reason := find_markup(text):
        report.add(where, "text-markup", "refused", reason)
        return None
    text = re.sub(r"\s+", " ", text).strip()
    if reason := unmendable(text):
        report.add(where, "text-damaged", "refused", reason)
        return None
    if changes:
        report.add(where, "text-mended", "changed", f"had {', '.join(changes)}: mended")
    if not normalize(text):
        report.add(where, "text-empty", "refused", "is empty: it has no words")
        return None
    return text


def judge_length(text: str, duration_s: float, where: Path | str, report: GateReport) -> bool:
    """Return whether `text` fits one window of the decoder and into `duration_s` of speech."""
    tokens = count_tokens(text)
    if tokens > MAX_TOKENS:
        report.add(where, "text-long", "refused", f"has {tokens} tokens: Whisper's labels hold {MAX_TOKENS}")
        return False
    words = len(normalize(text).split())
    if words > MAX_WORDS_A_SECOND * duration_s + 1:
        reason = f"has {words} words for {duration_s:.1f} s of audio: they do not belong together"
        report.add(where, "text-audio-mismatch", "refused", reason)
        return False
    if duration_s > MIN_JUDGED_S and words < MIN_WORDS_A_SECOND * duration_s:
        counted = f"{words} word{'s' if words > 1 else ''}"
        report.add(
            where, "text-short", "noted", f"has {counted} for {duration_s:.1f} s of audio: is it all that was said?"
        )
    return True
