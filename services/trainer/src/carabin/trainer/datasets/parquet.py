"""A dataset folder on disk: one Parquet file a split, through `datasets`, so that any tool of the field reads it."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from carabin.service.shortage import translate_shortage

from ..data.audio import RATE_HZ, encode_flac, sha256
from ..data.dictations import SPLITS
from ..data.index import write_index
from ..errors import DatasetInvalid

ROWS_A_GROUP: Final = 64
"""Row group size: reading one dictation decodes no more than this many compressed sounds (some 5 MB)."""


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A recording as it is stored; `audio` is a FLAC file."""

    audio: bytes
    sentence: str
    speaker: str | None
    duration_s: float
    sha256: str
    source: str

    @classmethod
    def of(cls, samples: npt.NDArray[np.float32], sentence: str, speaker: str | None, source: str) -> "DatasetRow":
        """Encode (n,) samples at 16 kHz."""
        data = encode_flac(samples)
        return cls(data, sentence, speaker, round(len(samples) / RATE_HZ, 4), sha256(data), source)


@dataclass(frozen=True, slots=True)
class SplitSize:
    """How much a split holds."""

    dictations: int
    duration_s: float


def write_dataset(folder: Path, splits: Mapping[str, Iterable[DatasetRow]]) -> dict[str, SplitSize]:
    """Write `data/<split>.parquet` and the index under the new folder `folder`; nothing stays when something fails.

    Raises:
        DatasetInvalid: the folder exists, a split has no dictation, or the disk is full.
        ResourcesExhausted: memory or threads are short.
    """
    if folder.exists():
        raise DatasetInvalid(f"{folder} exists already: name a new folder")
    try:
        with translate_shortage(folder):
            (folder / "data").mkdir(parents=True)
            sizes = {split: _write_split(folder, split, splits[split]) for split in SPLITS}
            write_index(folder)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise DatasetInvalid(f"{folder}: it cannot be written: {error.strerror or error}") from error
        raise
    return sizes


def _write_split(folder: Path, split: str, rows: Iterable[DatasetRow]) -> SplitSize:
    """Stream the rows into the file, one group at a time: a hospital's year of dictations need not fit in memory."""
    count, duration_s, schema = 0, 0.0, _schema()
    with pq.ParquetWriter(folder / "data" / f"{split}.parquet", schema, compression="zstd") as writer:
        for group in _batched(rows, ROWS_A_GROUP):
            records = [_record(split, count + place, row) for place, row in enumerate(group)]
            writer.write_table(pa.Table.from_pylist(records, schema=schema))
            count, duration_s = count + len(group), duration_s + sum(row.duration_s for row in group)
    if not count:
        raise DatasetInvalid(f"the {split} split would be empty: give more dictations")
    return SplitSize(count, round(duration_s, 3))


def _batched(rows: Iterable[DatasetRow], size: int) -> Iterator[list[DatasetRow]]:
    rows = iter(rows)
    while group := list(islice(rows, size)):
        yield group


def _record(split: str, number: int, row: DatasetRow) -> dict[str, Any]:
    return {
        "audio": {"bytes": row.audio, "path": f"{split}-{number:06d}.flac"},
        "sentence": row.sentence,
        "speaker": row.speaker,
        "duration_s": row.duration_s,
        "sha256": row.sha256,
        "source": row.source,
    }


def _schema() -> pa.Schema:
    """Return the columns with the `datasets` features in their metadata, so that the library sees an Audio column."""
    from datasets import Audio, Features, Value  # seconds to import, and only writers need it

    text = Value("string")
    features = Features(
        {
            "audio": Audio(sampling_rate=RATE_HZ, decode=False),
            "sentence": text,
            "speaker": text,
            "duration_s": Value("float64"),
            "sha256": text,
            "source": text,
        }
    )
    return features.arrow_schema
