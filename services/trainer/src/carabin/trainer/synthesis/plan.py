"""Speaks sentences into a dataset: several synthetic speakers, splits disjoint by sentence, one for tests only."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..data.dictations import SPLITS
from ..datasets.parquet import DatasetRow, SplitSize, write_dataset
from ..datasets.splits import SHARES, Shares, split_by_sentence
from .engines import SpeechEngine
from .spoken_text import spoken
from .voices import HELD_OUT, SPEAKERS, Speaker

TAKES: Final = 2
"""Speakers that read each training sentence: a second voice helps more than a second sentence costs."""

Progress = Callable[[int, int], None]
"""Called with the clips spoken so far and the clips planned."""


@dataclass(frozen=True, slots=True)
class Take:
    """One sentence to be read by one speaker."""

    sentence: str
    speaker: Speaker
    split: str


def plan(
    sentences: Sequence[str],
    *,
    takes: int = TAKES,
    shares: Shares = SHARES,
    speakers: Sequence[Speaker] = SPEAKERS,
    held_out: Speaker = HELD_OUT,
) -> list[Take]:
    """Return who reads what: training sentences by `takes` speakers in turn, the others once.

    Test sentences are read in turn by the known speakers and, every second one, by `held_out`.
    """
    planned: list[Take] = []
    counts = dict.fromkeys(SPLITS, 0)
    for sentence in sentences:
        split = split_by_sentence(sentence, shares)
        number = counts[split]
        counts[split] += 1
        if split == "test" and number % 2:
            planned.append(Take(sentence, held_out, split))
            continue
        readers = min(takes, len(speakers)) if split == "train" else 1
        start = number * readers if split == "train" else number // 2 if split == "test" else number
        planned += [Take(sentence, speakers[(start + step) % len(speakers)], split) for step in range(readers)]
    return planned


def synthesize(
    takes: Sequence[Take], engine: SpeechEngine, folder: Path, *, progress: Progress | None = None
) -> dict[str, SplitSize]:
    """Speak `takes` into the dataset folder `folder`; nothing of it stays when something fails.

    Raises:
        SynthesisFailed: the engine gave no sound for a sentence, which is named.
        DatasetInvalid: `folder` exists, or a split would be empty.
    """
    done = iter(range(1, len(takes) + 1))

    def rows(split: str) -> Iterator[DatasetRow]:
        for take in takes:
            if take.split != split:
                continue
            samples = engine.speak(spoken(take.sentence), take.speaker)
            speaker = f"{engine.name}:{take.speaker.name}"
            yield DatasetRow.of(samples, take.sentence, speaker, source=speaker)
            if progress:
                progress(next(done), len(takes))

    return write_dataset(folder, {split: rows(split) for split in SPLITS})
