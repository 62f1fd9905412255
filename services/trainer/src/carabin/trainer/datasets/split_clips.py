"""The split of each accepted clip: as its source says, or drawn."""

from collections.abc import Sequence

from .duplicates import AudioFingerprint
from .splits import Shares, assign


def split_clips(clips: Sequence[AudioFingerprint], shares: Shares) -> tuple[list[str], bool]:
    """Return each clip's split: the source's own where it has one; validation is then drawn from its training part."""
    if not any(clip.split for clip in clips):
        assignment = assign(
            [(clip.text, clip.speaker) for clip in clips], shares, together=[clip.recording for clip in clips]
        )
        return list(assignment.splits), assignment.speakers_disjoint
    if any(clip.split == "validation" for clip in clips):
        return [clip.split or "train" for clip in clips], False
    learnt = [clip for clip in clips if clip.split != "test"]
    within = {"train": shares["train"], "validation": shares["validation"]}
    total = sum(within.values())
    within = {split: share / total for split, share in within.items()}
    names = [clip.recording for clip in learnt]
    drawn = iter(assign([(clip.text, None) for clip in learnt], within, together=names).splits)
    return ["test" if clip.split == "test" else next(drawn) for clip in clips], False
