"""`carabin settings`: every setting of a service, documented once, in its class."""

import dataclasses
import importlib
import sys
from enum import StrEnum
from typing import Annotated, Final

import typer
from carabin.cli.output import write_json
from carabin.registry.errors import CarabinError
from carabin.service.settings import settings_table
from pydantic_settings import BaseSettings
from rich import box
from rich.console import Console
from rich.table import Table

app = typer.Typer(
    help="Print every setting of a service, with its meaning.",
    context_settings={"help_option_names": ["--help", "-h"]},
    add_completion=False,
    pretty_exceptions_enable=False,
)


class NotInstalled(CarabinError):
    """A part of Carabin is not on this machine."""


class SettingsGroup(StrEnum):
    """Whoever has settings."""

    TRAINER = "trainer"
    EXPORTER = "exporter"
    TRANSCRIBER = "transcriber"
    STORE = "store"


CLASSES: Final = {
    SettingsGroup.TRAINER: (("carabin.trainer.settings", "TrainerSettings"),),
    SettingsGroup.EXPORTER: (
        ("carabin.exporter.settings", "ExporterSettings"),
        ("carabin.registry.settings", "SigningSettings"),
    ),
    SettingsGroup.TRANSCRIBER: (
        ("carabin.transcriber.settings.model", "TranscriberSettings"),
        ("carabin.transcriber.settings.server", "ServerSettings"),
        ("carabin.transcriber.settings.web", "WebSettings"),
    ),
    SettingsGroup.STORE: (("carabin.registry.settings", "StoreSettings"),),
}
"""Where each part keeps its settings; a setting that two classes share is printed once."""


@app.command(epilog="Example: carabin settings transcriber --json")
def settings(
    service: Annotated[
        SettingsGroup, typer.Argument(help="trainer, exporter, transcriber, or the store that all of them use.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print for machines.")] = False,
) -> None:
    """Print each setting's variable, type, default and meaning."""
    rows = list({row.variable: row for one in settings_classes(service) for row in settings_table(one)}.values())
    if as_json:
        write_json([dataclasses.asdict(row) for row in rows], indent=2)
        return
    table = Table(box=box.SIMPLE)
    for column in ("variable", "type", "default", "meaning"):
        table.add_column(column, overflow="fold", no_wrap=column == "variable")
    for row in rows:
        table.add_row(row.variable, row.type, row.default, row.description)
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160).print(table, markup=False)


def settings_classes(part: SettingsGroup) -> list[type[BaseSettings]]:
    """Import one part's settings, and nothing else of it.

    Raises:
        NotInstalled: this machine does not have that part.
    """
    try:
        return [getattr(importlib.import_module(module), name) for module, name in CLASSES[part]]
    except ModuleNotFoundError as error:
        raise NotInstalled(
            f"the settings of the {part} need the package {error.name}, which is not installed here"
        ) from error
