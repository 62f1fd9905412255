"""The dictations of a dataset folder, decoded when they are asked for."""

import bisect
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
from carabin.service.shortage import translate_shortage

from ..errors import DatasetInvalid
from .audio import decode

SPLITS: Final = ("train", "validation", "test")
COLUMNS: Final = ("audio", "sentence", "speaker", "duration_s", "sha256", "source")
TEXT_COLUMNS: Final = COLUMNS[1:]
_GROUPS_KEPT: Final = 4
"""Row groups of audio held at once: a shuffled epoch touches many, memory stays at some 20 MB."""


@dataclass(frozen=True, slots=True)
class Dictation:
    """One recording and its transcript; `audio` is (n,) float32 in [-1, 1] at 16 kHz."""

    audio: npt.NDArray[np.float32]
    sentence: str
    speaker: str | None
    duration_s: float
    sha256: str
    source: str = ""


class SplitTexts:
    """All that is known of the dictations of one split but their sounds.

    Args:
        rows: one mapping of TEXT_COLUMNS for each dictation.
    """

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def same_as(self, other: "SplitTexts") -> bool:
        """Return whether the other one says the same of the same dictations in the same order."""
        return self._rows == other._rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def sentences(self) -> list[str]:
        """The texts, in the order of the dictations."""
        return [row["sentence"] for row in self._rows]

    @property
    def durations_s(self) -> list[float]:
        """The lengths in seconds, in the order of the dictations."""
        return [row["duration_s"] for row in self._rows]

    @property
    def hashes(self) -> list[str]:
        """The SHA-256 of each recording, in the order of the dictations."""
        return [row["sha256"] for row in self._rows]

    @property
    def speakers(self) -> list[str | None]:
        """Who speaks, in the order of the dictations; None where nobody is named."""
        return [row["speaker"] for row in self._rows]

    @property
    def sources(self) -> list[str]:
        """Where each comes from, in the order of the dictations."""
        return [row["source"] for row in self._rows]


class Split(SplitTexts, Sequence[Dictation]):
    """The dictations of one Parquet file; texts and durations are in memory, sounds are read and decoded on access.

    Raises:
        DatasetInvalid: the file, or the dictation that is asked for, cannot be read.
        ResourcesExhausted: memory or threads are short; the file may be sound.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            with translate_shortage(file):
                self._parquet = pq.ParquetFile(file)
                super().__init__(self._parquet.read(list(TEXT_COLUMNS)).to_pylist())
        except (pa.ArrowException, OSError, KeyError) as error:
            raise DatasetInvalid(f"{file}: not a split of a dataset: {error}") from error
        metadata = self._parquet.metadata
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        self._starts = list(accumulate(sizes, initial=0))
        self._groups: OrderedDict[int, list[dict[str, Any]]] = OrderedDict()

    @overload
    def __getitem__(self, index: int) -> Dictation: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Dictation]: ...

    def __getitem__(self, index: int | slice) -> Dictation | Sequence[Dictation]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        with self._reading(place, "decoded"):
            audio = decode(self._sound(place))
        return Dictation(audio=audio, **self._rows[place])

    def sound(self, place: int) -> bytes:
        """Return the stored file of one dictation, undecoded."""
        with self._reading(place, "read"):
            return self._sound(place)

    @contextmanager
    def _reading(self, place: int, wanted: str) -> Iterator[None]:
        where = f"{self._file}: dictation {place} ({self._rows[place]['source']})"
        try:
            with translate_shortage(where):
                yield
        except (soundfile.SoundFileError, pa.ArrowException, OSError) as error:
            raise DatasetInvalid(f"{where} cannot be {wanted}: {error}") from error

    def _sound(self, place: int) -> bytes:
        group = bisect.bisect_right(self._starts, place) - 1
        if group not in self._groups:
            self._groups[group] = self._parquet.read_row_group(group, columns=["audio"]).column("audio").to_pylist()
            if len(self._groups) > _GROUPS_KEPT:
                self._groups.popitem(last=False)
        self._groups.move_to_end(group)
        return bytes(self._groups[group][place - self._starts[group]]["bytes"])


def load_split(dataset_folder: Path, split: str) -> Split:
    """Open one split of a dataset folder (`data/<split>.parquet`).

    Raises:
        DatasetInvalid: the split is not one of SPLITS, its file is missing or it is not one of ours.
        ResourcesExhausted: memory or threads are short.
    """
    if split not in SPLITS:
        raise DatasetInvalid(f"there is no split {split!r}: choose one of {', '.join(SPLITS)}")
    file = dataset_folder / "data" / f"{split}.parquet"
    if not file.is_file():
        raise DatasetInvalid(f"{dataset_folder}: it has no {split} split (data/{split}.parquet is missing)")
    return Split(file)
