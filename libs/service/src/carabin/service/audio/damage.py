"""What of a recording is lost: one judgement for uploads, dictated files and datasets. Pure."""

from dataclasses import dataclass
from typing import Final, Literal

from .recording import Recording

CUT_OFF_SHARE, CUT_OFF_S = 0.02, 0.25
"""A file that holds so much less than its header promises was cut off; encoders pad by less (AAC and MP3: 0.1 s)."""
MAX_NAMED: Final = 10
"""Gaps that are named one by one: a file with more is a broken transfer, and its first gaps show where."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One fault; `sentence` is a verb phrase about the recording, with its seconds."""

    kind: Literal["gap", "cut-off"]
    sentence: str


def damage_of(recording: Recording) -> list[Damage]:
    """Return what could not be decoded of a recording whose last block was read, in the order of its time."""
    found = [
        Damage("gap", f"is damaged from {start:.2f} s to {end:.2f} s: {end - start:.2f} s cannot be decoded")
        for start, end in recording.gaps[:MAX_NAMED]
    ]
    if more := recording.gaps[MAX_NAMED:]:
        lost_s = sum(end - start for start, end in more)
        found.append(Damage("gap", f"is damaged at {len(more)} more places: {lost_s:.2f} s cannot be decoded"))
    promised_s, held_s = recording.promised_s, recording.sound_end_s
    if promised_s is not None and promised_s - held_s > max(CUT_OFF_S, CUT_OFF_SHARE * promised_s):
        sentence = f"was cut off: its header promises {promised_s:.2f} s and the file holds {held_s:.2f} s"
        found.append(Damage("cut-off", sentence))
    return found
