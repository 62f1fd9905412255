"""The one table of bench/gpu.sh, from what its steps left in a folder.

    python bench/gpu_table.py OUT                     # Markdown
    python bench/gpu_table.py OUT --batch-ms large-v3 # what its largest batch of 10 s windows takes, in ms

Exits with 1 where a step failed; the table names it.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rows import table

ASSUMED_BATCH_MS = 60.0
"""Where the device was not measured, as bench/capacity.py assumes."""
LIVE_WINDOW_S = 10.0

Lines = Iterator[tuple[str, str]]


def main() -> None:
    arguments = _parse()
    if arguments.batch_ms:
        sys.stdout.write(f"{batch_ms(arguments.out, arguments.batch_ms):.0f}\n")
        return
    steps = [line.split("\t") for line in (arguments.out / "steps.tsv").read_text().splitlines()]
    rows = []
    for name, code, seconds in steps:
        try:
            rows += list(TABLES[name](read(arguments.out, name)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            rows.append((name, f"no figure: {type(error).__name__}"))
        rows.append((f"{name}: the step", f"{seconds} s{'' if code == '0' else f', FAILED with {code}'}"))
    sys.stdout.write(f"{(arguments.out / 'gpu.txt').read_text().strip()}\n\n{table(('what', 'figure'), rows)}")
    if any(code != "0" for _, code, _ in steps):
        raise SystemExit(1)


def read(out: Path, name: str) -> Any:
    """Return what a step printed: one JSON document, or one a line."""
    text = (out / f"{name}.json").read_text()
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line]


def batch_ms(out: Path, size: str) -> float:
    """Return what the largest batch of 10 s windows takes."""
    try:
        rows = [row for row in read(out, "device") if row["size"] == size and row["window_s"] == LIVE_WINDOW_S]
        return float(max(rows, key=lambda row: row["batch"])["batch_ms"])
    except (OSError, ValueError, KeyError):
        return ASSUMED_BATCH_MS


def _doctor(report: Any) -> Lines:
    for check in report:
        yield f"doctor: {check['name']}", f"{check['status']}: {check['sentence']}"


def _device(rows: Any) -> Lines:
    for row in rows:
        what = f"{row['size']} {row['compute_type']}, {row['batch']} of {row['window_s']:g} s"
        yield what, f"encoder {row['encode_ms']:.1f} ms, decoder {row['decode_ms']:.1f} ms"
    for size, load_s in {row["size"]: row["load_s"] for row in rows}.items():
        yield f"{size}: load", f"{load_s:.1f} s"


def _live(rows: Any) -> Lines:
    for row in rows:
        shown, final = (
            f"{row[f'{kind}_p50_s']:.2f} / {row[f'{kind}_p95_s']:.2f} s" for kind in ("shown", "sentence_final")
        )
        cost = f"CPU {row['cpu_per_audio_s']:.2f} s a second, {row['peak_mb']:.0f} MB"
        yield f"{row['clients']} speakers, {row['scenario']}", f"sentence shown {shown}, final {final}, {cost}"


def _capacity(rows: Any) -> Lines:
    for row in rows:
        figures = f"final {row['final_p50_s']:.2f} / {row['final_p95_s']:.2f} s, {row['cores']:.2f} cores"
        yield f"{row['speakers']} speakers on the device as measured", figures


def _swap(row: Any) -> Lines:
    yield (
        f"{row['done']} changes of the model",
        f"{row['lost_sentences']} sentences lost, {row['repeated_sentences']} twice, slowest {row['slowest_s']:.1f} s",
    )


def _train(told: Any) -> Lines:
    for cost in told["costs"] if isinstance(told, dict) else told:
        rate = cost["samples"] / cost["wall_s"]
        yield (
            f"training, {cost['recipe']}, {cost['precision']}",
            f"{rate:.1f} samples/s, {cost['peak_rss_mb']:.0f} MB, GPU {cost['gpu_mb']:.0f} MB",
        )


def _export(rows: Any) -> Lines:
    for row in rows if isinstance(rows, list) else [rows]:
        ours, plain = row["ours"], row["plain"]
        figures = f"{ours['wall_s']:.1f} s, {ours['peak_mb']:.0f} MB; plain {plain['wall_s']:.1f} s"
        yield f"export of {row['size']} to {row['forms']}", figures


TABLES: dict[str, Callable[[Any], Lines]] = {
    "doctor": _doctor,
    "device": _device,
    "live": _live,
    "capacity": _capacity,
    "swap": _swap,
    "train": _train,
    "export": _export,
}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder that bench/gpu.sh filled")
    parser.add_argument("--batch-ms", metavar="SIZE", help="print only what a batch takes this model")
    return parser.parse_args()


if __name__ == "__main__":
    main()
