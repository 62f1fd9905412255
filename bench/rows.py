"""What benches have in common: the options of those that grow one size, and rows for people or for machines."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


def size_arguments(description: str | None, sizes: str, *, option: str = "--sizes") -> argparse.Namespace:
    """Parse OPTION (sizes, separated by commas; `sizes` by default), --work and --json."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(option, default=sizes, help="separated by commas; default: %(default)s")
    parser.add_argument("--work", type=Path, help="folder for all that is made; default: the system's")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser.parse_args()


def show_row(row: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print one row at once: `row` as JSON, or `text`."""
    sys.stdout.write((json.dumps(row) if as_json else text) + "\n")
    sys.stdout.flush()


def table(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table, its last line ended."""
    head = "| " + " | ".join(columns) + " |\n|" + "---|" * len(columns) + "\n"
    return head + "".join("| " + " | ".join(row) + " |\n" for row in rows)
