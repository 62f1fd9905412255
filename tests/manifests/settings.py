"""Which variables our code reads, from the classes that read them."""

import re
from collections.abc import Iterable

from carabin.exporter.settings import ExporterSettings
from carabin.registry.settings import StoreSettings
from carabin.service.settings import settings_table
from carabin.trainer.settings import TrainerSettings
from carabin.transcriber.settings.model import TranscriberSettings
from carabin.transcriber.settings.server import ServerSettings
from carabin.transcriber.settings.web import WebSettings

CLASSES = (StoreSettings, TranscriberSettings, ServerSettings, WebSettings, ExporterSettings, TrainerSettings)
KNOWN = {row.variable for settings in CLASSES for row in settings_table(settings)} | {
    # The registry's own, and the one that `carabin models` takes its --model from.
    "CARABIN_DATA_DIR",
    "CARABIN_MODEL",
}
_OURS = re.compile(r"(?:(?:EXPORTER|PROMOTER|TRAINER|TRANSCRIBER)_(?=CARABIN_STORE_))?(CARABIN_.+)")


def unknown(variables: Iterable[str]) -> set[str]:
    """Return those of our variables that no settings class reads: a misspelt one would be ignored in silence."""
    ours = {match[1] for name in variables if (match := _OURS.fullmatch(name))}
    return ours - KNOWN
