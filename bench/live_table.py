"""The tables of bench/live.py: one of times and words as servers cut them, one by the speakers' own sentences."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from rows import table

Row = Mapping[str, Any]
Cell = Callable[[Row], str]


def _pair(name: str) -> Cell:
    return lambda row: f"{row[f'{name}_p50_s']:.2f} / {row[f'{name}_p95_s']:.2f} s"


def _health(row: Row) -> str:
    answers_s = row["health_s"]
    return f"{1000 * median(answers_s):.0f} / {1000 * max(answers_s):.0f} ms" if answers_s else "–"


def _word_errors(row: Row) -> str:
    streamed = f"{100 * row['word_error_rate']:.1f} %"
    return f"{streamed}; offline {100 * row['offline_wer']:.1f} %" if "offline_wer" in row else streamed


_WHOSE: dict[str, Cell] = {
    "speech": lambda row: row["scenario"],
    "server": lambda row: row["server"],
    "N": lambda row: str(row["clients"]),
}
TABLES: tuple[dict[str, Cell], ...] = (
    _WHOSE
    | {
        "first text p50/p95": _pair("first_partial"),
        "final p50/p95": _pair("final"),
        "segment's final p50/p95": _pair("segment"),
        "never final": lambda row: f"{row['never_final']} of {row['sentences']}",
        "words lost": lambda row: f"{row['words_lost']} of {row['words']}",
        "WER": _word_errors,
        "CPU s/audio s": lambda row: f"{row['cpu_per_audio_s']:.2f}",
        "peak MB": lambda row: f"{row['peak_mb']:.0f}",
        "health p50/max": _health,
    },
    _WHOSE
    | {
        "spoken sentence shown p50/p95": _pair("shown"),
        "spoken sentence final p50/p95": _pair("sentence_final"),
        "screen still": lambda row: f"{row['still_s']:.1f} s" if row["scenario"] == "continuous" else "–",
        "erased/100": lambda row: f"{row['erased_per_100']:.0f}",
        "revised/100 by partials": lambda row: f"{row['revised_in_partials_per_100']:.0f}",
        "by finals": lambda row: f"{row['revised_by_finals_per_100']:.0f}",
    },
)


def print_rows(rows: Sequence[Row], *, as_json: bool) -> None:
    """Print what was measured, for people or for machines."""
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    for columns in TABLES:
        sys.stdout.write(table(tuple(columns), ([cell(row) for cell in columns.values()] for row in rows)) + "\n")
