"""The texts of a dataset in one small file beside its splits: what is in it is shown without fetching its sounds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from carabin.service.shortage import translate_shortage

from ..errors import DatasetInvalid
from .dictations import SPLITS, TEXT_COLUMNS, SplitTexts, load_split

INDEX_FILE: Final = "index.parquet"
"""All columns but the sounds, and `split`; outside of data/, where `datasets` takes every file for a split."""


def write_index(folder: Path) -> Path:
    """Write the index of a dataset folder whose splits are written, one split in memory at a time."""
    file, writer = folder / INDEX_FILE, None
    try:
        for split in SPLITS:
            texts = _read_columns(folder / "data" / f"{split}.parquet", TEXT_COLUMNS)
            table = texts.replace_schema_metadata(None).append_column("split", pa.array([split] * len(texts)))
            writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
    return file


def read_index(file: Path) -> dict[str, SplitTexts]:
    """Return what an index says of each split.

    Raises:
        DatasetInvalid: it is no index of ours.
        ResourcesExhausted: memory or threads are short; the file may be sound.
    """
    try:
        with translate_shortage(file):
            rows: list[dict[str, Any]] = _read_columns(file, [*TEXT_COLUMNS, "split"]).to_pylist()
        by_split: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
        for row in rows:
            by_split[row.pop("split")].append(row)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DatasetInvalid(f"{file}: not the index of a dataset: {error}") from error
    return {split: SplitTexts(rows) for split, rows in by_split.items()}


def read_texts(folder: Path) -> dict[str, SplitTexts]:
    """Return the texts of each split of a folder: of its splits where they are there, else of its index.

    Raises:
        DatasetInvalid: a split is missing, or is not one of ours.
    """
    if (folder / INDEX_FILE).is_file() and not (folder / "data").exists():
        return read_index(folder / INDEX_FILE)
    return {split: load_split(folder, split) for split in SPLITS}


def _read_columns(file: Path, columns: Sequence[str]) -> pa.Table:
    """Return columns of a Parquet file; `pq.read_table` waits for ever where pyarrow 26 gets no thread."""
    with pq.ParquetFile(file) as opened:
        return opened.read(list(columns))
