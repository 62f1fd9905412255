"""`--set NAME=VALUE`: any setting of the trainer on the command line."""

import json
from collections.abc import Container
from pathlib import Path
from typing import Any

import typer


def setting_pairs(texts: list[str], known: Container[str]) -> list[tuple[str, str]]:
    """Return (name, text) of each NAME=VALUE.

    Raises:
        typer.BadParameter: one is no such pair, or its name is not in `known`.
    """
    pairs = [text.partition("=") for text in texts]
    for name, equals, _ in pairs:
        if not equals or name not in known:
            raise typer.BadParameter(f"{name!r} is no NAME=VALUE of a setting", param_hint="--set")
    return [(name, value) for name, _, value in pairs]


def parse_settings(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Read values as JSON where they are, else as text: `interpolation_weights=[1,0.5]`, `precision=fp32`."""
    values: dict[str, Any] = {}
    for name, text in pairs:
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = Path(text) if name == "work_dir" else text
    return values
